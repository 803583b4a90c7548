"""The terms of both networks as CSV and NPZ."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import gradflow as gf
from gradflow.numerics.scaled import Array
from gradflow.ui.downloads.files import csv_file, digit_marks, npz_file
from gradflow.ui.downloads.packed_terms import HOW_TO_READ, packed
from gradflow.ui.shared.doubtful_terms import few_digits
from gradflow.ui.shared.experiment import Experiment, parameter_name
from gradflow.ui.shared.setting_fields import LONGEST_WHOLE
from gradflow.ui.shared.settings import Settings

CSV_HEADER = ("cell", "parameter", "t", "k", "j", "sign", "log10", "value", "few_digits")


def terms_csv(experiment: Experiment, settings: Settings) -> bytes:
    """The terms of the chosen parameter: in the RNN, and in each gate of the LSTM.

    One row a term, k <= t only, at full precision; log10 is -inf where the term is zero. few_digits
    is 1 where float64 has lost the term: it is then not exactly zero, nor of the size that it has.
    All parameters of 500 steps would be 1.9 million rows and 120 MB: `terms_npz` holds those. Of a
    longer sequence it has the chosen target step alone.
    """
    tables = (
        ((cell, name), (flow.sign(name), flow.log10(name), flow.value(name), _marks(flow, name)))
        for cell, flow, names in _chosen(experiment, settings)
        for name in names
    )
    return csv_file(CSV_HEADER, tables, settings.target_step(experiment.T))


def terms_npz(experiment: Experiment, settings: Settings) -> bytes:
    """The terms of every parameter, with the inputs and the settings. Loads without pickle.

    Arrays of shape (T, T) have target step t in row t - 1 and lag k in column k - 1. Their names
    are such as "rnn/w_s/log10", "lstm/w_xf/sign" and "lstm/forget_product/log10"; log10 is nan
    where k > t, and "rnn/w_s/few_digits" is 1 where float64 has lost the term. "x" is of shape (T,)
    and "settings" a JSON string.

    Of a sequence of more than 500 steps it has the chosen parameter alone, in both networks, and
    log10 as `packed_terms.packed` has it; "how_to_read" is Python that gives it back.
    """
    arrays = {"x": experiment.inputs.x} | (
        _packed(experiment, settings) if experiment.T > LONGEST_WHOLE else _plain(experiment)
    )
    return npz_file(arrays, settings)


def _plain(experiment: Experiment) -> dict[str, Array]:
    arrays = {"lstm/forget_product/log10": experiment.lstm.log10_forget_product()}
    for cell, flow in (("rnn", experiment.rnn), ("lstm", experiment.lstm)):
        for parameter in flow.parameters:
            name = f"{cell}/{parameter}"
            arrays[f"{name}/log10"] = flow.log10(parameter)
            arrays[f"{name}/sign"] = flow.sign(parameter)
            arrays[f"{name}/few_digits"] = _marks(flow, parameter)
    return arrays


def _marks(flow: gf.GradientFlow, name: str) -> Array:
    return digit_marks(few_digits(flow, name), flow.log10(name))


def _packed(experiment: Experiment, settings: Settings) -> dict[str, Array]:
    arrays = {"how_to_read": np.array(HOW_TO_READ)}
    for cell, flow, parameters in _chosen(experiment, settings):
        for parameter in parameters:
            name = f"{cell}/{parameter}"
            arrays |= _part(name, flow.log10(parameter), flow.sign(parameter))
            arrays[f"{name}/few_digits"] = _marks(flow, parameter)
    product = experiment.lstm.log10_forget_product()
    return arrays | _part("lstm/forget_product", product, np.isfinite(product).astype(np.int8))


def _part(name: str, log10: Array, sign: Array) -> dict[str, Array]:
    held = packed(log10) | {"sign": sign}
    return {f"{name}/{part}": array for part, array in held.items()}


def _chosen(
    experiment: Experiment, settings: Settings
) -> Iterator[tuple[str, gf.GradientFlow, tuple[str, ...]]]:
    """Each cell, its flow, and its names of the chosen parameter."""
    yield "rnn", experiment.rnn, (parameter_name(experiment.rnn, settings),)
    yield "lstm", experiment.lstm, experiment.lstm.cell.groups[settings.parameter]
