"""Watch a model of Keras 3 while it is trained: the sibling of `gradflow.torch`.

Public: the names below. Needs Keras on PyTorch, the extra `keras-training`; imported when it is
asked for.
"""

from gradflow.keras.callbacks import fit_callback
from gradflow.keras.watched_model import watch
from gradflow.watching import Probe, Watch

__all__ = ["Probe", "Watch", "fit_callback", "watch"]


def __dir__() -> list[str]:
    return sorted(__all__)
