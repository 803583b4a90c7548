"""The steps of the LSTM: four ways from c_t to c_(t-1), 24 paths, and which of them carry."""

from __future__ import annotations

from gradflow.ui.derivation import latex
from gradflow.ui.derivation.scene import Scene
from gradflow.ui.derivation.step import Step
from gradflow.ui.settings import Settings

_FARTHEST = 4


def _carries_formulas(settings: Settings) -> tuple[str, ...]:
    return (
        "\\text{term of } b_c \\text{ at } k = t",
        "\\text{along the cell}{:} \\quad \\frac{dL_t}{dh_t} \\, o_t (1 - m_t^2) "
        "\\left( \\prod_{q=2}^{t} f_q \\right) i_1 (1 - c_1'^2)",
        "\\text{all other paths}",
        "\\prod_{q=2}^{t} f_q \\quad \\text{alone}",
    )


def _carries_numbers(scene: Scene) -> tuple[str, ...]:
    flow, t = scene.experiment.lstm, scene.t
    classes = flow.by_detours("b_c", classes=2)
    assert classes.sign is not None
    along, others = (
        latex.signed(float(classes.sign[n, t - 1, t - 1]), float(classes.log10[n, t - 1, t - 1]))
        for n in (0, 1)
    )
    product = latex.signed(1.0, float(flow.log10_forget_product()[t - 1, t - 1]))
    return (
        f"{latex.term(flow, 'b_c', t, t)} = {latex.summed(along, others)}",
        along,
        others,
        product,
    )


CARRIES = Step(
    "Along the cell, or through $h$?",
    "The path that keeps to the cell has one factor $f$ for each step, and it is one of many. The "
    "two parts below add up to the whole term of the candidate's bias that reaches step 1; they "
    "may also cancel.",
    _carries_formulas,
    _carries_numbers,
    target=2,
)
