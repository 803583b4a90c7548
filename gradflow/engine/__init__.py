"""The backward sweep: step by step, by blocks, by classes of paths; and what is kept of it.

You need not read this to use gradflow: `GradientFlow` asks it. Nothing here is public. It imports
numerics, losses and cells.
"""
