"""What the largest sequences cost in memory, measured in a process of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LIMIT = 500  # MB, of the whole process

SCALAR = """
cell = gf.LSTM.scalar(w_x=0.5, w_h=0.5, b_f=1.0)
flow = gf.gradient_flow(cell, generator.normal(size=2000), loss=gf.UnitLoss())
"""

VECTOR = """
bound = 128**-0.5
weights = [generator.uniform(-bound, bound, s) for s in ((4, 128, 16), (4, 128, 128), (4, 128))]
x = generator.normal(size=(1000, 16))
flow = gf.gradient_flow(gf.LSTM(*weights), x, loss=gf.UnitLoss())
"""

# All targets would take 4 * 16 * T^2 bytes, 1,000 MB, of the kept norms alone.
LAST = """
generator = np.random.default_rng(0)
shapes = ((4, 16, 2), (4, 16, 16), (4, 16))
weights = [generator.uniform(-0.25, 0.25, shape) for shape in shapes]
x = generator.normal(size=(4000, 2))
flow = gf.gradient_flow(gf.LSTM(*weights), x, targets="last")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(
    ("run", "limit"),
    [(SCALAR, LIMIT), (VECTOR, LIMIT), (LAST, 150)],
    ids=["T=2000 scalar", "T=1000 H=128", "the last of T=4000 H=16"],
)
def test_the_peak_stays_below_its_megabytes(run, limit):
    code = f"""
import pathlib, re
import numpy as np
import gradflow as gf
generator = np.random.default_rng(0)
{run}
assert np.isfinite(flow.log10("w_x")[-1]).all()
assert np.isfinite(flow.total("w_hf")).all()
# Not ru_maxrss: a process started from a larger one begins with that one's peak.
print(re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) / 1024 < limit
