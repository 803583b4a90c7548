"""Reference values made in 60-digit arithmetic, read from `reference/*.json`."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from oracles import GATES, Problem

FOLDER = Path(__file__).parent / "reference"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))

INPUTS = {
    "ones": lambda n: np.ones(len(n)),
    "sine": lambda n: np.sin(3 * n / 7 + 1 / 3),
    "alternating": lambda n: (-1.0) ** n * (1 + n / 10),
}


@dataclass(frozen=True)
class Reference:
    """One case.

    Attributes
    ----------
    problem : Problem
        The cell, the input, the readout and the loss, all scalar.
    rows : dict
        Parameter name to {t: (sign, log10)}, arrays of shape (t,) by lag.
    states : dict
        Name of a state to (sign, log10), arrays of shape (T,); the first follows x[0].
    forget_product : dict
        {t: (sign, log10)} as in rows; empty for an RNN.
    """

    problem: Problem
    rows: dict
    states: dict
    forget_product: dict


def load(name):
    """The case of that name."""
    case = json.loads((FOLDER / f"{name}.json").read_text())
    states = {"cell_state": "c", "hidden_state": "h" if case["cell"] == "lstm" else "s"}
    return Reference(
        problem=_problem(case),
        rows={parameter: _rows(rows) for parameter, rows in case["rows"].items()},
        states={letter: _pairs(case[key]) for key, letter in states.items() if key in case},
        forget_product=_rows(case.get("forget_product", [])),
    )


def _problem(case):
    given = dict(case["parameters"])
    x = INPUTS[case["input"]](np.arange(case["T"]))
    w_o = given.pop("w_o")
    if case["cell"] == "lstm":
        b_o = 0.0
        weights = {
            "w_x": np.array([given[f"w_x{g}"] for g in GATES]).reshape(4, 1, 1),
            "w_h": np.array([given[f"w_h{g}"] for g in GATES]).reshape(4, 1, 1),
            "b": np.array([given[f"b_{g}"] for g in GATES]).reshape(4, 1),
        }
    else:
        b_o = given.pop("b_o")
        weights = {
            "w_x": np.array([[given["w_x"]]]),
            "w_s": np.array([[given["w_s"]]]),
            "b": np.array([given["b"]]),
        }
    return Problem(weights, x, w_o=w_o, b_o=b_o, loss="squared", target=case["target"], scalar=True)


def _rows(rows):
    by_step = rows.items() if isinstance(rows, dict) else enumerate(rows, start=1)
    return {int(t): _pairs(row) for t, row in by_step}


def _pairs(row):
    sign = np.array([pair[0] for pair in row], dtype=int)
    log10 = np.array([-np.inf if pair[1] is None else pair[1] for pair in row])
    return sign, log10
