"""Numbers that do not give out, activations and their slopes, and checks of what is handed in.

Scaled numbers are mantissas with exponents of their own. Knows no cells; imports numpy alone.
"""
