"""What is wrapped around a network: compiled code, and the ranks of a training on several."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.parallel import DataParallel, DistributedDataParallel


def bare_network(model: torch.nn.Module) -> torch.nn.Module:
    """The network inside what `torch.compile` and data parallelism wrap around it."""
    inner: Any = model
    while True:
        if isinstance(inner, DataParallel | DistributedDataParallel):
            inner = inner.module
        elif hasattr(inner, "_orig_mod"):
            inner = inner._orig_mod
        else:
            return inner


def is_first_rank() -> bool:
    """Whether this is the first of several ranks, or the only one."""
    distributed = torch.distributed
    if not distributed.is_available() or not distributed.is_initialized():
        return True
    return distributed.get_rank() == 0
