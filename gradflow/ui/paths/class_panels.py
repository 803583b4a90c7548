"""The contents of the figures of the page Paths: terms by classes of paths, and shares."""

from __future__ import annotations

from dataclasses import dataclass

from gradflow.analysis.path_shares import PathShares, signed_shares
from gradflow.engine.path_classes import PathClasses
from gradflow.figures.builders.colours import CLASSES, LINES, REST
from gradflow.figures.builders.panel import Panel, doubtful_units, row_units
from gradflow.figures.builders.stacked_shares import Shares
from gradflow.numerics.scaled import Array
from gradflow.ui.paths import path_words
from gradflow.ui.shared.doubtful_terms import few_digits, few_digits_of_classes
from gradflow.ui.shared.experiment import LSTMAlone, explained_parameter
from gradflow.ui.shared.settings import Settings

CELL, DETOURS, WHOLE = "Cell path alone", "All detours", "All paths"


@dataclass(frozen=True, eq=False)
class Taken:
    """The terms of one parameter of the LSTM, by classes of paths.

    Attributes
    ----------
    parameter : str
        Its name, of one gate.
    two : PathClasses
        The cell path, and the rest.
    by_detours, by_first_gate : PathClasses
        The classes shown at one target.
    """

    parameter: str
    two: PathClasses
    by_detours: PathClasses
    by_first_gate: PathClasses


def taken(settings: Settings, experiment: LSTMAlone) -> Taken:
    """The terms of the chosen parameter by classes of paths. One gate alone has signs."""
    flow = experiment.lstm
    parameter = explained_parameter(flow, settings)
    two = flow.by_detours(parameter, classes=2)
    more = two if settings.classes == 2 else flow.by_detours(parameter, classes=settings.classes)
    return Taken(parameter, two, more, flow.by_first_gate(parameter))


def three_panels(apart: Taken, experiment: LSTMAlone) -> tuple[Panel, Panel, Panel]:
    """The heatmaps' contents: the cell path, the detours, and the whole.

    Relative to k = 1 means all three over the k = 1 term of the whole, so that they compare.
    """
    flow, name = experiment.lstm, apart.parameter
    log10, sign = flow.log10(name), flow.sign(name)
    unit = row_units(log10)
    inputs, words = flow.x[:, 0], experiment.inputs.words
    signs = apart.two.sign
    assert signs is not None
    quantity, few = f"dL_t/d{name}", few_digits(flow, name)
    unsure = None if few is None else doubtful_units(log10, few)
    marks = (None, None) if few is None else few_digits_of_classes(flow, name, apart.two, few)
    cell, detours = (
        Panel(
            title,
            quantity,
            apart.two.log10[n],
            signs[n],
            None,
            inputs,
            words,
            unit=unit,
            doubtful=marks[n],
            unit_doubtful=unsure,
        )
        for n, title in enumerate((CELL, DETOURS))
    )
    share = flow.share(name)
    whole = Panel(WHOLE, quantity, log10, sign, share, inputs, words, doubtful=few)
    return cell, detours, whole


def shares_by_lag(apart: Taken, experiment: LSTMAlone, t: int) -> PathShares:
    """The terms of one target, along the cell and by detours."""
    flow, two, row = experiment.lstm, apart.two, (t - 1, slice(0, t))
    assert two.sign is not None
    return PathShares(
        two.log10[0][row],
        two.log10[1][row],
        flow.log10(apart.parameter)[row],
        two.sign[0][row],
        flow.sign(apart.parameter)[row],
        flow.log10_forget_product()[row],
    )


def by_detours(apart: Taken, found: PathShares, unsure: bool = False) -> Shares:
    """The shares of the classes by detours at one target, marked where the detours take over.

    Where some of the target's terms have too few digits, nothing is marked.
    """
    classes = apart.by_detours
    colours = (*CLASSES[: len(classes.labels) - 1], REST)
    takeover = None if unsure else found.takeover
    note = path_words.carried_from(takeover) if takeover is not None else ""
    return Shares(classes.labels, colours, _shares(classes, found), takeover, note)


def by_first_gate(apart: Taken, found: PathShares) -> Shares:
    """The shares of the gates through which paths first leave the cell, at one target."""
    classes = apart.by_first_gate
    colours = (CLASSES[0], *(LINES[gate] for gate in "ifco"))
    return Shares(classes.labels, colours, _shares(classes, found))


def _shares(classes: PathClasses, found: PathShares) -> Array:
    """Shares of the classes at the target, (n, t)."""
    assert classes.sign is not None
    row = (slice(None), found.t - 1, slice(0, found.t))
    return signed_shares(classes.log10[row], classes.sign[row], found.whole_sign)
