"""A training on one of two ranks, with a watch beside it or without: `two_ranks.py RANK FOLDER`.

Writes what the watch had, and whether the weights are those of a training without it.
"""

import json
import sys
from pathlib import Path

import torch
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

import gradflow.torch


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rec = torch.nn.LSTM(3, 4, num_layers=2, batch_first=True)
        self.head = torch.nn.Linear(4, 2)

    def forward(self, x):
        # A copy: sharding wants no view of what a module hands out.
        return self.head(self.rec(x)[0].clone()[:, -1])


def sharded(network):
    fully_shard(network.rec)
    return fully_shard(network)


def trained(wrapped, rank, watched):
    """The whole weights after four updates on this rank's part of the batch, and the watch."""
    torch.manual_seed(0)
    model = wrapped(Network())
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    x = torch.randn(4, 6, 3)
    probe = gradflow.torch.Probe((x[:2],), lambda made: made.square().sum())
    watch = gradflow.torch.watch(model, probe, every=2, worker=False) if watched else None
    for _ in range(4):
        model(x[rank::2]).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        if watch is not None:
            watch.step()
    if watch is not None:
        watch.close()
    weights = [getattr(w, "full_tensor", lambda w=w: w)() for w in model.parameters()]
    return [w.detach().clone() for w in weights], watch


def main(rank, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", f"file://{folder}/ranks", rank=rank, world_size=2)
    torch.distributed.device_mesh.init_device_mesh("cpu", (2,))
    found = {}
    for wrapped in (DistributedDataParallel, sharded):
        alone, _ = trained(wrapped, rank, watched=False)
        beside, watch = trained(wrapped, rank, watched=True)
        found[wrapped.__name__] = {
            "same": all(map(torch.equal, alone, beside)),
            "updates": watch.record.updates.tolist(),
            "log": watch.log,
        }
    torch.distributed.destroy_process_group()
    Path(folder, f"{rank}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
