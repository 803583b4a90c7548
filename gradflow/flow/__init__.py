"""`gradient_flow` runs a cell on a sequence; `GradientFlow` is the record that all else asks.

Of layers that read in both directions the record is a `BidirectionalFlow`.

Imports the engine, the cells, the losses, and `weights` for `Model`, which it accepts as a cell.
"""

from gradflow.flow.arguments import requires_flow
from gradflow.flow.compute import gradient_flow
from gradflow.flow.record import GradientFlow
from gradflow.flow.record_both_ways import BidirectionalFlow
from gradflow.flow.run_record import RunRecord

__all__ = ["BidirectionalFlow", "GradientFlow", "RunRecord", "gradient_flow", "requires_flow"]
