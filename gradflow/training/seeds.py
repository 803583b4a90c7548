"""The same training from several seeds: what is the network's, and what is luck."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen, one_of
from gradflow.training.checkpoints import MEASURES
from gradflow.training.run_files import LIMIT, settings_from
from gradflow.training.runs import TrainingRun, train
from gradflow.training.settings import TrainingSettings
from gradflow.weights.npz_records import check_holds, record_arrays


@dataclass(frozen=True, eq=False, repr=False)
class SeedCurves:
    """The measures of runs that differ in their seed. Made by `over_seeds`.

    Attributes
    ----------
    settings : TrainingSettings
        Those of the first run.
    seeds : tuple of int
    curves : mapping
        Each measure of `Checkpoint`, (seeds, checkpoints); nan after a run diverged.
    """

    settings: TrainingSettings
    seeds: tuple[int, ...]
    curves: Mapping[str, Array]

    def __repr__(self) -> str:
        return (
            f"SeedCurves({self.settings.task}, {self.settings.cell}, {len(self.seeds)} seeds, "
            f"{self.curves['update'].shape[1]} checkpoints)"
        )

    def band(self, name: str, low: float = 0.1, high: float = 0.9) -> Array:
        """The lower quantile, the median and the upper quantile of a measure at each checkpoint.

        Parameters
        ----------
        name : str
            An attribute of `Checkpoint` that is a number.
        low, high : float
            The quantiles.

        Returns
        -------
        array of shape (3, checkpoints)

        Raises
        ------
        ValueError
            If there is no such measure.
        """
        one_of("name", name, MEASURES)
        curves, wanted = self.curves[name], (low, 0.5, high)
        # A checkpoint at which no run has the measure has none.
        told = ~np.isnan(curves).all(axis=0)
        found = np.full((3, curves.shape[1]), np.nan)
        with np.errstate(invalid="ignore"):
            found[:, told] = np.nanquantile(curves[:, told], wanted, axis=0)
        # Beside an infinite number there is none in between: the lower of the two stands.
        lower = np.nanquantile(curves[:, told], wanted, axis=0, method="lower")
        found[:, told] = np.where(np.isnan(found[:, told]), lower, found[:, told])
        return frozen(found)


def over_seeds(
    settings: TrainingSettings, seeds: Iterable[int], executor: Executor | None = None
) -> SeedCurves:
    """Train from several seeds.

    Parameters
    ----------
    settings : TrainingSettings
        Of every run, but for the seed.
    seeds : iterable of int
        Each from 0 on, at least one.
    executor : concurrent.futures.Executor, optional
        Where to train; here, one after the other, unless given.

    Returns
    -------
    SeedCurves

    Raises
    ------
    ValueError
        If a seed is not such.

    Examples
    --------
    >>> from gradflow import training
    >>> settings = training.TrainingSettings("agreement", delay=4, hidden=4, updates=20, every=10)
    >>> training.over_seeds(settings, range(3))
    SeedCurves(agreement, lstm, 3 seeds, 3 checkpoints)
    """
    every = [dataclasses.replace(settings, seed=seed) for seed in seeds]
    if not every:
        raise ValueError("seeds must hold at least one seed. Got none.")
    runs = list(map(train, every) if executor is None else executor.map(train, every))
    return seed_curves(runs)


def seed_curves(runs: list[TrainingRun]) -> SeedCurves:
    """The measures of runs whose checkpoints fall on the same updates."""
    most = max(len(run.checkpoints) for run in runs)
    curves = {}
    for name in MEASURES:
        rows = np.full((len(runs), most), np.nan)
        for row, run in zip(rows, runs, strict=True):
            row[: len(run.checkpoints)] = run.measures(name)
        curves[name] = frozen(rows)
    return SeedCurves(
        runs[0].settings, tuple(run.settings.seed for run in runs), MappingProxyType(curves)
    )


def save_curves(curves: SeedCurves, path: str | os.PathLike[str]) -> None:
    """Write the measures of several seeds to an .npz file, which `load_curves` reads."""
    settings = json.dumps(dataclasses.asdict(curves.settings))
    arrays: dict[str, Any] = {"settings": settings, "seeds": curves.seeds, **curves.curves}
    np.savez_compressed(path, **arrays)


def load_curves(path: str | os.PathLike[str]) -> SeedCurves:
    """Read what `save_curves` wrote.

    Raises
    ------
    ValueError
        If the file is not such, or is damaged.
    """
    arrays = record_arrays("Curves", Path(path).read_bytes(), LIMIT)
    check_holds("Curves", arrays, {"settings", "seeds", *MEASURES})
    shapes = {arrays[name].shape for name in MEASURES}
    if len(shapes) > 1 or any(arrays[name].dtype.kind != "f" for name in MEASURES):
        raise ValueError("Curves must hold numbers for every seed and checkpoint.")
    return SeedCurves(
        settings_from(arrays),
        tuple(arrays["seeds"].tolist()),
        MappingProxyType({name: frozen(arrays[name]) for name in MEASURES}),
    )
