"""`gradient_flow` runs a cell on a sequence; `GradientFlow` is the record that all else asks.

Imports the engine, the cells, the losses, and `weights` for `Model`, which it accepts as a cell.
"""

from gradflow.flow.arguments import requires_flow
from gradflow.flow.compute import gradient_flow
from gradflow.flow.record import GradientFlow

__all__ = ["GradientFlow", "gradient_flow", "requires_flow"]
