"""What the page Learning says, each sentence from the numbers of the runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from gradflow.training import SeedCurves, TrainingRun, TrainingSettings
from gradflow.ui.learning.settings import START_LABELS

TITLE = "Learning"
LEAD = (
    "An RNN and an LSTM learn the same task, as long and at the same rate. Move the slider above "
    "the heatmaps through their training: does the gradient reach the step that decides, and when "
    "does the network begin to answer right?"
)
READING = (
    "Rows are targets and columns lags, as on the other pages; the terms are those of the bias "
    "$b$, the signal itself, each row relative to its own $k = 1$ term. They are those of the "
    "first of the held-out sequences; accuracy is that of all of them. *log10 reaching*: the term "
    "of the step that decides (in adding that of step 1), relative to $k = 1$. The radii are "
    "spectral radii, median over the steps: of $dc_t/dc_{t-1}$, which an LSTM has, and of the "
    "whole state's derivative (*state radius*). The forget gate is the mean over units and steps."
)
SEEDS = (
    "Line: the median of the seeds. Shade: from their 10% quantile to their 90% quantile. Where "
    "one of these is minus infinity, as nothing reaches the step, it is left out."
)
NO_STARTS = "Other starts ship for recall and agreement."
WEIGHTS = (
    "The {name}'s last weights by PyTorch's names, `recurrent.weight_ih_l0` and so on, for "
    "`load_state_dict`; the file's metadata say which modules to make."
)
FILM = "The charts with their slider, as one page that opens offline."
RUN = "For `training.load_run`: settings, measures and weights of the {name} at every checkpoint."
TABLE = "The measures of every network and seed, a row for each checkpoint."
SEED = "Seed of the film"

# What counts as solved, and as reaching the step that decides.
SOLVED = 0.9
REACHES = 0.01

# log10 of the size from which, and below whose inverse, sizes are told as powers of ten.
_WRITTEN_OUT = 3.0

_ASKED = {
    "recall": "The first symbol, one of four, is asked for at the last, {steps} later.",
    "agreement": "The verb at the end agrees with the noun, {steps} before it.",
    "adding": "The sum of two marked numbers is asked for, right within 0.04; the first of them is "
    "read {delay} or {sooner} steps before the end.",
}

BANDS = {
    "accuracy": "Accuracy, held out",
    "log10_left": "log10 of what reaches the step that decides",
}
SEEDS_TITLE = "Not one lucky draw"
STARTS_TITLE = "Other starts"


def heading(ships: bool) -> str:
    """What stands above the film."""
    return "A run that ships" if ships else "Your run"


def task(run: TrainingRun) -> str:
    """What is asked for, and how far back it lies."""
    made = run.settings.task_made()
    asked = _ASKED[made.name].format(
        steps=_counted(made.delay, "step"), delay=made.delay, sooner=made.delay - 1
    )
    return (
        f"{made.name.capitalize()}, sequences of $T = {made.T}$ steps. {asked} An answer that does "
        f"not look at the sequence is right in {100 * made.chance:.3g}% of all cases."
    )


def outcome(name: str, run: TrainingRun) -> str:
    """How a network answers in the end, and what reaches the step that decides."""
    last = run.checkpoints[-1]
    said = (
        f"**{name}**: {_when(last.update)} {last.accuracy:.1%} of the held-out answers are "
        f"right. {_left(last.log10_left)}"
    )
    if np.isfinite(last.cell_radius):
        first = run.checkpoints[0]
        said += (
            f" The spectral radius of $dc_t/dc_{{t-1}}$, median over the steps, went from "
            f"{first.cell_radius:.2f} to {last.cell_radius:.2f}."
        )
    return said


def order(name: str, run: TrainingRun) -> str:
    """Whether the signal reached the step that decides before the answers became right."""
    reached = _first(run, run.measures("log10_left") >= np.log10(REACHES))
    solved = _first(run, run.measures("accuracy") >= SOLVED)
    if reached is None:
        arrives = f"At no checkpoint does 1% of the {name}'s signal reach the step that decides"
    else:
        arrives = f"1% of the {name}'s signal first reaches the step that decides {_when(reached)}"
    if solved is None:
        return f"{arrives}; at no checkpoint are 90% of its answers right."
    return f"{arrives}; 90% of its answers are first right {_when(solved)}."


def seeds(curves: Mapping[str, SeedCurves], ships: bool) -> str:
    """How many of the seeds solve the task."""
    counts = [
        f"{np.sum(found.curves['accuracy'][:, -1] >= SOLVED)} of {len(found.seeds)} for the {name}"
        for name, found in curves.items()
    ]
    delay = next(iter(curves.values())).settings.delay
    which = "runs that ship" if ships else "run above"
    return (
        f"At the settings of the {which}, with delay {delay}: seeds from which at least 90% "
        f"of the answers are right in the end: {', '.join(counts)}."
    )


def starts(name: str, curves: Mapping[str, SeedCurves]) -> str:
    """From how many seeds of each start a network solves the task."""
    counts = [
        f"{START_LABELS[start]}: {np.sum(found.curves['accuracy'][:, -1] >= SOLVED)} of "
        f"{len(found.seeds)}"
        for start, found in curves.items()
    ]
    return (
        f"**{name}**, of the runs that ship: seeds from which at least 90% of the answers are "
        f"right in the end, by start. {'; '.join(counts)}."
    )


def made_from(name: str, run: TrainingRun) -> str:
    """What a run was made from."""
    s = run.settings
    activation = ", ReLU" if s.activation == "relu" else ""
    return (
        f"{name}: H = {s.hidden}{activation}, {', '.join(_method(s))}, batches of {s.batch}, start "
        f"{s.start}{_forget_bias(s)}, seed {s.seed}."
    )


def _method(s: TrainingSettings) -> Iterator[str]:
    """How a run was trained, part by part."""
    kind = "Adam" if s.optimiser == "adam" else f"gradient descent with momentum {s.momentum:g}"
    yield f"{kind} at rate {s.rate:g}"
    if s.clip_norm is not None:
        yield f"gradient norm at most {s.clip_norm:g}"
    if s.clip_value is not None:
        yield f"its numbers at most {s.clip_value:g}"
    if s.clip_norm is None and s.clip_value is None:
        yield "not clipped"
    if s.chunk is not None:
        yield f"graph cut {s.chunk} steps before the end"


def _forget_bias(s: TrainingSettings) -> str:
    if s.forget_bias is None:
        return ""
    said = s.forget_bias if isinstance(s.forget_bias, str) else f"{s.forget_bias:g}"
    return f" with forget bias {said}"


def _when(updates: int) -> str:
    return f"after {_counted(updates, 'update')}" if updates else "before any update"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _left(log10: float) -> str:
    if np.isnan(log10):
        return "Its signal is exactly zero from $k = 1$ on."
    if np.isneginf(log10):
        return "Nothing of its signal reaches the step that decides: the term is exactly zero."
    if log10 >= 0.0:
        times = f"{10.0**log10:.3g}" if log10 < _WRITTEN_OUT else f"$10^{{{log10:.1f}}}$"
        return f"Its signal at the step that decides is {times} times that of $k = 1$."
    if log10 > -_WRITTEN_OUT:
        return f"Of its signal {10.0**log10:.2%} reach the step that decides."
    return f"Of its signal $10^{{{log10:.1f}}}$ reach the step that decides."


def _first(run: TrainingRun, true_at: np.ndarray) -> int | None:
    """The updates of the first checkpoint at which something is true."""
    places = np.flatnonzero(true_at)
    return run.checkpoints[places[0]].update if len(places) else None
