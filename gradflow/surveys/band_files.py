"""The bands of a survey as files: a CSV, a row for each lag, and an .npz of arrays."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.surveys.distributions import Bands

# What the numbers of a file are counted in, by the ending of an array's name.
UNITS = {
    "log10": "log10 of the size of a term of b over the first of its row that is not 0",
    "first_lags": "steps; 1 is the target step itself",
    "last_lags": "steps",
    "terms": "terms of all sequences and targets",
    "quantiles": "shares of the terms, 0 to 1",
}

# The endings of the files.
BAND_FILES = (".csv", ".npz")

_HEADER = ("model", "layer", "cell", "first_lag_in_steps", "last_lag_in_steps", "terms")


def bands_file(
    ending: str, model: str, sequences: int, bands: Sequence[tuple[str, Bands]]
) -> bytes:
    """The file of an ending.

    Parameters
    ----------
    ending : {".csv", ".npz"}
        Its kind.
    model : str
        The model's name.
    sequences : int
        How many the bands are of.
    bands : sequence of (cell, Bands)
        Of each layer, that next to the input first; all of the same quantiles.
    """
    return _csv(model, bands) if ending == ".csv" else _npz(model, sequences, bands)


def _csv(model: str, bands: Sequence[tuple[str, Bands]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    quantiles = bands[0][1].quantiles
    writer.writerow([*_HEADER, *(f"log10_relative_size_q{q:g}" for q in quantiles)])
    for layer, (cell, found) in enumerate(bands):
        counted = zip(found.first_lags, found.last_lags, found.counts, strict=True)
        for lags, sizes in zip(counted, found.log10.T.tolist(), strict=True):
            writer.writerow([model, layer, cell, *map(int, lags), *sizes])
    return text.getvalue().encode()


def _npz(model: str, sequences: int, bands: Sequence[tuple[str, Bands]]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **_arrays(model, sequences, bands))
    return file.getvalue()


def _arrays(model: str, sequences: int, bands: Sequence[tuple[str, Bands]]) -> dict[str, Array]:
    arrays = {
        "model": np.array(model),
        "layers": np.array([cell for cell, _ in bands]),
        "sequences": np.array(sequences),
        "quantiles": bands[0][1].quantiles,
        "units": np.array(json.dumps(UNITS)),
    }
    for layer, (_, found) in enumerate(bands):
        arrays |= {
            f"{layer}/first_lags": found.first_lags,
            f"{layer}/last_lags": found.last_lags,
            f"{layer}/log10": found.log10,
            f"{layer}/terms": found.counts,
        }
    return arrays
