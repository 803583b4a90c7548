"""Numbers as people write them, at any magnitude."""

import math

import pytest

from gradflow.figures.builders.number_words import (
    number,
    part,
    percent,
    power,
    signed_percent,
    steps,
)


@pytest.mark.parametrize(
    ("log10", "text"),
    [
        (0.0, "1"), (math.log10(0.62), "0.62"), (math.log10(117), "117"),
        (-4012.494, "3.2 × 10⁻⁴⁰¹³"),
        (3.5, "3,162"), (4.0, "1.0 × 10⁴"), (-math.inf, "0"), (math.nan, "–"), (math.inf, "∞"),
        (math.log10(9.99e7), "1.0 × 10⁸"),
    ],
)  # fmt: skip
def test_power_is_readable_at_any_magnitude(log10, text):
    assert power(log10) == text


def test_number_and_percent():
    assert [number(v) for v in (0.0, -0.5, math.nan, math.inf)] == ["0", "−0.5", "–", "∞"]
    assert [percent(v) for v in (0.0, 1e-9, 0.123, math.nan)] == ["0.0%", "< 0.1%", "12.3%", "–"]
    assert percent(0.99999) == "> 99.9%"
    assert signed_percent(-0.123) == "−12.3%"


def test_parts_and_steps():
    assert [part(math.log10(v)) for v in (0.086, 1.5, 12.0)] == ["8.6% of", "150.0% of", "12 times"]
    assert part(-9.0) == "1.0 × 10⁻⁹ of"
    assert [steps(v) for v in (1.0, 2.2134, 15247.4, math.inf)] == [
        "1 step", "2.21 steps", "15,247 steps", "never",
    ]  # fmt: skip
