"""`Survey`: what many sequences say of one model, in a record whose size they do not change."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gradflow.analysis.truncation import TruncationCurve
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import finite_array, one_of, shown, whole_number
from gradflow.surveys.band_files import BAND_FILES, bands_file
from gradflow.surveys.counts import MEASURE_WIDTH, Counts
from gradflow.surveys.distributions import (
    Bands,
    Distribution,
    LagHistogram,
    bands_of,
    distribution_of,
    histogram_of,
)
from gradflow.surveys.mean_gradients import SummedGradients
from gradflow.surveys.record_files import arrays_of, fields_of, read_fields, write_fields
from gradflow.surveys.settings import VERDICTS, SurveySettings, is_whole

# Failures that are named; all are counted.
NAMED = 100

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, eq=False, repr=False)
class Survey:
    """What the sequences of a data set say of one model. Made by `survey`.

    Records of one model add up: `a + b` is the record of the sequences of both. Counts add up
    exactly, in any order and any grouping; the sums of gradients to rounding.

    Attributes
    ----------
    settings : SurveySettings
        The model, and the lags after which a gradient is cut.
    count : int
        Sequences that went well.
    failed : int
        Sequences that did not.
    failures : tuple of pairs
        The name of each that failed and why, of at most 100.

    See Also
    --------
    survey : Makes it.

    Examples
    --------
    >>> import numpy as np
    >>> import gradflow as gf
    >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
    >>> seen = gf.survey(rnn, np.ones((3, 40)), gf.UnitLoss(), "last")
    >>> seen
    Survey(RNN(H=1, D=1, activation='identity'), 3 sequences, 0 failed)
    >>> (seen + seen).count
    6
    """

    settings: SurveySettings
    count: int
    failed: int
    failures: tuple[tuple[str, str], ...]
    _terms: Counts
    _signs: Counts
    _measures: Counts
    _gradients: SummedGradients

    def __repr__(self) -> str:
        layers, number = ", ".join(self.layers), "1 sequence"
        if self.count != 1:
            number = f"{self.count} sequences"
        return f"Survey({layers}, {number}, {self.failed} failed)"

    def __reduce__(self) -> Any:
        return _from_arrays, (arrays_of(vars(self)),)  # its arrays stay read-only on the way

    def __add__(self, other: Survey) -> Survey:
        if not isinstance(other, Survey):
            return NotImplemented
        if self.settings != other.settings:
            raise ValueError(
                "Surveys that are added up must be of one model and of the same lengths. Got "
                f"{self.settings} and {other.settings}."
            )
        failures = sorted((*self.failures, *other.failures), key=_order)[:NAMED]
        return Survey(
            self.settings,
            self.count + other.count,
            self.failed + other.failed,
            tuple(failures),
            self._terms + other._terms,
            self._signs + other._signs,
            self._measures + other._measures,
            self._gradients + other._gradients,
        )

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers, that next to the input first.

        Examples
        --------
        >>> import gradflow as gf
        >>> gf.survey(gf.RNN(0.5, 0.9), [[1.0, 2.0]]).layers
        ('RNN(H=1, D=1)',)
        """
        return self.settings.layers

    @property
    def lengths(self) -> tuple[int, ...]:
        """Lags after which a gradient is cut.

        Examples
        --------
        >>> import gradflow as gf
        >>> gf.survey(gf.RNN(0.5, 0.9), [[1.0, 2.0]], lengths=[1, 2]).lengths
        (1, 2)
        """
        return self.settings.lengths

    @property
    def mean_gradient(self) -> Mapping[str, Array]:
        """The mean gradient of every array of the cell's weights, in its shape.

        Examples
        --------
        >>> import gradflow as gf
        >>> seen = gf.survey(gf.RNN(0.5, 0.9), [[1.0, 2.0], [0.0, 0.5]], gf.UnitLoss())
        >>> round(float(seen.mean_gradient["w_x"]), 4)
        0.9127
        """
        self._check_some()
        return self._gradients.mean(self.settings, self.count)

    def histogram(self, layer: int | None = None) -> LagHistogram:
        """How many terms of each size there are at each lag, and how many of each sign.

        Parameters
        ----------
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        LagHistogram

        Raises
        ------
        ValueError
            If the layer is unknown.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, -0.5, activation="identity")
        >>> found = gf.survey(rnn, np.ones((3, 4)), gf.UnitLoss(), "last").histogram()
        >>> found.counts.sum(axis=1).tolist(), found.negative.tolist()
        ([3, 3, 3, 3], [0, 3, 0, 3])
        """
        number = self._layer(layer)
        return histogram_of(self._terms.under(number), self._signs.under(number))

    def bands(self, layer: int | None = None, quantiles: Sequence[float] = QUANTILES) -> Bands:
        """Quantiles of the sizes of the terms, by lag.

        Parameters
        ----------
        layer : int, optional
            As for `histogram`.
        quantiles : sequence of float
            From 0 to 1.

        Returns
        -------
        Bands

        Raises
        ------
        ValueError
            If the layer is unknown, or a quantile out of its range.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.1, activation="identity")
        >>> found = gf.survey(rnn, np.ones((3, 4)), gf.UnitLoss(), "last").bands()
        >>> found.log10[2].tolist()  # the median
        [0.0, -1.0, -2.0, -3.0]
        """
        levels = finite_array("quantiles", quantiles)
        if levels.ndim != 1 or not ((levels >= 0.0) & (levels <= 1.0)).all():
            raise ValueError(f"quantiles must be numbers from 0 to 1. Got {shown(quantiles)}.")
        return bands_of(self._terms.under(self._layer(layer)), levels)

    def save_bands(
        self,
        path: str | os.PathLike[str],
        model: str = "model",
        quantiles: Sequence[float] = QUANTILES,
    ) -> None:
        """Write the bands of all layers to a .csv or an .npz file.

        The .npz holds "model", "layers", "sequences", "quantiles", "units" (JSON: what the numbers
        are counted in), and of layer 0 "0/first_lags", "0/last_lags", "0/log10" and "0/terms", of
        the shapes that `Bands` has. The .csv has a row for each layer and lag, and a column for
        each quantile.

        Parameters
        ----------
        path : path
            The file, whose ending says which of both.
        model : str
            The model's name, which the file holds.
        quantiles : sequence of float
            As for `bands`.

        Raises
        ------
        ValueError
            If the path ends otherwise, or as for `bands`.

        See Also
        --------
        Survey.bands : The numbers.
        Survey.save : Writes the whole record, which can be read back and added up.

        Examples
        --------
        >>> import json, tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.1, activation="identity")
        >>> seen = gf.survey(rnn, np.ones((3, 4)), gf.UnitLoss(), "last")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     seen.save_bands(Path(folder) / "bands.npz", model="tenfold", quantiles=[0.5])
        ...     with np.load(Path(folder) / "bands.npz") as file:
        ...         print(file["model"], file["layers"][0], file["0/log10"].tolist())
        ...         print(json.loads(str(file["units"]))["last_lags"])
        tenfold RNN(H=1, D=1, activation='identity') [[0.0, -1.0, -2.0, -3.0]]
        steps
        """
        ending = Path(path).suffix
        one_of("The ending of path", ending, BAND_FILES)
        bands = [(cell, self.bands(n, quantiles)) for n, cell in enumerate(self.layers)]
        Path(path).write_bytes(bands_file(ending, model, self.count, bands))

    def distribution(
        self, measure: str, at: float | None = None, layer: int | None = None
    ) -> Distribution:
        """How a measure is distributed over the sequences.

        Parameters
        ----------
        measure : str
            "steps", "first", "fall", "fall_steps", "tail_decay", "tail_half_life", "left",
            "horizon" and "share_beyond", as docs/survey.md defines them.
        at : float, optional
            The share of a horizon: 0.5, 0.1, 0.01, 0.001 or 0.0001; or the lag of a share beyond,
            one of `lengths`.
        layer : int, optional
            As for `histogram`.

        Returns
        -------
        Distribution

        Raises
        ------
        ValueError
            If the measure or the layer is unknown, or the measure is not counted at `at`.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.5, activation="identity")
        >>> seen = gf.survey(rnn, np.ones((3, 40)), gf.UnitLoss(), "last")
        >>> seen.distribution("horizon", 0.01).quantile(0.5)
        7.0
        """
        number = self._layer(layer)
        name = self.settings.measure_asked(measure, at)
        places, bins, counts = self._measures.under(number)
        some = places == self.settings.measures.index(name)
        whole = is_whole(name)
        width = None if whole else MEASURE_WIDTH
        return distribution_of(bins[some], counts[some], width)

    def verdicts(self, layer: int | None = None) -> Mapping[str, int]:
        """How many sequences have each verdict.

        Parameters
        ----------
        layer : int, optional
            As for `histogram`.

        Returns
        -------
        mapping
            "vanishing", "stable" and "exploding" to a number of sequences.

        Raises
        ------
        ValueError
            If the layer is unknown.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> seen = gf.survey(gf.RNN(1.0, 0.5), np.ones((3, 40)), targets="last")
        >>> dict(seen.verdicts())
        {'vanishing': 3, 'stable': 0, 'exploding': 0}
        """
        places, bins, counts = self._measures.under(self._layer(layer))
        found = dict(zip(bins[places == 0].tolist(), counts[places == 0].tolist(), strict=True))
        return MappingProxyType({name: found.get(n, 0) for n, name in enumerate(VERDICTS)})

    def window_curve(self) -> TruncationCurve:
        """How like the mean of the gradients of sliding windows is to the mean gradient.

        Returns
        -------
        TruncationCurve
            For the windows `lengths`.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> seen = gf.survey(rnn, np.zeros((3, 20)), gf.UnitLoss(), lengths=[5, 10])
        >>> seen.window_curve().together.relative_error.round(3).tolist()
        [0.383, 0.119]
        """
        self._check_some()
        return self._gradients.curve(self.settings, "window")

    def chunk_curve(self) -> TruncationCurve:
        """How like the mean of the gradients of detached chunks is to the mean gradient.

        Returns
        -------
        TruncationCurve
            For the chunks `lengths`.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> seen = gf.survey(rnn, np.zeros((3, 20)), gf.UnitLoss(), lengths=[5, 10])
        >>> seen.chunk_curve().together.relative_error.round(3).tolist()
        [0.565, 0.316]
        """
        self._check_some()
        return self._gradients.curve(self.settings, "every")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to an .npz file, which holds arrays alone and no code.

        Parameters
        ----------
        path : path
            The file.

        See Also
        --------
        Survey.load : Reads it; two that are read add up.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import gradflow as gf
        >>> seen = gf.survey(gf.RNN(0.5, 0.9), [[1.0, 2.0]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     seen.save(Path(folder) / "seen.npz")
        ...     gf.Survey.load(Path(folder) / "seen.npz") + seen
        Survey(RNN(H=1, D=1), 2 sequences, 0 failed)
        """
        write_fields(path, vars(self))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Survey:
        """Read what `save` has written.

        Parameters
        ----------
        path : path
            The file.

        Returns
        -------
        Survey

        Raises
        ------
        ValueError
            If the file is no such.
        OSError
            If it cannot be opened.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import gradflow as gf
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     gf.survey(gf.RNN(0.5, 0.9), [[1.0, 2.0]]).save(Path(folder) / "seen.npz")
        ...     gf.Survey.load(Path(folder) / "seen.npz")
        Survey(RNN(H=1, D=1), 1 sequence, 0 failed)
        """
        return cls(*read_fields(path))

    def _layer(self, layer: int | None) -> int:
        last = len(self.layers) - 1
        return 0 if layer is None and not last else whole_number("layer", layer, 0, last)

    def _check_some(self) -> None:
        if not self.count:
            raise ValueError(f"A survey must have a sequence that went well. Got {self!r}.")


def _order(failure: tuple[str, str]) -> tuple[int, str, str]:
    """Shorter names first, so that numbers come as they count."""
    return (len(failure[0]), *failure)


def _from_arrays(arrays: Mapping[str, Array]) -> Survey:
    return Survey(*fields_of(arrays))
