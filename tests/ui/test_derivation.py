"""The derivation: its numbers against automatic differentiation, its quiz, and what it keeps."""

import functools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from oracles import scalar_terms
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from gradflow.ui.derivation.chapters import PARTS, QUESTIONS, STEPS
from gradflow.ui.derivation.clipping_step import CLIPPING
from gradflow.ui.derivation.example import Example
from gradflow.ui.derivation.lstm_questions import CLIPPED, FORGETTING, GROWING
from gradflow.ui.derivation.lstm_steps import (
    CARRIES,
    PATHS,
    WAYS,
    ways_back,
)
from gradflow.ui.derivation.prediction import band
from gradflow.ui.derivation.rnn_questions import HALVING, HEALTHY, SATURATION, SHORT, SILENCE
from gradflow.ui.derivation.rnn_steps import (
    BOTTOM,
    DIRECT,
    FACTORS,
    GENERAL,
    LOSS,
    READOUT,
    RECURSION,
    SUM,
    THREE,
)
from gradflow.ui.shared import latex
from gradflow.ui.shared.experiment import inputs, run
from gradflow.ui.shared.links import to_query
from gradflow.ui.shared.settings import Settings
from gradflow.ui.shared.sidebar import SECTIONS

APP = str(Path(__file__).parents[2] / "gradflow" / "ui" / "page_script.py")

# The numbers on the page have two digits at least.
ROUNDED = 0.06


def _example(settings):
    return Example(settings, run(settings))


def _python(text):
    """A formula of numbers alone, as Python computes it."""
    text = re.sub(r"\\times 10\^\{(-?\d+)\}", r"* 10.0 ** \1", text)
    text = re.sub(r"\^(\d)", r" ** \1", text.replace("\\cdot", "*").replace("{,}", ""))
    return eval(text, {"__builtins__": {}})


def _sides(line):
    return [_python(side) for side in line.split(" = ")]


def _value(line):
    """The number after the last equals sign, without the remark that follows it."""
    return _python(line.split("\\quad")[0].split(" = ")[-1])


@functools.cache
def _rnn(settings, T=None):
    """The RNN's terms from autograd, by lag, (T, T)."""
    x = inputs(settings, None).x[:T]
    weights = {
        "w_x": np.array([[settings.w_x]]),
        "w_s": np.array([[settings.w_s]]),
        "b": np.array([settings.b]),
    }
    softmax = settings.loss == "softmax"
    problem = scalar_terms.Problem(
        weights,
        x,
        np.array([[0.0], [settings.w_o]]) if softmax else settings.w_o,
        np.array([0.0, settings.readout_b_o]) if softmax else settings.readout_b_o,
        settings.loss,
        settings.target if settings.loss == "squared" else int(settings.label),
        settings.activation,
        {"s": settings.s_0},
    )
    return {name: np.reshape(v, (len(x), len(x), -1))[:, :, 0] for name, v in _terms(problem)}


@functools.cache
def _lstm(settings):
    """The LSTM's terms from autograd, (T, T, 4), gates in the order i, f, c, o."""
    w_h = settings.w_h if settings.own_w_h else settings.w_s
    weights = {
        "w_x": np.full((4, 1, 1), settings.w_x),
        "w_h": np.full((4, 1, 1), w_h),
        "b": np.array([[0.0], [settings.b_f], [0.0], [0.0]]),
    }
    T = settings.T
    problem = scalar_terms.Problem(weights, inputs(settings, None).x, 1.0, 0.0, settings.loss)
    return {name: np.reshape(v, (T, T, -1)) for name, v in _terms(problem)}


def _terms(problem):
    return scalar_terms.autograd_terms(problem).items()


# --- the steps ---

VARIOUS = {
    "default": Settings(),
    "squared": Settings(loss="squared", target=0.7, w_o=-1.5, readout_b_o=0.25, s_0=0.5),
    "binary": Settings(loss="binary", label="0", activation="sigmoid", w_s=-1.3, b=-0.4),
    "softmax": Settings(loss="softmax", w_o=2.5, readout_b_o=-0.5, activation="relu", b=0.5),
    "identity": Settings(activation="identity", w_s=1.4, sequence="sine", loss="squared", T=12),
}


@pytest.mark.parametrize("settings", VARIOUS.values(), ids=VARIOUS)
def test_both_sides_of_every_line_of_numbers_agree(settings):
    example = _example(settings)
    lines = [*READOUT.numbers(example), *RECURSION.numbers(example), *BOTTOM.numbers(example)]
    lines += [*THREE.numbers(example), DIRECT.numbers(example)[0], DIRECT.numbers(example)[3]]
    assert len(lines) == 11
    for line in lines:
        left, right = _sides(line)
        # Rounded parts may cancel, so a sum is held to the size of its largest number.
        sizes = [abs(float(n)) for n in re.findall(r"\d+\.?\d*", line)]
        assert left == pytest.approx(right, rel=ROUNDED, abs=0.01 * max(sizes)), line


@pytest.mark.parametrize("settings", VARIOUS.values(), ids=VARIOUS)
def test_the_three_terms_and_their_sum_are_those_of_autograd(settings):
    example, terms = _example(settings), _rnn(settings, 3)["w_x"][2]
    *lines, added = [_sides(line)[0] for line in THREE.numbers(example)]
    np.testing.assert_allclose(lines, terms, rtol=ROUNDED)
    np.testing.assert_allclose(added, terms.sum(), rtol=ROUNDED)
    np.testing.assert_allclose(_sides(READOUT.numbers(example)[1])[0], terms.sum(), rtol=ROUNDED)
    states = _rnn(replace(settings, loss="unit", w_o=1.0, readout_b_o=0.0), 3)["w_x"].sum(axis=1)
    shown = [RECURSION.numbers(example)[0], *BOTTOM.numbers(example)]
    np.testing.assert_allclose([_sides(s)[0] for s in shown], states[::-1], rtol=ROUNDED)


@pytest.mark.parametrize("settings", VARIOUS.values(), ids=VARIOUS)
def test_the_five_factors_multiply_to_the_term_of_the_lag(settings):
    example = _example(settings)
    *parts, term = FACTORS.numbers(example)
    product = np.prod([_value(line) for line in parts])
    row = _rnn(example.settings)["w_x"][-1]
    assert product == pytest.approx(row[settings.lag - 1], rel=2 * ROUNDED)
    assert _value(term) == pytest.approx(row[settings.lag - 1], rel=ROUNDED)


@pytest.mark.parametrize("settings", VARIOUS.values(), ids=VARIOUS)
def test_the_loss_slope_is_that_of_autograd(settings):
    # With a bias instead of the output, dL_3/do_3 is dL_3/db_o.
    x = _example(settings).experiment.rnn.trace.o.reshape(settings.T, -1)[2, -1]
    problem = scalar_terms.Problem(
        {"w_x": np.ones((1, 1)), "w_s": np.zeros((1, 1)), "b": np.zeros(1)},
        np.array([x]),
        np.array([[0.0], [1.0]]) if settings.loss == "softmax" else 1.0,
        np.zeros(2) if settings.loss == "softmax" else 0.0,
        settings.loss,
        settings.target if settings.loss == "squared" else int(settings.label),
        "identity",
    )
    expected = float(np.squeeze(scalar_terms.autograd_terms(problem)["b"]))
    assert _value(LOSS.numbers(_example(settings))[-1]) == pytest.approx(expected, rel=ROUNDED)


@pytest.mark.parametrize("t", [50, 17])
def test_the_general_sum_holds_the_totals_of_the_target_step(t):
    settings = Settings(last=False, t=t)
    terms = _rnn(settings)
    expected = [terms[name][t - 1].sum() for name in ("w_x", "w_s", "b")]
    found = [_value(line) for line in GENERAL.numbers(_example(settings))]
    np.testing.assert_allclose(found, expected, rtol=ROUNDED)


@pytest.mark.parametrize("t", [50, 17])
def test_the_sum_names_its_largest_and_smallest_term_and_is_checked(t):
    settings = Settings(last=False, t=t)
    row = _rnn(settings)["w_x"][t - 1, :t]
    total, most, least, count, gap = SUM.numbers(_example(settings))
    assert _value(total) == pytest.approx(row.sum(), rel=ROUNDED)
    assert _value(most) == pytest.approx(row[np.abs(row).argmax()], rel=ROUNDED)
    assert f"(k = {np.abs(row).argmax() + 1})" in most
    assert _value(least) == pytest.approx(row[np.abs(row).argmin()], rel=ROUNDED)
    assert f"(k = {np.abs(row).argmin() + 1})" in least
    near = (np.abs(row) >= 0.01 * np.abs(row).max()).sum()
    assert count == f"{near} \\text{{ of }} {t}"
    assert _value(gap) < 1e-12


def test_a_row_of_zeros_has_no_largest_term():
    settings = Settings(w_o=0.0)
    total, *others, _ = SUM.numbers(_example(settings))
    assert _value(total) == 0.0
    assert all("exactly" in line for line in others)


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
    example, t = _example(settings), settings.t if not settings.last else settings.T
    c_before = example.experiment.lstm.trace.c[t - 1, 0]
    expected = _next_cell_state(settings, t, c_before + 1e-30j).imag / 1e-30
    ways = ways_back(example.experiment.lstm, t)
    assert len(ways) == 4
    assert sum(way.value for way in ways) == pytest.approx(expected, rel=1e-12)
    state, along, *through, total = WAYS.numbers(example)
    f = example.experiment.lstm.trace.gates[t - 1, 1, 0]
    assert _value(along) == pytest.approx(f, rel=ROUNDED)
    assert _python(total.split(" = ")[1]) == pytest.approx(expected, rel=ROUNDED)
    for line in (state, *through):
        left, right = _sides(line)
        assert left == pytest.approx(right, rel=ROUNDED)
    kinds = [line.split("{")[1].split("}")[0] for line in WAYS.formulas(settings)[2:5]]
    assert kinds == ["forget gate", "input gate", "candidate"]
    by_kind = {way.nodes[1].kind: way.value for way in ways}
    shown = [_sides(line)[0] for line in through]
    np.testing.assert_allclose(shown, [by_kind[kind] for kind in ("f", "i", "c'")], rtol=ROUNDED)


@pytest.mark.slow
@pytest.mark.parametrize("settings", GATED.values(), ids=GATED)
def test_the_paths_are_counted_and_add_up_to_the_term(settings):
    counts, split, recurrence, summed, term = PATHS.numbers(_example(settings))
    assert counts.startswith("1, 5, 24, 115, 551 ")
    assert split == "24 = 16 + 4 + 4"
    assert recurrence == "551 = 5 \\cdot 115 - 24 = 551"
    t = settings.T if settings.last else settings.t
    expected = _lstm(settings)["w_x"][t - 1, 2, 1]
    assert _python(summed) == pytest.approx(expected, rel=ROUNDED)
    assert _python(term) == pytest.approx(expected, rel=ROUNDED)


def test_fewer_steps_have_fewer_counts():
    counts, _, recurrence, _, _ = PATHS.numbers(_example(Settings(last=False, t=3)))
    assert counts.startswith("1, 5, 24 ")
    assert recurrence == "24 = 5 \\cdot 5 - 1 = 24"


@pytest.mark.parametrize("settings", GATED.values(), ids=GATED)
def test_the_cell_path_and_the_rest_are_the_whole_term(settings):
    whole, along, others, product = CARRIES.numbers(_example(settings))
    t = settings.T if settings.last else settings.t
    expected = _lstm(settings)["b"][t - 1, t - 1, 2]
    trace = run(settings).lstm.trace
    forget = float(np.prod(trace.gates[1:t, 1, 0]))
    i, _, candidate, _ = trace.gates[0, :, 0]
    ends = trace.gates[t - 1, 3, 0] * (1.0 - np.tanh(trace.c[t, 0]) ** 2)
    cell = ends * forget * i * (1.0 - candidate**2)
    assert _sides(whole)[0] == pytest.approx(expected, rel=ROUNDED)
    assert _python(along) == pytest.approx(cell, rel=ROUNDED)
    assert _python(others) == pytest.approx(expected - cell, rel=ROUNDED)
    assert _python(product) == pytest.approx(forget, rel=ROUNDED)


@pytest.mark.parametrize("threshold", [0.01, 1.0, 100.0])
def test_clipping_multiplies_both_terms_by_one_factor(threshold):
    settings = Settings(w_s=1.2, w_x=0.1, threshold=threshold, lag=7)
    terms = _rnn(settings)
    row = np.abs(terms["b"][-1])
    parts = [v[-1].sum() for v in terms.values()]
    length = float(np.sqrt(np.sum(np.square(parts))))
    norm, factor, after, first, kth, ratio = CLIPPING.numbers(_example(settings))
    scale = min(1.0, threshold / length)
    assert _value(norm) == pytest.approx(length, rel=ROUNDED)
    assert _python(factor.split("r = ")[1]) == pytest.approx(scale, rel=ROUNDED)
    assert _value(after) == pytest.approx(min(threshold, length), rel=ROUNDED)
    for line, k in ((first, 1), (kth, 7)):
        moved = [_python(side) for side in line.split("\\quad")[0].split("\\to")]
        np.testing.assert_allclose(moved, [row[k - 1], scale * row[k - 1]], rtol=ROUNDED)
    left, right = (part.split("\\text")[0].strip(" ,") for part in ratio.split("\\quad"))
    assert left == right
    assert _python(left) == pytest.approx(row[6] / row[0], rel=ROUNDED)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_a_step_has_as_many_numbers_as_formulas_whatever_the_settings(step):
    hard = (
        Settings(w_x=100.0, T=12),
        Settings(w_x=0.0, w_o=0.0, T=12),
        Settings(activation="relu", w_x=-5.0, sequence="ones", T=12, clipping=True),
        Settings(w_s=2.0, activation="identity", T=500, loss="squared"),
        Settings(own_w_h=True, w_h=-100.0, T=12, last=False, t=4),
    )
    for settings in (*VARIOUS.values(), *hard):
        example = _example(settings)
        assert step.missing(example) is None
        formulas, numbers = step.formulas(settings), step.numbers(example)
        assert len(formulas) == len(numbers)
        assert not any("nan" in line or "inf" in line.replace("infty", "") for line in numbers)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.25, "-0.25"),
        (1234.0, "1{,}234"),
        (-1.5e-9, "-1.50 \\times 10^{-9}"),
        (np.inf, "\\infty"),
    ],
)
def test_numbers_are_written_in_latex(value, shown):
    assert latex.plain(value) == shown


# --- the quiz ---


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.key)
def test_every_proof_picks_one_of_the_options_and_frames_cells(question):
    proof = question.prove()
    assert proof.right in question.options
    assert len(question.options) >= 3
    assert 1 <= len(proof.shown) <= 2
    for shown in proof.shown:
        assert shown.outline.t == shown.panel.T
        assert proof.view.axis == "lag"
    assert to_query(question.settings)


def test_bands_part_the_line():
    names = ("low", "middle", "high")
    assert [band(v, (1.0, 2.0), names) for v in (0.9, 1.0, 1.9, 2.0)] == [
        "low",
        "middle",
        "middle",
        "high",
    ]


def test_halving_the_weight_leaves_what_autograd_leaves():
    after = HALVING.settings
    before = replace(after, w_s=2.0 * after.w_s)
    change = _rnn(after)["w_x"][-1, 19] / _rnn(before)["w_x"][-1, 19]
    assert abs(change) < 1e-4
    assert HALVING.prove().right == "power"


def test_saturation_leaves_what_autograd_leaves():
    row = _rnn(SATURATION.settings)["b"][-1]
    assert SATURATION.settings.w_s == 1.0
    assert abs(row[9] / row[0]) < 1e-5
    assert SATURATION.prove().right == "nothing"


def test_a_zero_input_silences_its_own_term_alone():
    settings = SILENCE.settings
    x = inputs(settings, None).x
    [*_, j] = np.flatnonzero(x[:-1] == 0.0) + 1
    terms = _rnn(settings)
    k = settings.T + 1 - j
    assert terms["w_x"][-1, k - 1] == 0.0
    assert terms["w_x"][-1, k] != 0.0
    assert terms["b"][-1, k - 1] != 0.0
    assert SILENCE.prove().right == "passes"


def test_a_healthy_total_has_few_terms():
    row = np.abs(_rnn(HEALTHY.settings)["w_x"][-1])
    assert 0.1 < row.sum() < 10.0
    count = int((row >= 0.01 * row.max()).sum())
    assert count <= 10
    proof = HEALTHY.prove()
    assert proof.right == "few"
    assert proof.why.startswith(f"{count} of 50")


def test_half_precision_rounds_the_signal_to_zero_where_numpy_does():
    row = np.abs(_rnn(SHORT.settings)["b"][-1])
    first = int(np.flatnonzero(row.astype(np.float16) == 0.0)[0]) + 1
    assert 8 <= first < 35
    proof = SHORT.prove()
    assert proof.right == "middle"
    assert f"float16: from k = {first}" in proof.why


def test_the_forget_gates_are_not_what_carries_the_gradient():
    settings = FORGETTING.settings
    whole = abs(_lstm(settings)["b"][-1, -1, 2])
    trace = run(settings).lstm.trace
    f, (i, _, candidate, _) = trace.gates[1:, 1, 0], trace.gates[0, :, 0]
    ends = trace.gates[-1, 3, 0] * (1.0 - np.tanh(trace.c[-1, 0]) ** 2)
    along = abs(ends * np.prod(f) * i * (1.0 - candidate**2))
    assert whole / along > 1e3
    assert FORGETTING.prove().right == "far"


@pytest.mark.slow
def test_an_lstm_can_explode():
    row = np.linalg.norm(_lstm(GROWING.settings)["b"][-1], axis=1)
    assert run(GROWING.settings).lstm.trace.gates[:, 1].max() < 1.0
    assert row[-1] > 1e6 * row[0]
    assert GROWING.prove().right == "exploding"


def test_clipping_leaves_the_ratio_as_it_was():
    settings = CLIPPED.settings
    terms = _rnn(settings)
    length = np.sqrt(sum(v[-1].sum() ** 2 for v in terms.values()))
    assert length > settings.threshold
    proof = CLIPPED.prove()
    assert proof.right == "same"
    ratio = terms["b"][-1, 9] / terms["b"][-1, 0]
    assert f"{ratio:.1e}".split("e")[0] in proof.why
    assert proof.shown[0].panel.clip[-1] == pytest.approx(settings.threshold / length, rel=1e-9)


# --- the page ---


def _opened(**query):
    app = AppTest.from_file(APP, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    return _turned_to(app, "derivation")


def _unfolded(app):
    for section in SECTIONS:  # what is folded is not drawn
        app.session_state[section] = True
    return _quiet(app.run())


def _turned_to(app, page):
    # AppTest.switch_page takes files only; a page that is a function is known by its address.
    app._page_hash = calc_hash(page)
    return _quiet(app.run())


def _quiet(app):
    assert not app.exception
    assert not app.error
    return app


def _press(app, key):
    return _quiet(app.button(key=key).click().run())


def _titles(app):
    return [m.value for m in app.markdown if re.match(r"(\*\*\d+\. |:material/help:)", m.value)]


def _score(app):
    [found] = [c.value for c in app.caption if "parts open" in c.value]
    return found.split(" · ")[1]


def _predict(app, question, option):
    _quiet(app.radio(key=f"quiz_{question.key}").set_value(option).run())
    return _press(app, f"answer_{question.key}")


def test_steps_open_one_after_the_other_and_stay():
    app = _opened()
    assert len(_titles(app)) == 1
    assert not app.get("plotly_chart")
    _press(app, "derivation_next")
    _press(app, "derivation_next")
    assert [title.split(".")[0] for title in _titles(app)] == ["**1", "**2", "**3"]
    _quiet(app.slider(key="w_s").set_value(0.5).run())
    assert len(_titles(app)) == 3
    _turned_to(app, "")
    _turned_to(app, "derivation")
    assert len(_titles(app)) == 3
    _press(app, "derivation_first")
    assert len(_titles(app)) == 1


def test_a_question_waits_for_a_prediction():
    app = _opened()
    for _ in range(6):
        _press(app, "derivation_next")
    assert app.button(key="derivation_next").disabled
    assert app.button(key="answer_halving").disabled
    assert not app.get("plotly_chart")
    _predict(app, HALVING, "half")
    assert len(app.get("plotly_chart")) == 2
    assert not app.button(key="derivation_next").disabled


def test_everything_can_be_opened_at_once():
    app = _press(_opened(), "derivation_all")
    assert len(_titles(app)) == len(PARTS)
    assert _score(app) == f"0 of {len(QUESTIONS)} predicted, 0 right"
    assert not app.get("plotly_chart")


@pytest.mark.slow
def test_the_quiz_counts_and_survives_and_stays_out_of_the_link():
    app = _press(_opened(T="23"), "derivation_all")
    for n, question in enumerate(QUESTIONS):
        right = question.prove().right
        wrong = next(option for option in question.options if option != right)
        _predict(app, question, wrong if n == 0 else right)
    said = f"{len(QUESTIONS)} of {len(QUESTIONS)} predicted, {len(QUESTIONS) - 1} right"
    assert _score(app) == said
    assert dict(app.query_params).keys() == to_query(Settings(T=23)).keys()
    _quiet(app.slider(key="T").set_value(30).run())
    _turned_to(app, "")
    _turned_to(app, "derivation")
    assert _score(app) == said
    assert len(app.success) == len(QUESTIONS) - 1
    assert app.radio(key="quiz_halving").value == next(
        option for option in HALVING.options if option != HALVING.prove().right
    )
    _press(app, "derivation_quiz")
    assert _score(app) == f"0 of {len(QUESTIONS)} predicted, 0 right"
    assert len(_titles(app)) == len(PARTS)
    assert app.radio(key="quiz_halving").value is None
    assert not app.get("plotly_chart")


def test_the_settings_of_an_answer_go_into_the_sidebar():
    app = _press(_opened(), "derivation_all")
    _predict(app, GROWING, "stable")
    _press(app, "use_growing")
    _unfolded(app)
    assert app.slider(key="T").value == GROWING.settings.T
    assert app.number_input(key="w_h").value == GROWING.settings.w_h
    assert dict(app.query_params).keys() == to_query(GROWING.settings).keys()
    assert _score(app) == f"1 of {len(QUESTIONS)} predicted, 0 right"


def test_target_and_lag_can_be_chosen_here():
    app = _press(_opened(), "derivation_all")
    _quiet(app.toggle(key="last").set_value(False).run())
    _quiet(app.number_input(key="t").set_value(30).run())
    _quiet(app.number_input(key="lag").set_value(4).run())
    assert any("(t = 30,\\ k = 4)" in m.value for m in app.markdown)


def test_two_steps_are_too_few_and_the_page_says_so():
    app = _press(_opened(T="2"), "derivation_all")
    said = [c.value for c in app.caption if "they need 3 steps" in c.value]
    first_three = [step for step in STEPS if step.steps == 3]
    assert len(said) == len(first_three) == 6
    assert all("this sequence has 2 steps" in text for text in said)


def test_a_first_target_step_has_nothing_to_look_back_to():
    app = _press(_opened(last="0", t="1"), "derivation_all")
    said = [c.value for c in app.caption if "a target step from" in c.value]
    assert len(said) == len([step for step in STEPS if step.target > 1])
    assert said


def test_another_setting_changes_the_numbers():
    app = _unfolded(_press(_opened(), "derivation_all"))
    before = [m.value for m in app.markdown]
    for name, value in (("w_s", 0.2), ("w_x", 1.1)):
        widget = app.slider if name == "w_s" else app.number_input
        _quiet(widget(key=name).set_value(value).run())
        after = [m.value for m in app.markdown]
        assert sum(a != b for a, b in zip(after, before, strict=True)) > 20
        before = after
