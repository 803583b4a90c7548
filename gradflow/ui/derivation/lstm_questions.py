"""Predictions about the LSTM, and about clipping."""

from __future__ import annotations

import functools
from dataclasses import replace

import gradflow as gf
from gradflow.analysis import memory
from gradflow.analysis.clipping import clip_factors, log10_clipped, log10_gradient_norm
from gradflow.figures.builders.cell_frame import Outline
from gradflow.figures.builders.number_words import number, percent, power
from gradflow.ui.derivation.prediction import (
    Proof,
    Question,
    Shown,
    band,
)
from gradflow.ui.shared import panels
from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.settings import Settings

_OPEN = replace(Settings(), parameter="b", gate="c", floor=-8)
_GROWING = replace(
    Settings(), T=100, w_x=0.0, own_w_h=True, w_h=4.0, parameter="b", relative=True, floor=-8
)
_CLIPPED = replace(Settings(), w_s=0.5, parameter="b", clipping=True, threshold=0.1, floor=-8)
_CLIPPED_LAG = 10


def _forget_product(flow: gf.GradientFlow) -> float:
    """log10 of the forget gates' product from the last step back to step 1."""
    return float(flow.log10_forget_product()[-1, -1])


def _forgetting_asked() -> str:
    product = power(_forget_product(run(_OPEN).lstm))
    return (
        f"An LSTM with $b_f = {_OPEN.b_f:g}$ and recurrent weights of {_OPEN.w_s:g}. From step "
        f"{_OPEN.T} back to step 1 the product of its forget gates is {product}. Many texts take "
        "it for the gradient. How large is the whole gradient of the candidate that reaches step "
        "1, beside the part that goes along the cell alone?"
    )


@functools.cache
def _forgetting() -> Proof:
    flow = run(_OPEN).lstm
    row = flow.log10("b_c")[-1]
    along = float(flow.by_detours("b_c", classes=2).log10[0, -1, -1])
    times = float(row[-1]) - along
    why = (
        f"The whole term is {power(times)} times the part along the cell: {power(float(row[-1]))} "
        f"against {power(along)}. Of the $k = 1$ term {power(float(row[-1] - row[0]))} is left, "
        f"where the forget gates alone would leave {power(_forget_product(flow))}. The paths "
        "through $h$ make the difference."
    )
    _, whole = panels.both_panels(_OPEN, run(_OPEN))
    _, product = panels.both_panels(replace(_OPEN, gate="product"), run(_OPEN))
    frame = Outline(_OPEN.T, _OPEN.T - 1, _OPEN.T)
    shown = (Shown(replace(product, title="Forget gates alone"), frame), Shown(whole, frame))
    view = panels.view(_OPEN, (product, whole))
    right = band(times, (-0.3, 0.3, 3.0), ("less", "same", "more", "far"))
    return Proof(right, why, shown, view)


def _growing_asked() -> str:
    gates = run(_GROWING).lstm.trace.gates[:, 1]
    return (
        f"An LSTM with recurrent weights of {_GROWING.w_h:g} whose forget gates all stand at "
        f"{number(float(gates.max()))} or below: along the cell the gradient shrinks at each step. "
        f"Over {_GROWING.T} steps, what does the whole gradient do?"
    )


@functools.cache
def _growing() -> Proof:
    experiment = run(_GROWING)
    seen = memory.measure(experiment.lstm, _GROWING.T)
    why = (
        f"At step 1 the signal is {power(seen.log10_left)} times that at $k = 1$, while the "
        f"product of the forget gates is {power(_forget_product(experiment.lstm))}. The recurrent "
        "weights carry it, and clipping is for LSTMs too."
    )
    both = panels.both_panels(_GROWING, experiment)
    frame = Outline(_GROWING.T, 1, _GROWING.T)
    shown = (Shown(both[1], frame),)
    return Proof(seen.verdict, why, shown, panels.view(_GROWING, both))


def _clipped_asked() -> str:
    flow = run(_CLIPPED).rnn
    length = power(float(log10_gradient_norm(flow)[-1]))
    row = flow.log10("b")[-1]
    share = percent(10.0 ** float(row[_CLIPPED_LAG - 1] - row[0]))
    return (
        f"An RNN that forgets: the term of $k = {_CLIPPED_LAG}$ is {share} of that of $k = 1$. The "
        f"gradient of step {_CLIPPED.T} has length {length} and is clipped to "
        f"{_CLIPPED.threshold:g}. What becomes of that ratio?"
    )


@functools.cache
def _clipped() -> Proof:
    experiment = run(_CLIPPED)
    flow = experiment.rnn
    rows = flow.log10("b")[-1], log10_clipped(flow, "b", threshold=_CLIPPED.threshold)[-1]
    before, after = (float(row[_CLIPPED_LAG - 1] - row[0]) for row in rows)
    factor = number(float(clip_factors(flow, _CLIPPED.threshold)[-1]))
    why = (
        f"Every term of the row is multiplied by {factor}, so the ratio is {power(before)} before "
        f"and {power(after)} after. The strip beside the heatmap marks the targets that are "
        "clipped. Clipping mends a gradient that explodes; it brings nothing back that vanished."
    )
    both = panels.both_panels(_CLIPPED, experiment)
    frame = Outline(_CLIPPED.T, 1, _CLIPPED_LAG)
    right = band(after - before, (-0.001, 0.001), ("falls", "same", "grows"))
    return Proof(right, why, (Shown(both[0], frame),), panels.view(_CLIPPED, both))


FORGETTING = Question(
    "forgetting",
    "Is it the forget gates?",
    _forgetting_asked,
    {
        "same": "About the same: the cell is the only way that counts.",
        "more": "A few to a thousand times as large.",
        "far": "More than a thousand times as large.",
        "less": "Smaller: the other ways cancel it.",
    },
    {
        "same": "The cell is drawn as the highway, but it is one of $4^{n}$ ways and more.",
        "more": "The detours add a little at each step back, and that multiplies up.",
        "less": "They may cancel where weights are negative; here all weights are positive.",
    },
    _OPEN,
    _forgetting,
)
GROWING = Question(
    "growing",
    "Can an LSTM explode?",
    _growing_asked,
    {
        "vanishing": "It vanishes, as the forget gates say.",
        "stable": "It keeps its size.",
        "exploding": "It explodes.",
    },
    {
        "vanishing": "The forget gates do shrink their own path; the others run through $w_h$.",
        "stable": "It would take a balance at every step, which nothing here provides.",
    },
    _GROWING,
    _growing,
)
CLIPPED = Question(
    "clipped",
    "Does clipping help to remember?",
    _clipped_asked,
    {
        "grows": "It grows: the near terms are cut more than the far ones.",
        "same": "It stays as it is.",
        "falls": "It falls: the far terms are cut away first.",
    },
    {
        "grows": "Clipping does shorten what is large, but all of the row by one factor.",
        "falls": "That is what truncation does. Clipping takes no term away.",
    },
    _CLIPPED,
    _clipped,
)
