"""The files that the page "Your model" offers beside its pictures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import gradflow as gf
from gradflow.numerics.scaled import Array
from gradflow.ui.downloads.files import (
    csv_file,
    digit_marks,
    json_file,
    npz_file,
    square_csv_file,
)
from gradflow.ui.model.objective import Objective
from gradflow.ui.model.panels import Seen, is_changed
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.model.shipped import Shipped
from gradflow.ui.model.uploads import Upload

# log10 of terms, (T, T), and which have too few digits, by direction.
Squares = Mapping[str, tuple[Array, Array | None]]

STEM = "gradflow_model"
# What the runs are called, of which there may be the first alone.
_NAMES = ("as_read", "forget_bias_added")
# What a user can say of a file, by the arguments of `gradflow.load`.
_ANSWERS = ("prefix", "cell", "activation", "recurrent_activation", "gates", "direction", "merge")
CSV_HEADER = ("model", "layer", "parameter", "t", "k", "j", "log10", "few_digits")
SQUARE_CSV_HEADER = ("model", "layer", "direction", "parameter", "t", "j", "log10", "few_digits")


def terms_csv(seen: tuple[Seen, ...], layer: int, parameter: str, t: int) -> bytes:
    """A CSV of the terms of the runs; beyond 500 steps those of one target.

    few_digits is 1 where float64 has lost the term, 0 where not, and -1 where that is not known.

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
    tables = (
        ((name, layer, parameter), (one.log10, _marks(one.doubtful, one.log10)))
        for name, one in named
    )
    return csv_file(CSV_HEADER, tables, t)


def terms_npz(
    seen: tuple[Seen, ...], aim: Objective, settings: ModelSettings, parameter: str
) -> bytes:
    """The terms of the runs, the inputs, the targets, the weights and the settings.

    "as_read/log10" and "forget_bias_added/log10" are of shape (T, T), target step t in row t - 1
    and lag k in column k - 1, nan where k > t; of the last step alone (1, T). "as_read/few_digits"
    is of the same shape and as in `terms_csv`. Loads without pickle.
    """
    named = list(zip(_NAMES, seen, strict=False))
    terms = {f"{name}/log10": one.log10 for name, one in named}
    terms |= {f"{name}/few_digits": _marks(one.doubtful, one.log10) for name, one in named}
    return npz_file(terms | _arrays(aim) | {"parameter": np.array(parameter)}, settings)


def _marks(doubtful: Array | None, log10: Array) -> Array:
    if doubtful is None:
        return np.full(log10.shape, -1, np.int8)
    return digit_marks(doubtful, log10)


def squares_csv(squares: Squares, layer: int, parameter: str) -> bytes:
    """A CSV of the terms of layers that read both ways; beyond 500 steps those of the last target.

    few_digits is as in `terms_csv`.

    Parameters
    ----------
    squares : mapping
        log10 of the terms, and which have too few digits, by direction; "inputs" for those of the
        inputs.
    layer, parameter
        Which terms they are.
    """
    tables = (
        ((_NAMES[0], layer, way, parameter), (log10, _marks(doubtful, log10)))
        for way, (log10, doubtful) in squares.items()
    )
    return square_csv_file(SQUARE_CSV_HEADER, tables)


def squares_npz(squares: Squares, aim: Objective, settings: ModelSettings, parameter: str) -> bytes:
    """The same terms, the inputs, the targets, the weights and the settings.

    "as_read/forward/log10" and "as_read/reverse/log10" are of shape (T, T), target step t in row
    t - 1 and source step j in column j - 1, nan where there is no term; of the last step alone
    (1, T). Of the inputs "as_read/inputs/log10". "few_digits" beside each is as in `terms_csv`.
    Loads without pickle.
    """
    terms = {f"{_NAMES[0]}/{way}/log10": log10 for way, (log10, _) in squares.items()}
    terms |= {
        f"{_NAMES[0]}/{way}/few_digits": _marks(d, log10) for way, (log10, d) in squares.items()
    }
    return npz_file(terms | _arrays(aim) | {"parameter": np.array(parameter)}, settings)


def settings_json(settings: ModelSettings, aim: Objective) -> bytes:
    """All settings with the version of their link, and what was read; never the weights."""
    return json_file(settings, {name: array.tolist() for name, array in _arrays(aim).items()})


def snippet(
    source: Shipped | Upload,
    model: gf.Model,
    settings: ModelSettings,
    aim: Objective,
    terms: tuple[int, str],
) -> str:
    """Python code that computes the same: `flow`, `gradient` of all steps together, and `changed`.

    Numbers of the user's own are read from the JSON file that is offered beside it.

    Parameters
    ----------
    source : Shipped or Upload
        Where the model is from.
    model : Model
        The model as read.
    settings : ModelSettings
        The page's settings.
    aim : Objective
        The loss, and what the model reads.
    terms : tuple of int and str
        Layer and parameter of the heatmaps.
    """
    layer, parameter = terms
    compared = is_changed(model.cell, settings.added)
    last = settings.last or aim.last_alone
    targets = _targets(aim)
    lines = [
        *(["import json"] if aim.given.own else []),
        *(["from dataclasses import replace"] if compared else []),
        *(["from pathlib import Path"] if aim.given.own else []),
        *([""] if compared or aim.given.own else []),
        "import numpy as np",
        "",
        "import gradflow as gf",
        *(["from gradflow.analysis.forget_bias import with_forget_bias"] if compared else []),
        "",
        f"model = gf.load({_arguments(source, model.readout_layer)})",
        *_inputs(source, model, settings, aim),
        *_loss(model, aim),
        f"flow = gf.gradient_flow(model, x, loss=loss{targets})",
        *(
            [
                f"changed_cell = with_forget_bias(model.cell, {float(settings.added)!r})",
                "changed_model = replace(model, cell=changed_cell)",
                f"changed = gf.gradient_flow(changed_model, x, loss=loss{targets})",
            ]
            if compared
            else []
        ),
        *_weights(settings, aim),
        "gradient = gf.training_gradient(model, x, loss, weights)",
        "",
        "t = flow.T  # target step" if last else f"t = min({settings.t}, flow.T)",
        "k = t  # lag, here the oldest: step 1",
        f'print(flow.log10("{parameter}"{_layer(parameter, layer)})[flow.index_of(t), k - 1])',
    ]
    return "\n".join(lines) + "\n"


def snippet_both_ways(
    source: Shipped | Upload,
    model: gf.Model,
    settings: ModelSettings,
    aim: Objective,
    terms: tuple[int, str],
) -> str:
    """Python code that computes the terms of layers that read in both directions.

    Parameters
    ----------
    source, model, settings, aim
        As for `snippet`.
    terms : tuple of int and str
        Layer and parameter of the heatmaps.
    """
    layer, parameter = terms
    directions = model.cell.directions(layer)
    asked = [f'"{parameter}"', *([f"layer={layer}"] if parameter != "x" else [])]
    if parameter != "x" and len(directions) > 1:
        asked.append('direction="reverse"')
    imports = ["import json", "from pathlib import Path", ""] if aim.given.own else []
    rows = "the last step" if aim.last_alone else "target step t in row t - 1"
    lines = [
        *imports,
        "import numpy as np",
        "",
        "import gradflow as gf",
        "",
        f"model = gf.load({_arguments(source, model.readout_layer)})",
        *_inputs(source, model, settings, aim),
        *_loss(model, aim),
        f"flow = gf.gradient_flow(model, x, loss=loss{_targets(aim)})",
        f"print(flow.log10({', '.join(asked)}))  # {rows}, source j in j - 1",
    ]
    return "\n".join(lines) + "\n"


def _arrays(aim: Objective) -> dict[str, Array]:
    """What the model read, by name."""
    target = {} if aim.given.target is None else {"target": aim.given.target}
    return {"x": aim.given.x, **target, "weights": aim.weights}


def _arguments(source: Shipped | Upload, readout: str | None) -> str:
    if isinstance(source, Shipped):
        path, said = f"gf.models.path({source.name!r})", {}
    else:
        path, said = repr(source.name), {name: getattr(source, name) for name in _ANSWERS}
    given = {name: value for name, value in said.items() if value is not None}
    given["readout"] = readout  # also where it is None: the sum, though a linear layer may fit
    return ", ".join([path, *(f"{name}={value!r}" for name, value in given.items())])


def _targets(aim: Objective) -> str:
    return ', targets="last"' if aim.last_alone else ""


def _layer(parameter: str, layer: int) -> str:
    return "" if parameter == "x" else f", layer={layer}"


def _inputs(
    source: Shipped | Upload, model: gf.Model, settings: ModelSettings, aim: Objective
) -> list[str]:
    T, D = aim.given.x.shape
    if aim.given.words is not None and isinstance(source, Shipped):
        text = "".join(" " if word == "␣" else word for word in aim.given.words)
        if aim.kind == "next" and aim.given.target is not None:
            text += source.symbols[int(aim.given.target[-1])]
        return [
            f"symbols = {source.symbols!r}",
            f"text = {text!r}",
            "x = np.eye(len(symbols))[[symbols.index(symbol) for symbol in text]]",
        ]
    if aim.given.own:
        return [f'read = json.loads(Path("{STEM}.json").read_text())', 'x = np.array(read["x"])']
    T += aim.given.masked
    if model.embedding is not None:
        T += aim.kind == "next"  # the last is a target alone
        tokens = len(model.embedding)
        return [
            f"x = np.random.default_rng({settings.seed}).integers({tokens}, size={T})",
            *([f"x = x[{settings.skip}:]  # the others are masked"] if settings.skip else []),
            *(["x = x[model.embedding[x].any(axis=1)]"] if settings.padding else []),
        ]
    noise = f"x = np.random.default_rng({settings.seed}).standard_normal(({T}, {D}))"
    return [
        noise,
        *([f"x = x[{settings.skip}:]  # the others are masked"] if settings.skip else []),
    ]


def _loss(model: gf.Model, aim: Objective) -> list[str]:
    if aim.kind == "output":
        return [f"loss = gf.UnitLoss({'' if aim.output is None else aim.output})"]
    if aim.kind == "next" and not aim.given.own:
        target = "x[1:]" if model.embedding is not None else "gf.sequences.next_symbols(x)"
        return [f"loss = gf.SoftmaxCrossEntropy({target})", "x = x[:-1]"]
    target = 'np.array(read["target"])'
    if aim.kind in ("squared", "binary") and model.readout.w_o.ndim == 2:
        target += "[:, None]"
    names = {"squared": "SquaredError", "binary": "BinaryCrossEntropy"}
    return [f"loss = gf.{names.get(aim.kind, 'SoftmaxCrossEntropy')}({target})"]


def _weights(settings: ModelSettings, aim: Objective) -> list[str]:
    if aim.given.weights is not None:
        return ['weights = np.array(read["weights"])']
    if settings.steps == "last":
        return ["weights = np.eye(len(x))[-1]"]
    weight = "1 / len(x)" if settings.weights == "mean" else "1.0"
    return [f"weights = np.full(len(x), {weight})"]
