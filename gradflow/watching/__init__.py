"""What a network shows of its recurrent layers while it is trained elsewhere.

A watch, the measures of its passes, their record, writers, and a process that measures beside the
training. `gradflow.torch` and `gradflow.keras` make the passes. Public: the names below. NumPy
alone.
"""

from gradflow.watching.layer_measures import SCALARS, LayerMeasures
from gradflow.watching.probe_batch import Probe
from gradflow.watching.training_watch import Watch
from gradflow.watching.watch_record import WatchRecord, load_watch
from gradflow.watching.writers import CSVWriter, JSONLinesWriter, TensorBoardWriter, Writer

__all__ = [
    "SCALARS",
    "CSVWriter",
    "JSONLinesWriter",
    "LayerMeasures",
    "Probe",
    "TensorBoardWriter",
    "Watch",
    "WatchRecord",
    "Writer",
    "load_watch",
]
