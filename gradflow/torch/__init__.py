"""Watch a network of PyTorch while it is trained: the flow of its recurrent layers, as they stand.

Public: the names below. Needs PyTorch, the extra `torch`; imported when it is asked for.
"""

from gradflow.torch.callbacks import lightning_callback
from gradflow.torch.watched_network import watch
from gradflow.watching import Probe, Watch

__all__ = ["Probe", "Watch", "lightning_callback", "watch"]


def __dir__() -> list[str]:
    return sorted(__all__)
