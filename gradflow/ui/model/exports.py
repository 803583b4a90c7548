"""The files that the page "Your model" offers beside its pictures."""

from __future__ import annotations

import numpy as np

from gradflow.ui.downloads.files import csv_file, json_file, npz_file
from gradflow.ui.model.panels import Seen
from gradflow.ui.model.sequence import Sequence
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.model.shipped import Shipped
from gradflow.ui.model.uploads import Upload

STEM = "gradflow_model"
# What the runs are called, of which there may be the first alone.
_NAMES = ("as_read", "forget_bias_added")
CSV_HEADER = ("model", "layer", "parameter", "t", "k", "j", "log10")


def terms_csv(seen: tuple[Seen, ...], layer: int, parameter: str, t: int) -> bytes:
    """A CSV of the terms that the heatmaps show; beyond 500 steps those of one target.

    Parameters
    ----------
    seen : tuple of Seen
        The runs.
    layer, parameter
        Which terms they are.
    t : int
        The chosen target step.
    """
    named = zip(_NAMES, seen, strict=False)
    tables = (((name, layer, parameter), (one.log10,)) for name, one in named)
    return csv_file(CSV_HEADER, tables, t)


def terms_npz(
    seen: tuple[Seen, ...], sequence: Sequence, settings: ModelSettings, parameter: str
) -> bytes:
    """The terms that the heatmaps show, the inputs and the settings.

    "as_read/log10" and "forget_bias_added/log10" are of shape (T, T), target step t in row t - 1
    and lag k in column k - 1, nan where k > t. Loads without pickle.
    """
    terms = {f"{name}/log10": one.log10 for name, one in zip(_NAMES, seen, strict=False)}
    return npz_file(terms | {"x": sequence.x, "parameter": np.array(parameter)}, settings)


def settings_json(settings: ModelSettings, sequence: Sequence) -> bytes:
    """All settings with the version of their link, and the inputs; never the weights."""
    return json_file(settings, {"x": sequence.x.tolist()})


def snippet(
    source: Shipped | Upload,
    readout: str | None,
    settings: ModelSettings,
    sequence: Sequence,
    layer: int,
    parameter: str,
) -> str:
    """Python code that computes the same terms: `flow`, and `changed` with the forget bias added.

    Inputs of the user's own are read from the JSON file that is offered beside it.
    """
    compared = settings.added != 0.0
    lines = [
        *(["from dataclasses import replace", ""] if compared else []),
        *(["import json", ""] if sequence.own else []),
        "import numpy as np",
        "",
        "import gradflow as gf",
        *(["from gradflow.analysis.forget_bias import with_forget_bias"] if compared else []),
        "",
        f"model = gf.load({_arguments(source, readout)})",
        *_inputs(source, settings, sequence),
        "flow = gf.gradient_flow(model, x)",
        *(
            [
                f"changed_cell = with_forget_bias(model.cell, {float(settings.added)!r})",
                "changed = gf.gradient_flow(replace(model, cell=changed_cell), x)",
            ]
            if compared
            else []
        ),
        "",
        "t = flow.T  # target step" if settings.last else f"t = min({settings.t}, flow.T)",
        "k = t  # lag, here the oldest: step 1",
        f'print(flow.log10("{parameter}"{_layer(parameter, layer)})[t - 1, k - 1])',
    ]
    return "\n".join(lines) + "\n"


def _arguments(source: Shipped | Upload, readout: str | None) -> str:
    if isinstance(source, Shipped):
        path, said = f"gf.models.path({source.name!r})", {}
    else:
        names = ("prefix", "cell", "activation", "recurrent_activation", "gates")
        path, said = repr(source.name), {name: getattr(source, name) for name in names}
    given = {
        name: value for name, value in {**said, "readout": readout}.items() if value is not None
    }
    return ", ".join([path, *(f"{name}={value!r}" for name, value in given.items())])


def _layer(parameter: str, layer: int) -> str:
    return "" if parameter == "x" else f", layer={layer}"


def _inputs(source: Shipped | Upload, settings: ModelSettings, sequence: Sequence) -> list[str]:
    T, D = sequence.x.shape
    if sequence.words is not None and isinstance(source, Shipped):
        text = "".join(" " if word == "␣" else word for word in sequence.words)
        return [
            f"symbols = {source.symbols!r}",
            f"text = {text!r}",
            "x = np.eye(len(symbols))[[symbols.index(symbol) for symbol in text]]",
        ]
    if sequence.own:
        return [f'x = np.array(json.load(open("{STEM}.json"))["x"])']
    return [f"x = np.random.default_rng({settings.seed}).standard_normal(({T}, {D}))"]
