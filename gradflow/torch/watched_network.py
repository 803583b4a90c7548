"""`watch`: the flow of a network's recurrent layers every so many updates of its training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch

from gradflow.numerics.validation import shown
from gradflow.torch.probe_pass import probed_modules
from gradflow.torch.recurrent_parts import parts_of_network
from gradflow.torch.sharded_network import check_sharding, whole_parameters
from gradflow.torch.wrappers import bare_network, is_first_rank
from gradflow.watching import Probe, Watch, Writer
from gradflow.watching.probe_batch import probe_lengths
from gradflow.watching.training_watch import WatchedLayers


def watch(
    model: torch.nn.Module,
    probe: Probe | Callable[[torch.nn.Module], Any],
    every: int = 1000,
    *,
    chunk: int = 20,
    worker: bool = True,
    writers: Sequence[Writer] = (),
) -> Watch:
    """Watch the recurrent layers of a network while it is trained.

    Parameters
    ----------
    model : torch.nn.Module
        A network with an `RNN`, `LSTM` or `GRU` of PyTorch somewhere in it; compiled, or wrapped
        for data parallelism, sharded with `fully_shard`, or plain. The same object that is trained.
    probe : Probe or callable
        A fixed batch and its loss; or a callable from the network to the loss.
    every : int
        Updates from pass to pass. The first pass is made at once.
    chunk : int
        Steps after which training cuts the graph: `share_beyond_chunk` looks beyond them. To layers
        that read in both directions such chunks are separate sequences.
    worker : bool
        Whether a process of its own measures. A pass that comes while it is busy is left out.
    writers : sequence of Writer
        What takes the scalars as they are measured, such as `gradflow.watching.CSVWriter`.

    Returns
    -------
    Watch
        Whose `step()` is called after each update, on every rank where there are several.

    Raises
    ------
    ValueError
        If an argument is not such, or no recurrent module is supported.

    See Also
    --------
    gradflow.from_module : A network as it stands, once.

    Examples
    --------
    >>> import torch
    >>> import gradflow.torch
    >>> lstm = torch.nn.LSTM(3, 5)
    >>> x = torch.ones(20, 2, 3)
    >>> probe = gradflow.torch.Probe((x,), lambda made: made[0][-1].sum())
    >>> with gradflow.torch.watch(lstm, probe, worker=False) as watch:
    ...     watch.step()  # after every update
    ...     watch.record
    WatchRecord(1 layer, 1 pass)
    >>> sorted(watch.log)[1]
    'gradflow/lstm/dc_dc'
    """
    if not isinstance(model, torch.nn.Module):
        raise ValueError(f"model must be a torch.nn.Module. Got {shown(model)}.")
    network = bare_network(model)
    check_sharding(network)
    with whole_parameters(network):
        parts, left_out = parts_of_network(network)
    if not parts:
        reasons = "".join(f" {name}: {why}" for name, why in left_out.items())
        raise ValueError(
            f"model must hold a torch.nn.RNN, LSTM or GRU that is supported. "
            f"Got {type(network).__name__}.{reasons}"
        )
    watched = WatchedLayers(
        tuple(name for part in parts for name in part.layers),
        left_out,
        partial(probed_modules, network, parts, probe, probe_lengths(probe)),
        is_first_rank(),
        partial(whole_parameters, network),
    )
    return Watch(watched, every, chunk, worker, writers)
