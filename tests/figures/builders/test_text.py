"""Texts and numbers of figures."""

from __future__ import annotations

import numpy as np

from gradflow.figures.builders.text import escaped, power_of_ten, subscripted, wrapped
from gradflow.figures.builders.tick_labels import power_ticks, scientific, step_ticks


def test_texts():
    assert [power_of_ten(e) for e in (0, 1, 2, -12)] == ["1", "10", "10²", "10⁻¹²"]
    assert subscripted("dL_t/dw_xf <") == "dL<sub>t</sub>/dw<sub>xf</sub> &lt;"
    assert wrapped("one two three", 7) == ["one two", "three"]
    assert wrapped("a " + "x" * 12, 5) == ["a", "xxxxx", "xxxxx", "xx"]


def test_what_no_picture_can_hold_is_marked():
    assert escaped("a\0b\x1b\x85\ud800\uffff<\t\n") == "a�b����&lt;\t\n"


def test_numbers():
    mantissa, exponent = scientific(np.array([0.0, np.log10(9.999), -np.inf, -4000.5]))
    np.testing.assert_allclose(mantissa, [1.0, 1.0, np.nan, 3.16])
    np.testing.assert_array_equal(exponent, [0.0, 1.0, np.nan, -4001.0])
    assert power_ticks(-12.0, 1.0, 5) == [-12, -9, -6, -3, 0]
    assert step_ticks(20) == [1, 5, 10, 15, 20]
    assert step_ticks(1) == [1]
    assert step_ticks(2) == [1, 2]
