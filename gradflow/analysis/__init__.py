"""What can be asked of a flow: memory, single paths, factors, unit signals, clipping, checks.

Every module answers one question from a `GradientFlow`. Imports the flow and all below it.
"""
