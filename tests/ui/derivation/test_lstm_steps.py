"""The steps on the LSTM: the ways back, their paths, and what the cell path carries."""

import numpy as np
import pytest
from ui.derivation.shown_numbers import ROUNDED, example_of, lstm_row, python, sides, value_of

from gradflow.ui.derivation.lstm_steps import (
    CARRIES,
    PATHS,
    WAYS,
    ways_back,
)
from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.settings import Settings

GATED = {
    "default": Settings(),
    "an earlier target": Settings(last=False, t=5),
    "two gates against two": Settings(T=20, w_s=-1.7, w_x=1.5, b_f=-0.5),
}


def _next_cell_state(settings, t, c_before):
    """c_t as a function of c_(t-1), written out."""
    trace, w_x = run(settings).lstm.trace, settings.w_x
    x = trace.x[t - 1, 0]

    def sigmoid(z):
        return 1.0 / (1.0 + np.exp(-z))

    h_before = trace.gates[t - 2, 3, 0] * np.tanh(c_before)
    z = w_x * x + settings.w_s * h_before
    return sigmoid(z + settings.b_f) * c_before + sigmoid(z) * np.tanh(z)


@pytest.mark.parametrize("settings", GATED.values(), ids=GATED)
def test_the_four_ways_add_up_to_the_derivative_of_the_cell_state(settings):
    example, t = example_of(settings), settings.t if not settings.last else settings.T
    c_before = example.experiment.lstm.trace.c[t - 1, 0]
    expected = _next_cell_state(settings, t, c_before + 1e-30j).imag / 1e-30
    ways = ways_back(example.experiment.lstm, t)
    assert len(ways) == 4
    assert sum(way.value for way in ways) == pytest.approx(expected, rel=1e-12)
    state, along, *through, total = WAYS.numbers(example)
    f = example.experiment.lstm.trace.gates[t - 1, 1, 0]
    assert value_of(along) == pytest.approx(f, rel=ROUNDED)
    assert python(total.split(" = ")[1]) == pytest.approx(expected, rel=ROUNDED)
    for line in (state, *through):
        left, right = sides(line)
        assert left == pytest.approx(right, rel=ROUNDED)
    kinds = [line.split("{")[1].split("}")[0] for line in WAYS.formulas(settings)[2:5]]
    assert kinds == ["forget gate", "input gate", "candidate"]
    by_kind = {way.nodes[1].kind: way.value for way in ways}
    shown = [sides(line)[0] for line in through]
    np.testing.assert_allclose(shown, [by_kind[kind] for kind in ("f", "i", "c'")], rtol=ROUNDED)


@pytest.mark.parametrize("settings", GATED.values(), ids=GATED)
def test_the_paths_are_counted_and_add_up_to_the_term(settings):
    counts, split, recurrence, summed, term = PATHS.numbers(example_of(settings))
    assert counts.startswith("1, 5, 24, 115, 551 ")
    assert split == "24 = 16 + 4 + 4"
    assert recurrence == "551 = 5 \\cdot 115 - 24 = 551"
    t = settings.T if settings.last else settings.t
    expected = lstm_row(settings, t)["w_x"][2, 1]
    assert python(summed) == pytest.approx(expected, rel=ROUNDED)
    assert python(term) == pytest.approx(expected, rel=ROUNDED)


def test_fewer_steps_have_fewer_counts():
    counts, _, recurrence, _, _ = PATHS.numbers(example_of(Settings(last=False, t=3)))
    assert counts.startswith("1, 5, 24 ")
    assert recurrence == "24 = 5 \\cdot 5 - 1 = 24"


@pytest.mark.parametrize("settings", GATED.values(), ids=GATED)
def test_the_cell_path_and_the_rest_are_the_whole_term(settings):
    whole, along, others, product = CARRIES.numbers(example_of(settings))
    t = settings.T if settings.last else settings.t
    expected = lstm_row(settings, t)["b"][-1, 2]
    trace = run(settings).lstm.trace
    forget = float(np.prod(trace.gates[1:t, 1, 0]))
    i, _, candidate, _ = trace.gates[0, :, 0]
    ends = trace.gates[t - 1, 3, 0] * (1.0 - np.tanh(trace.c[t, 0]) ** 2)
    cell = ends * forget * i * (1.0 - candidate**2)
    assert sides(whole)[0] == pytest.approx(expected, rel=ROUNDED)
    assert python(along) == pytest.approx(cell, rel=ROUNDED)
    assert python(others) == pytest.approx(expected - cell, rel=ROUNDED)
    assert python(product) == pytest.approx(forget, rel=ROUNDED)
