"""The same terms by automatic differentiation: JAX and PyTorch on the CPU, in float64.

Each peer gives every step its own nudge on the gates' pre-activations, (T, 4, H), and
differentiates all T losses by all nudges. A nudge's derivative is dL_t/dz_j, and its norm times
|x_j| is the term of w_x: the same as gradflow's, and far cheaper than a copy of the weights at each
step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import gradflow as gf

Array = NDArray[np.float64]

GATES = ("i", "f", "c", "o")


@dataclass(frozen=True)
class Problem:
    """An LSTM with w_o = 1 and the squared error of target 0, on one sequence.

    Attributes
    ----------
    T, H, D : int
        Steps, units, inputs.
    w_x, w_h, b : arrays of shape (4, H, D), (4, H, H) and (4, H)
        Weights, uniform within 1 / sqrt(H), the bias of the forget gate 1 and those of the rest 0.
    x : array of shape (T, D)
        Inputs, standard normal.
    """

    T: int
    H: int
    D: int
    w_x: Array
    w_h: Array
    b: Array
    x: Array

    @classmethod
    def of_size(cls, T: int, H: int, D: int, kind: str = "random") -> Problem:
        """Random weights; "saturated" with four units shut, "trained" as training leaves them."""
        generator = np.random.default_rng(T + H)
        bound = H**-0.5 if H > 1 else 0.5
        w_x, w_h = (generator.uniform(-bound, bound, (4, H, n)) for n in (D, H))
        b = np.zeros((4, H))
        b[1] = 1.0
        if kind == "saturated":
            for gate, value in ((0, -150.0), (1, -200.0), (2, 100.0), (3, -200.0)):
                b[gate, gate] = value
        if kind == "trained":  # heavy tails, forget gates that hold on, some units shut
            w_x, w_h = (generator.standard_t(2.5, w.shape) * bound for w in (w_x, w_h))
            b += generator.normal(size=b.shape)
            b[1] += generator.uniform(1.0, 5.0, H)
            b[
                generator.integers(4, size=H // 16), generator.integers(H, size=H // 16)
            ] = -generator.uniform(30.0, 200.0, H // 16)
        return cls(T, H, D, w_x, w_h, b, generator.normal(size=(T, D)))

    @property
    def drive(self) -> Array:
        """What the inputs add to the pre-activations, (T, 4, H)."""
        return np.einsum("ghd,td->tgh", self.w_x, self.x) + self.b


def cell_of(problem: Problem) -> gf.LSTM:
    """The cell of a problem; a scalar one where H = 1."""
    weights = (problem.w_x, problem.w_h, problem.b)
    return gf.LSTM(*(w.reshape(4) for w in weights)) if problem.H == 1 else gf.LSTM(*weights)


def gradflow_terms(problem: Problem) -> Callable[[], list[Array]]:
    """All terms by gate, (T, T) each: target step in the row, lag in the column; nan for k > t."""
    cell = cell_of(problem)

    def terms() -> list[Array]:
        flow = gf.gradient_flow(cell, problem.x)
        return [flow.value(f"w_x{gate}") for gate in GATES]

    return terms


def jax_with_float64() -> Any:
    """JAX; without it the benchmark ends with a sentence."""
    try:
        import jax
    except ModuleNotFoundError:
        raise SystemExit(
            "This measures against JAX, which is missing: "
            "pip install -r benchmarks/requirements.txt"
        ) from None
    jax.config.update("jax_enable_x64", True)
    return jax


def jax_terms(problem: Problem) -> Callable[[], Any]:
    """All |terms|, (T, T, 4): target step, source step, gate. Compiled on the first call."""
    jax = jax_with_float64()
    jnp = jax.numpy

    def losses(nudges: Any, drive: Any, w_h: Any) -> Any:
        def step(state: Any, given: Any) -> Any:
            h, c = state
            z = given + jnp.einsum("ghn,n->gh", w_h, h)
            i, f, o = (jax.nn.sigmoid(z[gate]) for gate in (0, 1, 3))
            c = f * c + i * jnp.tanh(z[2])
            h = o * jnp.tanh(c)
            return (h, c), h.sum()

        start = (jnp.zeros(problem.H), jnp.zeros(problem.H))
        _, o = jax.lax.scan(step, start, drive + nudges)
        return 0.5 * o**2

    @jax.jit
    def terms(drive: Any, w_h: Any, x: Any) -> Any:
        deltas = jax.jacrev(losses)(jnp.zeros_like(drive), drive, w_h)  # (T, T, 4, H)
        sizes = jnp.sqrt((deltas**2).sum(axis=-1))
        return sizes * jnp.linalg.norm(x, axis=1)[:, None]

    given = [jnp.asarray(array) for array in (problem.drive, problem.w_h, problem.x)]
    return lambda: terms(*given).block_until_ready()


def torch_batched_terms(problem: Problem) -> Callable[[], Any]:
    """All |terms|, (T, T, 4), by one backward pass for all targets (`is_grads_batched`)."""
    forward = _torch_forward(problem)

    def terms() -> Any:
        nudges, losses = forward()
        every = torch.eye(problem.T, dtype=torch.float64)
        (deltas,) = torch.autograd.grad(losses, nudges, every, is_grads_batched=True)
        return _torch_sizes(deltas, problem)

    return terms


def torch_loop_terms(problem: Problem, targets: Array) -> Callable[[], Any]:
    """|terms| of some targets, (n, T, 4), by a backward pass for each."""
    forward = _torch_forward(problem)

    def terms() -> Any:
        nudges, losses = forward()
        deltas = [torch.autograd.grad(losses[t - 1], nudges, retain_graph=True)[0] for t in targets]
        return _torch_sizes(torch.stack(deltas), problem)

    return terms


def _torch_forward(problem: Problem) -> Callable[[], tuple[Any, Any]]:
    drive, w_h = (
        torch.from_numpy(problem.drive),
        torch.from_numpy(problem.w_h.reshape(-1, problem.H)),
    )

    def forward() -> tuple[Any, Any]:
        nudges = torch.zeros_like(drive, requires_grad=True)
        h = c = torch.zeros(problem.H, dtype=torch.float64)
        outputs = []
        for given in (drive + nudges).unbind():
            z = given + (w_h @ h).reshape(4, problem.H)
            z_i, z_f, z_c, z_o = z.unbind()
            c = torch.sigmoid(z_f) * c + torch.sigmoid(z_i) * torch.tanh(z_c)
            h = torch.sigmoid(z_o) * torch.tanh(c)
            outputs.append(h.sum())
        return nudges, 0.5 * torch.stack(outputs) ** 2

    return forward


def _torch_sizes(deltas: Any, problem: Problem) -> Any:
    sizes = torch.linalg.vector_norm(deltas, dim=-1)
    return sizes * torch.linalg.vector_norm(torch.from_numpy(problem.x), dim=1)[:, None]


def by_lag(terms: Any, targets: Array) -> Array:
    """Terms (n, T, 4) of some targets by source step, as gradflow has them: (4, n, T) by lag."""
    by_step = np.moveaxis(np.asarray(terms), 2, 0)
    result = np.full(by_step.shape, np.nan)
    for row, t in enumerate(targets):
        result[:, row, :t] = by_step[:, row, t - 1 :: -1]
    return result
