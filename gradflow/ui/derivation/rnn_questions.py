"""Predictions about the RNN."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from gradflow.analysis import memory
from gradflow.figures.builders.cell_frame import Outline
from gradflow.figures.builders.number_words import number, percent, power
from gradflow.numerics.scaled import Array
from gradflow.ui.derivation.prediction import (
    Proof,
    Question,
    Shown,
    band,
)
from gradflow.ui.shared import panels
from gradflow.ui.shared.experiment import Experiment, run
from gradflow.ui.shared.settings import Settings

_WHOLE = replace(Settings(), w_x=0.05, T=30, floor=-8)
_HALVED = replace(_WHOLE, w_s=_WHOLE.w_s / 2)
_HALVED_LAG = 20

_SMALL = replace(Settings(), w_s=1.0, w_x=0.05, T=30, parameter="b", floor=-8)
_LARGE = replace(_SMALL, w_x=5.0)
_LARGE_LAG = 10

_SILENT = replace(Settings(), sequence="sine", T=25, floor=-8)
_HEALTHY = replace(Settings(), w_s=0.5, floor=-8)
_SHORT = replace(Settings(), w_s=0.5, parameter="b", relative=False, floor=-8)


def _row(experiment: Experiment, parameter: str) -> Array:
    """log10 of the RNN's terms of the last target, by lag."""
    return np.asarray(experiment.rnn.log10(parameter)[-1])


def _proof(right: str, why: str, *shown: tuple[Settings, str, int, int]) -> Proof:
    """A proof on the RNN's heatmaps: settings, title, and the lags framed in the last row."""
    made = [
        (panels.both_panels(settings, run(settings)), title, first, last)
        for settings, title, first, last in shown
    ]
    both = [replace(rnn, title=title) for (rnn, _), title, _, _ in made]
    frames = [Outline(panel.T, *made[n][2:]) for n, panel in enumerate(both)]
    view = panels.view(shown[0][0], (both[0], both[-1]))
    return Proof(right, why, tuple(map(Shown, both, frames)), view)


def _halving_asked() -> str:
    return (
        f"Take $w_s = {_WHOLE.w_s:g}$ and the term of lag $k = {_HALVED_LAG}$. Now $w_s$ is halved "
        f"to {_HALVED.w_s:g}. What becomes of that term?"
    )


@functools.cache
def _halving() -> Proof:
    before, after = (_row(run(settings), "w_x") for settings in (_WHOLE, _HALVED))
    change = float((after - before)[_HALVED_LAG - 1])
    why = (
        f"It shrinks to {power(change)} of itself. Term {_HALVED_LAG} holds $w_s$ "
        f"{_HALVED_LAG - 1} times, and $\\frac12$ to that power is "
        f"{number(0.5 ** (_HALVED_LAG - 1))}; the slopes make up the rest."
    )
    framed = (_HALVED_LAG, _HALVED_LAG)
    return _proof(
        band(change, (-9.0, -4.0, -0.8), ("gone", "power", "lags", "half")),
        why,
        (_WHOLE, f"RNN, w_s = {_WHOLE.w_s:g}", *framed),
        (_HALVED, f"RNN, w_s = {_HALVED.w_s:g}", *framed),
    )


def _saturation_asked() -> str:
    left = _row(run(_SMALL), "b")
    share = percent(10.0 ** float(left[_LARGE_LAG - 1] - left[0]))
    return (
        f"With $w_s = {_SMALL.w_s:g}$ and $w_x = {_SMALL.w_x:g}$ the signal that reaches lag "
        f"$k = {_LARGE_LAG}$ is {share} of that at $k = 1$. Now $w_x$ is raised to "
        f"{_LARGE.w_x:g} and $w_s$ stays. What is left at $k = {_LARGE_LAG}$?"
    )


@functools.cache
def _saturation() -> Proof:
    experiments = [run(settings) for settings in (_SMALL, _LARGE)]
    row = _row(experiments[1], "b")
    left = float(row[_LARGE_LAG - 1] - row[0])
    slopes = []
    for experiment in experiments:
        flow = experiment.rnn
        (slope,) = flow.cell.slopes(flow.trace)
        slopes.append(number(float(np.median(slope.plain()))))
    why = (
        f"It is {power(left)} of the $k = 1$ signal. The weight still takes nothing away, but the "
        f"large input drives the tanh to its flat ends: the middle one of its {_LARGE.T} slopes "
        f"falls from {slopes[0]} to {slopes[1]}. Each step back is multiplied by such a slope."
    )
    framed = (_LARGE_LAG, _LARGE_LAG)
    return _proof(
        band(left, (-100.0, -5.0, -0.3), ("beyond", "nothing", "some", "most")),
        why,
        (_SMALL, f"RNN, w_x = {_SMALL.w_x:g}", *framed),
        (_LARGE, f"RNN, w_x = {_LARGE.w_x:g}", *framed),
    )


def _silent_steps() -> tuple[int, ...]:
    """Steps with an input of exactly 0 before the last step."""
    return tuple(int(n) + 1 for n in np.flatnonzero(run(_SILENT).rnn.x[:-1, 0] == 0.0))


def _silence_asked() -> str:
    return (
        f"A sine is exactly 0 at step {_silent_steps()[-1]}. Look back from step {_SILENT.T}: what "
        "becomes of the terms of $w_x$ at that step and at the steps before it?"
    )


@functools.cache
def _silence() -> Proof:
    experiment, j = run(_SILENT), _silent_steps()[-1]
    k = _SILENT.T + 1 - j
    row, signal = _row(experiment, "w_x"), _row(experiment, "b")
    exactly_zero, behind = np.isneginf(row[k - 1]), np.isfinite(row[k])
    right = "small" if not exactly_zero else "passes" if behind else "cut"
    why = (
        f"The term of $w_x$ at $k = {k}$ is {power(float(row[k - 1]))}: it is the signal times "
        f"$x_{{{j}}}$. The signal itself, the term of $b$, is {power(float(signal[k - 1]))} there, "
        f"and one step further back the term of $w_x$ is {power(float(row[k]))} again. Grey is an "
        "input of 0, not a broken path."
    )
    return _proof(right, why, (_SILENT, "RNN", k, k))


def _healthy_asked() -> str:
    total = number(float(run(_HEALTHY).rnn.total("w_x")[-1]))
    return (
        f"With $w_s = {_HEALTHY.w_s:g}$ the gradient of step {_HEALTHY.T} is "
        f"$dL_{{{_HEALTHY.T}}}/dw_x$ = {total}. How many of its {_HEALTHY.T} terms are at least 1% "
        "of the largest one?"
    )


@functools.cache
def _healthy() -> Proof:
    experiment = run(_HEALTHY)
    row = _row(experiment, "w_x")
    counted = np.flatnonzero(row >= row.max() - 2.0) + 1
    share = float(experiment.rnn.share("w_x")[-1, : counted[-1]].sum())
    why = (
        f"{len(counted)} of {_HEALTHY.T}, all at lags up to {counted[-1]}; these lags hold "
        f"{percent(share)} of the summed sizes. The last term, of step 1, is "
        f"{power(float(row[-1]))}. The total says nothing of that: only the terms do."
    )
    return _proof(
        band(len(counted), (4, 11, 40), ("one", "few", "half", "all")),
        why,
        (_HEALTHY, "RNN", 1, int(counted[-1])),
    )


def _short_asked() -> str:
    return (
        f"The same network ($w_s = {_SHORT.w_s:g}$), computed in half precision (float16). "
        f"From which lag on is the signal of step {_SHORT.T} rounded to zero?"
    )


@functools.cache
def _short() -> Proof:
    lags = memory.zero_lags(run(_SHORT).rnn, _SHORT.T)
    lag = lags["float16"]
    found = [f"{form}: {'never' if k is None else f'from k = {k}'}" for form, k in lags.items()]
    why = f"In these {_SHORT.T} steps, by format: {', '.join(found)}. The frame starts there."
    first = _SHORT.T if lag is None else lag
    right = "never" if lag is None else band(lag, (8, 35), ("early", "middle", "late"))
    return _proof(right, why, (_SHORT, "RNN", first, _SHORT.T))


HALVING = Question(
    "halving",
    "Half the weight",
    _halving_asked,
    {
        "half": "It is about half as large.",
        "lags": f"It is about a {_HALVED_LAG}th as large.",
        "power": "Between a ten-thousandth and a billionth of it is left.",
        "gone": "Less than a billionth of it is left.",
    },
    {
        "half": "One factor $w_s$ is halved, but the term holds it once for each step back.",
        "lags": "That divides by the number of steps; but each step is a factor, not a share.",
        "gone": "The slopes do not shrink with $w_s$: smaller states bend the tanh less.",
    },
    _HALVED,
    _halving,
)
SATURATION = Question(
    "saturation",
    "A large input weight",
    _saturation_asked,
    {
        "most": "More than half, since $w_s$ is still 1.",
        "some": "Less than half, but more than a hundred-thousandth.",
        "nothing": "Less than a hundred-thousandth, but more than $10^{-100}$.",
        "beyond": "Less than $10^{-100}$.",
    },
    {
        "most": "The weight does let all pass; but each step back has a slope of the tanh too.",
        "some": "One flat slope would do that; here there is one in each of the steps back.",
        "beyond": "A slope near 0 is not 0: each is about a thousandth, and there are nine.",
    },
    _LARGE,
    _saturation,
)
SILENCE = Question(
    "silence",
    "A zero input",
    _silence_asked,
    {
        "cut": "Its term is 0, and so are all before it: the path is cut.",
        "passes": "Its term is 0, and those before it are not.",
        "small": "Its term is small, but not 0.",
    },
    {
        "cut": "The signal goes through step after step, but through the states, not the inputs.",
        "small": "It would be if the input were only near 0; a factor of exactly 0 leaves nothing.",
    },
    _SILENT,
    _silence,
)
HEALTHY = Question(
    "healthy",
    "A healthy-looking total",
    _healthy_asked,
    {
        "all": "40 or more.",
        "half": "11 to 39.",
        "few": "4 to 10.",
        "one": "3 or fewer.",
    },
    {
        "all": "The total looks as if it came from everywhere, but a sum does not tell.",
        "half": "A power falls faster than that: 1% is reached after a few factors.",
        "one": "$w_s$ alone would need about 7 steps to 1%, and the slopes take little off that.",
    },
    _HEALTHY,
    _healthy,
)
SHORT = Question(
    "short",
    "Half precision",
    _short_asked,
    {
        "early": "Before lag 8.",
        "middle": "Between lag 8 and lag 34.",
        "late": "From a lag of 35 or more.",
        "never": f"Not within {_SHORT.T} steps.",
    },
    {
        "early": "float16 reaches below $10^{-7}$, which takes more factors of about a half.",
        "late": "float16 ends at about $10^{-8}$; only the wider formats last so long.",
        "never": "The mathematics never gets to zero, but the format has a smallest number.",
    },
    _SHORT,
    _short,
)
