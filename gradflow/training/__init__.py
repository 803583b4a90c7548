"""Training recurrent networks on small tasks, and their gradients on the way.

Batches are carried back in plain float64, as an optimiser takes them; at each checkpoint the flow
of one held-out sequence is measured as everything else is. Public: the names below. NumPy alone.
"""

from gradflow.training.checkpoints import Checkpoint
from gradflow.training.networks import Network
from gradflow.training.run_files import load_run, save_run
from gradflow.training.runs import TrainingRun, train
from gradflow.training.seeds import SeedCurves, over_seeds
from gradflow.training.settings import TrainingSettings
from gradflow.training.stages import Divergence
from gradflow.training.tasks import Task, adding, agreement, recall
from gradflow.training.torch_weights import save_weights

__all__ = [
    "Checkpoint",
    "Divergence",
    "Network",
    "SeedCurves",
    "Task",
    "TrainingRun",
    "TrainingSettings",
    "adding",
    "agreement",
    "load_run",
    "over_seeds",
    "recall",
    "save_run",
    "save_weights",
    "train",
]
