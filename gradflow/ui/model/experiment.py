"""The runs of the chosen model: as it was read, and with another forget bias."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import gradflow as gf
from gradflow.analysis.forget_bias import with_forget_bias
from gradflow.analysis.signed_signals import SignedSignals
from gradflow.analysis.truncation import TruncationCurve
from gradflow.numerics.scaled import Array
from gradflow.ui.model import long_runs, questions, run_words, uploads, whole_loss, words
from gradflow.ui.model.model_run import Run
from gradflow.ui.model.objective import Objective
from gradflow.ui.model.panels import Seen, changed_title, is_changed
from gradflow.ui.model.questions import UnitReach
from gradflow.ui.model.settings import OWN, ModelSettings
from gradflow.ui.model.shipped import SHIPPED, Shipped, shipped_model
from gradflow.ui.model.uploads import Upload
from gradflow.ui.model.whole_loss import WholeLoss

Key = tuple[object, ...]


@dataclass(frozen=True, eq=False)
class ChosenModel:
    """The model that is shown, its source, and a key of its weights."""

    model: gf.Model
    source: Shipped | Upload
    weights: Key

    @property
    def key(self) -> Key:
        return (*self.weights, self.model.readout_layer)

    @property
    def shipped(self) -> Shipped | None:
        return self.source if isinstance(self.source, Shipped) else None

    @property
    def name(self) -> str:
        """Its name in titles and file names."""
        return self.source.name

    @property
    def title(self) -> str:
        """What it is."""
        return self.source.title if isinstance(self.source, Shipped) else self.source.name

    def with_readout(self, readout: str | None) -> ChosenModel:
        """The same weights with another readout."""
        if readout == self.model.readout_layer:
            return self
        if isinstance(self.source, Shipped):
            model = shipped_model(self.source.name, readout)
            return ChosenModel(model, self.source, self.weights)
        uploads.read_out_with(readout)
        return chosen_model(OWN)


def chosen_model(name: str) -> ChosenModel:
    """The model of a name. While the user has uploaded none, "own" is the first that ships."""
    own = uploads.uploaded()
    if name == OWN and own is not None:
        return ChosenModel(own.model, own.upload, (OWN, own.number))
    shipped = SHIPPED.get(name) or next(iter(SHIPPED.values()))
    readout = shipped_model(shipped.name, None).linear_layers[0]
    return ChosenModel(shipped_model(shipped.name, readout), shipped, (shipped.name,))


def runs(chosen: ChosenModel, aim: Objective, settings: ModelSettings) -> tuple[Run, ...]:
    """The run of the model as read and, unless it is the same, with the forget bias added.

    Raises
    ------
    StoppedError
        If a link asks for them, they cost time, and nobody said to begin.
    """
    cell, x, loss = chosen.model.cell, aim.given.x, aim.loss
    key = (*chosen.key, *aim.key)
    targets = (len(x),) if aim.last_alone else None
    both = [Run("flow", words.AS_READ, run_words.AS_READ, chosen.model, x, loss, key, targets)]
    if is_changed(cell, settings.added):
        changed = replace(chosen.model, cell=with_forget_bias(cell, settings.added))
        title = changed_title(cell, settings.added)
        label, changed_key = run_words.CHANGED.format(title=title), (*key, settings.added)
        both.append(Run("changed flow", title, label, changed, x, loss, changed_key, targets))
    long_runs.ask_first(both[-1].key, sum(run.seconds for run in both))
    if not long_runs.has("flow", key):
        for name in ("flow", "changed flow"):  # what goes first makes room
            long_runs.forget(name)
    return tuple(both)


def seen(
    both: tuple[Run, ...], settings: ModelSettings, parameter: str, layer: int
) -> tuple[Seen, ...]:
    """The terms that the page shows of each run, and their measures.

    Raises
    ------
    StoppedError, ValueError
        As `Run.ask`.
    """
    return tuple(
        Seen(
            run.title,
            run.ask(
                f"terms_{place}",
                run_words.TERMS_OF_RUN.format(title=run.title),
                questions.terms,
                parameter,
                layer,
            ),
            run.ask(
                f"reach_{place}",
                run_words.MEASURES_OF_RUN.format(title=run.title),
                questions.reach,
                parameter,
                layer,
                settings.window,
            ),
        )
        for place, run in enumerate(both)
    )


def with_digits(
    found: tuple[Seen, ...], both: tuple[Run, ...], parameter: str, layer: int
) -> tuple[Seen, ...]:
    """The same, and which terms have too few digits.

    Raises
    ------
    StoppedError, ValueError
        As `Run.ask`.
    """
    return tuple(
        replace(
            one,
            doubtful=run.ask(
                f"digits_{place}",
                run_words.DIGITS_OF_RUN.format(title=run.title),
                questions.doubtful,
                parameter,
                layer,
                runs_again=True,
            ),
        )
        for place, (one, run) in enumerate(zip(found, both, strict=True))
    )


def know_digits(both: tuple[Run, ...], parameter: str, layer: int) -> bool:
    """Whether the digits are known, or found before anyone waits for them."""
    return all(
        run.knows(f"digits_{place}", questions.doubtful, parameter, layer)
        for place, run in enumerate(both)
    )


def unit_reach(run: Run, t: int, layer: int) -> UnitReach:
    """The signal of one target, unit by unit.

    Raises
    ------
    StoppedError, ValueError
        As `Run.ask`.
    """
    return run.ask("units", run_words.UNITS, questions.unit_reach, t, layer)


def signed(run: Run, t: int, layer: int) -> SignedSignals:
    """The signed gradient of one target.

    Raises
    ------
    StoppedError, ValueError
        As `Run.ask`.
    """
    return run.ask("signed", run_words.SIGNED, questions.signed, t, layer)


def all_steps(run: Run, aim: Objective) -> WholeLoss:
    """The gradient of the losses of all steps together, with their weights.

    Raises
    ------
    StoppedError, ValueError
        As `Run.ask`.
    """
    return _whole_loss("all_steps", run_words.ALL_STEPS, run, aim.weights)


def one_step(run: Run, t: int) -> WholeLoss:
    """The gradient of the loss of one target step.

    Raises
    ------
    StoppedError, ValueError
        As `Run.ask`.
    """
    return _whole_loss("one_step", run_words.ONE_STEP, run, np.eye(len(run.x))[t - 1])


def truncated(run: Run, aim: Objective, cut: str) -> TruncationCurve:
    """The errors of truncated gradients of all steps together.

    Raises
    ------
    StoppedError, ValueError
        As `Run.ask`.
    """
    weights = tuple(aim.weights.tolist())
    return run.ask("truncation", run_words.LENGTHS, whole_loss.truncation_errors, weights, cut)


def _whole_loss(name: str, label: str, run: Run, weights: Array) -> WholeLoss:
    return run.ask(name, label, whole_loss.lengths, tuple(weights.tolist()))
