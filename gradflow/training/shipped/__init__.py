"""Runs that ship: for each task an LSTM and an RNN that train on the same, and what ten seeds gave.

Beside them, for two tasks, what the same networks learn from other starts.

`python -m gradflow.training.record_shipped` trains them anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gradflow.numerics.validation import one_of
from gradflow.training.run_files import load_run
from gradflow.training.runs import TrainingRun
from gradflow.training.seeds import SeedCurves, load_curves
from gradflow.training.settings import TrainingSettings

FOLDER = Path(__file__).parent
SEEDS = range(10)

_LONG: dict[str, Any] = {"hidden": 16, "every": 25, "updates": 300, "rate": 0.004}

# The LSTM of each task; the RNN trains as long, at the same rate, from the default start.
SETTINGS = MappingProxyType(
    {
        "recall": TrainingSettings("recall", 50, forget_bias="chrono", **_LONG),
        "agreement": TrainingSettings("agreement", 60, forget_bias="chrono", **_LONG),
        "adding": TrainingSettings(
            "adding",
            40,
            forget_bias="chrono",
            **{**_LONG, "updates": 1500, "every": 75, "rate": 0.01},
        ),
    }
)
CELLS = MappingProxyType({"RNN": "rnn", "LSTM": "lstm"})

# What each network starts from instead, and from how many seeds; the adding task trains too long.
STARTS: Mapping[str, Mapping[str, dict[str, Any]]] = MappingProxyType(
    {
        "RNN": {
            "orthogonal": {"start": "orthogonal"},
            "identity": {"start": "identity", "activation": "relu"},
        },
        "LSTM": {
            "default": {"forget_bias": None},
            "orthogonal": {"start": "orthogonal", "forget_bias": None},
            "forget_bias_1": {"forget_bias": 1.0},
        },
    }
)
START_SEEDS = range(5)
WITH_STARTS = ("recall", "agreement")

# The start of the runs above.
_USUAL = MappingProxyType({"RNN": "default", "LSTM": "chrono"})


def runs_of(task: str) -> dict[str, TrainingRun]:
    """The run of an RNN and that of an LSTM, from seed 0.

    Parameters
    ----------
    task : {"recall", "agreement", "adding"}

    Returns
    -------
    dict
        "RNN" and "LSTM".

    Raises
    ------
    ValueError
        If no run of that task ships.

    Examples
    --------
    >>> from gradflow.training import shipped
    >>> shipped.runs_of("recall")["LSTM"].settings.delay
    50
    """
    one_of("task", task, SETTINGS)
    return {name: load_run(path(task, cell)) for name, cell in CELLS.items()}


def curves_of(task: str) -> dict[str, SeedCurves]:
    """The measures of the same from ten seeds; asked for and refused as `runs_of` is.

    Examples
    --------
    >>> from gradflow.training import shipped
    >>> len(shipped.curves_of("recall")["RNN"].seeds)
    10
    """
    one_of("task", task, SETTINGS)
    return {name: load_curves(path(task, cell, "seeds")) for name, cell in CELLS.items()}


def starts_of(task: str, network: str) -> dict[str, SeedCurves]:
    """The measures of a network from several starts: from ten seeds its own, from five the others.

    Parameters
    ----------
    task : {"recall", "agreement"}
    network : {"RNN", "LSTM"}

    Returns
    -------
    dict
        By the start's name; "identity" is that of an RNN of ReLU.

    Raises
    ------
    ValueError
        If no starts of that task or network ship.

    Examples
    --------
    >>> from gradflow.training import shipped
    >>> list(shipped.starts_of("recall", "LSTM"))
    ['chrono', 'default', 'orthogonal', 'forget_bias_1']
    """
    one_of("task", task, WITH_STARTS)
    one_of("network", network, STARTS)
    cell = CELLS[network]
    own = {_USUAL[network]: load_curves(path(task, cell, "seeds"))}
    return own | {name: load_curves(path(task, cell, name)) for name in STARTS[network]}


def path(task: str, cell: str, kind: str = "run") -> Path:
    """The file of a run, of its seeds, or of the seeds of another start."""
    return FOLDER / f"{task}_{cell}_{kind}.npz"
