"""What usual starts of an LSTM leave of a cell state: `python -m benchmarks.state_derivative`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

import gradflow as gf

H, D, T, SEEDS = 128, 32, 100, 5
PAGE = Path(__file__).parents[1] / "docs" / "state_derivative.md"

TEXT = """# What usual starts leave of an LSTM's cell state

The derivative of the cell state over {T} steps, dc_{T}/dc_0, of an LSTM that has not been trained:
H = {H} units and D = {D} inputs, which are standard normal numbers. All are log10, medians over
{seeds} starts. `python -m benchmarks.state_derivative` writes this page.

- *sum of c*: |d(sum of c_{T})/dc_0| / sqrt(H), what reaches a unit from all of them together.
- *largest*: the largest singular value of dc_{T}/dc_0, what is left in the best direction.
- *of (h, c)*: the largest singular value of d(h, c)_{T}/d(h, c)_0.
- *forget gates*: the product of the forget gates, its mean over the units. It counts the way along
  the cell state alone, and it is no stand-in: most of what arrives has been through h.
- *a step*: the spectral radius of d(h, c)_j/d(h, c)_(j-1), the median step, as it is and not log10.

{table}

PyTorch draws all weights and both biases evenly from -1/sqrt(H) to 1/sqrt(H). Keras draws input
weights by Glorot and Bengio (2010), takes orthogonal recurrent weights, and a forget bias of 1.
Chrono is that start with the biases of Tallec and Ollivier (2018), b_f = ln u with u evenly from 1
to {T} - 1, and b_i = -b_f.
"""


def pytorch(generator: np.random.Generator) -> gf.LSTM:
    """As torch.nn.LSTM starts; b is the sum of its two biases."""
    bound = H**-0.5
    w_x, w_h, b_x, b_h = (
        generator.uniform(-bound, bound, (4, H, *rest)) for rest in ((D,), (H,), (), ())
    )
    return gf.LSTM(w_x, w_h, b_x + b_h)


def keras(generator: np.random.Generator) -> gf.LSTM:
    """As keras.layers.LSTM starts."""
    bound = np.sqrt(6.0 / (D + 4 * H))
    w_x = generator.uniform(-bound, bound, (4, H, D))
    w_h, _ = np.linalg.qr(generator.normal(size=(4 * H, H)))
    return gf.LSTM(w_x, w_h.reshape(4, H, H), np.outer([0.0, 1.0, 0.0, 0.0], np.ones(H)))


def chrono(generator: np.random.Generator) -> gf.LSTM:
    """Keras' start with biases that remember for up to T steps."""
    cell = keras(generator)
    b_f = np.log(generator.uniform(1.0, T - 1.0, H))
    return gf.LSTM(cell.w_x, cell.w_h, np.stack([-b_f, b_f, 0.0 * b_f, 0.0 * b_f]))


STARTS: dict[str, Callable[[np.random.Generator], gf.LSTM]] = {
    "PyTorch": pytorch,
    "Keras": keras,
    "chrono": chrono,
}
COLUMNS = ("sum of c", "largest", "of (h, c)", "forget gates", "a step")


def measured(start: Callable[[np.random.Generator], gf.LSTM], seed: int) -> tuple[float, ...]:
    """The numbers of one row, in the order of COLUMNS."""
    generator = np.random.default_rng(seed)
    cell = start(generator)
    flow = gf.gradient_flow(cell, generator.normal(size=(T, D)), loss=gf.UnitLoss())
    whole = gf.state_jacobian(flow, T)
    of_cell = whole.of_cell_state()
    forget = flow.log10_forget_row(T)[-1] + np.log10(flow.trace.gates[0, 1]).mean()
    together = np.linalg.norm(of_cell.over(T).value.sum(axis=0)) / np.sqrt(H)
    # Of the last steps, where the state no longer depends on the start at zero.
    radius = np.median(whole.spectral_radius[: T // 2])
    largest = (of_cell.log10_largest[-1], whole.log10_largest[-1])
    return (np.log10(together), *largest, forget, radius)


def main() -> None:
    """Write the page."""
    rows = [f"| start | {' | '.join(COLUMNS)} |", "| --- |" + " ---: |" * len(COLUMNS)]
    for name, start in STARTS.items():
        found = np.median([measured(start, seed) for seed in range(SEEDS)], axis=0)
        numbers = [f"{number:.1f}" for number in found[:-1]]
        rows.append(f"| {name} | {' | '.join([*numbers, f'{found[-1]:.2f}'])} |")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(TEXT.format(T=T, H=H, D=D, seeds=SEEDS, table="\n".join(rows)), "utf-8")


if __name__ == "__main__":
    main()
