"""Numbers that do not give out, activations, what a row of sizes says, and checks of arguments.

Scaled numbers are mantissas with exponents of their own. Knows no cells; imports numpy alone.
"""
