"""A survey as plain numbers and sentences: what a report says, and what goes to JSON."""

from __future__ import annotations

import math
from typing import Any

from gradflow.surveys.record import QUANTILES, Survey
from gradflow.surveys.settings import VERDICTS


def summary(survey: Survey) -> dict[str, Any]:
    """All that a report says of a survey, as JSON takes it: no number is infinite or nan."""
    return {
        "sequences": survey.count,
        "failed": survey.failed,
        "failures": [{"name": name, "why": why} for name, why in survey.failures],
        "lengths": list(survey.lengths),
        "quantiles": list(QUANTILES),
        "verdict": sentences(survey),
        "layers": [_layer(survey, n) for n in range(len(survey.layers))] if survey.count else [],
        "truncation": _truncation(survey) if survey.count else {},
    }


def sentences(survey: Survey) -> list[str]:
    """The verdict in plain sentences, computed from the survey's numbers."""
    many = "1 sequence" if survey.count == 1 else f"{survey.count} sequences"
    failed = f" {survey.failed} more failed." if survey.failed else ""
    said = [f"The survey is of {many}.{failed}"]
    if not survey.count:
        return said
    for layer, name in enumerate(survey.layers):
        said += [f"Layer {layer}, {name}: {_layer_words(survey, layer)}"]
    length = survey.lengths[-1]
    for curve, cut in (
        (survey.window_curve(), "Windows"),
        (survey.chunk_curve(), "Chunks"),
    ):
        error = float(curve.together.relative_error[-1])
        if math.isnan(error):
            return [*said, "The mean gradient is exactly zero."]
        said.append(f"{cut} of {length} steps change the mean gradient by {_percent(error)}.")
    return said


def _layer_words(survey: Survey, layer: int) -> str:
    verdicts = survey.verdicts(layer)
    most = max(VERDICTS, key=verdicts.__getitem__)
    half_life = survey.distribution("tail_half_life", layer=layer).quantile(0.5)
    length = survey.lengths[-1]
    beyond = survey.distribution("share_beyond", length, layer).quantile(0.5)
    tail = "does not shrink" if math.isinf(half_life) else f"halves every {half_life:.3g} steps"
    words = f"the gradient is {most} in {verdicts[most]} of {survey.count}."
    if not math.isnan(half_life):
        words += f" In the median the tail {tail}."
    if not math.isnan(beyond):
        words += f" {_percent(beyond)} of the terms' sizes lie beyond lag {length}."
    return words


def _layer(survey: Survey, layer: int) -> dict[str, Any]:
    bands = survey.bands(layer)
    return {
        "layer": survey.layers[layer],
        "verdicts": dict(survey.verdicts(layer)),
        "measures": {
            name: [_number(value) for value in _quantiles(survey, name, layer)]
            for name in survey.settings.measures
            if name != "verdict"
        },
        "first_lags": bands.first_lags.tolist(),
        "last_lags": bands.last_lags.tolist(),
        "log10": [[_number(value) for value in row] for row in bands.log10.tolist()],
    }


def _quantiles(survey: Survey, name: str, layer: int) -> list[float]:
    measure, _, rest = name.partition("(")
    found = survey.distribution(measure, float(rest[:-1]) if rest else None, layer)
    return [found.quantile(q) for q in QUANTILES]


def _truncation(survey: Survey) -> dict[str, Any]:
    curves = {"window": survey.window_curve(), "chunk": survey.chunk_curve()}
    return {
        name: {
            "relative_error": [_number(v) for v in curve.together.relative_error.tolist()],
            "cosine": [_number(v) for v in curve.together.cosine.tolist()],
        }
        for name, curve in curves.items()
    }


def _number(value: float) -> float | str | None:
    """A number as JSON has it; infinity as text, and None for none."""
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else f"{'-' * (value < 0)}infinity"


def _percent(share: float) -> str:
    return f"{100.0 * share:.2g}%" if share < 0.995 else f"{100.0 * share:.0f}%"
