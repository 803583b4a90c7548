"""The networks whose numbers the steps show: on the whole sequence, and on three inputs."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import gradflow as gf
from gradflow.flow.lost_digits import may_lack_digits, with_better_states
from gradflow.ui.shared import latex
from gradflow.ui.shared.experiment import Experiment
from gradflow.ui.shared.settings import Settings

FIRST = 3


@dataclass(frozen=True, eq=False)
class FirstThree:
    """The RNN's first three steps; every method gives a number in LaTeX.

    Attributes
    ----------
    loss : GradientFlow
        Terms of dL_t/dw.
    state : GradientFlow
        The same with the loss L_t = s_t: terms of ds_t/dw.
    """

    loss: gf.GradientFlow
    state: gf.GradientFlow

    @classmethod
    def from_flow(cls, flow: gf.GradientFlow) -> FirstThree:
        """The first three steps of an RNN's flow."""
        x, start = flow.x[:FIRST, 0], flow.initial_state
        return cls(
            gf.gradient_flow(flow.cell, x, flow.readout, flow.loss, start),
            gf.gradient_flow(flow.cell, x, gf.Readout(), gf.UnitLoss(), start),
        )

    def with_better_states(self) -> FirstThree:
        """The same from states of higher precision."""
        return FirstThree(with_better_states(self.loss), with_better_states(self.state))

    def x(self, j: int) -> str:
        """Input x_j."""
        return latex.plain(self.loss.x[j - 1, 0])

    def z(self, j: int) -> str:
        """Pre-activation z_j."""
        return latex.plain(self.loss.trace.z[j - 1, 0])

    def s(self, j: int) -> str:
        """State s_j; s_0 is the start."""
        return latex.plain(self.loss.trace.s[j, 0])

    def slope(self, j: int) -> str:
        """phi'(z_j)."""
        (slopes,) = self.loss.cell.slopes(self.loss.trace)
        return latex.scaled(slopes[j - 1, 0])

    def output(self) -> str:
        """The output of step 3; of two scores, that of class 1."""
        return latex.plain(self.loss.trace.o.reshape(FIRST, -1)[-1, -1])

    def loss_slope(self) -> str:
        """The slope of L_3 by the output."""
        return latex.scaled(self.loss.loss_slope.reshape(FIRST, -1)[-1, -1])

    def readout_total(self) -> str:
        """dL_3/dw_o; of two scores, that of class 1."""
        return latex.plain(self.loss.total("readout.w_o").reshape(FIRST, -1)[-1, -1])

    def loss_term(self, k: int) -> str:
        """Term k of dL_3/dw_x."""
        return latex.term(self.loss, "w_x", FIRST, k)

    def loss_total(self) -> str:
        """dL_3/dw_x."""
        return latex.total(self.loss, "w_x", FIRST)

    def state_term(self, k: int) -> str:
        """Term k of ds_3/dw_x."""
        return latex.term(self.state, "w_x", FIRST, k)

    def state_total(self, j: int) -> str:
        """ds_j/dw_x."""
        return latex.total(self.state, "w_x", j)


@dataclass(frozen=True, eq=False)
class Example:
    """The settings and the two networks.

    Attributes
    ----------
    settings : Settings
        The page's settings.
    experiment : Experiment
        Both networks on the sequence.
    plain : Example, optional
        The one of float64 states, of an example of better ones.
    """

    settings: Settings
    experiment: Experiment
    plain: Example | None = None

    @property
    def T(self) -> int:
        return self.experiment.T

    @property
    def t(self) -> int:
        """The target step chosen."""
        return self.settings.target_step(self.T)

    @functools.cached_property
    def first(self) -> FirstThree:
        """The RNN's first three steps, of a sequence that has three."""
        if self.plain is not None:
            return self.plain.first.with_better_states()
        return FirstThree.from_flow(self.experiment.rnn)

    @functools.cached_property
    def better(self) -> Example | None:
        """The same from states of higher precision; None where no state has lost digits."""
        given = self.experiment
        if not (may_lack_digits(given.rnn) or may_lack_digits(given.lstm)):
            return None
        rnn, lstm = map(with_better_states, (given.rnn, given.lstm))
        return Example(self.settings, Experiment(given.inputs, lstm, rnn), self)
