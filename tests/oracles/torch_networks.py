"""Small networks of PyTorch around a recurrent module, and their training."""

import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Classifier(torch.nn.Module):
    """Token ids to two logits, by the last output, the last state, or a mean over packed steps."""

    def __init__(self, kind, D=3, H=5, reads="output", lengths=None, start=None, **options):
        super().__init__()
        self.embedding = torch.nn.Embedding(10, D)
        self.norm = torch.nn.BatchNorm1d(D)
        self.inner = torch.nn.ModuleDict({"rec": kind(D, H, **options)})
        self.dropout = torch.nn.Dropout(0.5)
        width = options.get("proj_size", H)
        self.head = torch.nn.Linear(width * (1 + options.get("bidirectional", False)), 2)
        self.reads, self.lengths, self.start = reads, lengths, start

    def forward(self, ids):
        x = self._inputs(ids)
        module = self.inner["rec"]
        if not module.batch_first:
            x = x.transpose(0, 1)
        if self.lengths is not None:
            x = pack_padded_sequence(x, self.lengths, module.batch_first, enforce_sorted=False)
        made, states = module(x, self.start) if self.start is not None else module(input=x)
        return self._logits(self._read(module, made, states))

    # PyTorch compiles these two; around a recurrent module it compiles nothing.

    def _inputs(self, ids):
        return self.norm(self.embedding(ids).transpose(1, 2)).transpose(1, 2)  # (n, T, D)

    def _logits(self, read):
        return self.head(self.dropout(read))

    def _read(self, module, made, states):
        if self.reads != "output":
            return (states if isinstance(states, torch.Tensor) else states[self.reads == "c"])[-1]
        if self.lengths is not None:
            made = pad_packed_sequence(made, module.batch_first)[0]
        time = 1 if module.batch_first else 0
        # Written over, as networks do to save memory.
        return torch.nn.functional.relu_(made).mean(time)


def batch(n=3, T=12, seed=0):
    """Token ids (n, T), and the class of each: whether the first is even."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 10, (n, T), generator=generator)
    return ids, ids[:, 0] % 2


def loss_of(ids, classes):
    """From what the network makes to its loss."""
    return lambda made: cross_entropy(made, classes)
