"""The estimate of memory against the peak of runs, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
RUN = """
import pathlib, re, sys
import numpy as np
import gradflow as gf
from gradflow.engine.memory_estimate import needed_bytes

generator = np.random.default_rng(0)
KINDS = {"rnn": (gf.RNN, ()), "lstm": (gf.LSTM, (4,)), "gru": (gf.GRU, (3,))}

def layer(kind, H, D):
    make, gates = KINDS[kind]
    shapes = ((*gates, H, D), (*gates, H, H), (*gates, H))
    return make(*(generator.normal(size=shape) / H for shape in shapes))

def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) * 1024

kinds, H, T = sys.argv[1].split("+"), int(sys.argv[2]), int(sys.argv[3])
layers = [layer(kind, H, H if n else 3) for n, kind in enumerate(kinds)]
cell = layers[0] if len(layers) == 1 else gf.Stack(layers)
x = generator.normal(size=(T, 3))
gf.gradient_flow(gf.RNN(0.5, 0.5), np.ones(9)).log10("b")
before = peak()
flow = gf.gradient_flow(cell, x, loss=gf.UnitLoss())
flow.log10("b", layer=0)
print(peak() - before, needed_bytes(cell, T))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(
    ("kinds", "H", "T"),
    [
        ("lstm", 16, 1000),
        ("lstm", 256, 60),
        ("gru", 32, 800),
        ("rnn", 64, 800),
        ("rnn", 300, 60),
        ("lstm+gru", 24, 600),
        ("gru+gru+gru", 96, 100),
    ],
)
def test_a_run_needs_at_most_what_was_told_and_not_far_less(kinds, H, T):
    done = subprocess.run(
        [sys.executable, "-c", RUN, kinds, str(H), str(T)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    taken, told = map(int, done.stdout.split())
    assert taken <= told
    assert told < 4 * taken + 20e6
