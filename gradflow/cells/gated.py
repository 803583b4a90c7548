"""What LSTM and GRU have in common: gates on axis 0 of their weights, and two activations."""

from __future__ import annotations

from typing import Any

from gradflow.numerics.activations import ACTIVATIONS, Activation


class Gated:
    """A cell whose w_x has shape (gates, H, D) and b (gates, H), or (gates,) of a scalar cell."""

    w_x: Any
    b: Any
    activation: str
    recurrent_activation: str

    @property
    def squashes(self) -> tuple[Activation, Activation]:
        """The recurrent activation and the activation."""
        return ACTIVATIONS[self.recurrent_activation], ACTIVATIONS[self.activation]

    @property
    def H(self) -> int:
        return int(self.b.size) // len(self.b)

    @property
    def D(self) -> int:
        return int(self.w_x.size) // int(self.b.size)

    @property
    def signed(self) -> bool:
        return bool(self.b.ndim == 1)
