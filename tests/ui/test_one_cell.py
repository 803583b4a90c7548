"""The explained cell: what it shows is what the engine has, at any magnitude."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from support.packed import unpacked
from support.tables import columns

from gradflow.analysis.term_factors import Factor
from gradflow.figures.builders.number_words import power
from gradflow.ui.comparison import term_words
from gradflow.ui.comparison.term_parts import (
    Paths,
    Product,
    Value,
    term,
)
from gradflow.ui.shared import latex
from gradflow.ui.shared.experiment import parameter_name, run
from gradflow.ui.shared.links import to_query
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.settings import Settings

APP = str(Path(__file__).parents[2] / "gradflow" / "ui" / "page_script.py")
PRESET = {preset.name: preset.settings for preset in PRESETS}
CASES = {
    "start": Settings(),
    "saturated": PRESET["Saturation"],
    "the cat": PRESET["The cat sentence"],
    "impulse": replace(Settings(), sequence="impulse"),
    "softmax": replace(Settings(), loss="softmax", parameter="w_h", gate="c"),
    "squared": replace(Settings(), loss="squared", target=0.7, gate="i", b=0.2),
    "exploding": replace(PRESET["Exploding RNN"], lag=90),
    "target itself": replace(Settings(), lag=1, gate="o", loss="binary"),
    "output gate": replace(Settings(), gate="o", parameter="b"),
    "product": replace(Settings(), gate="product", w_s=-0.9),
    "target beyond the end": replace(Settings(), T=20, last=False, t=300, lag=400),
    "below float64": replace(PRESET["Saturation"], lag=30),
    "no recurrence": replace(Settings(), w_s=0.0),
    "dead relu": replace(Settings(), activation="relu", b=-5.0),
}


def opened(settings):
    app = AppTest.from_file(APP, default_timeout=60)
    for name, value in to_query(settings).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert not app.error
    return app


def chosen(settings, experiment):
    t = experiment.T if settings.last else min(settings.t, experiment.T)
    return t, min(settings.lag, t)


def names(settings, experiment):
    gate = "f" if settings.gate in ("all", "product") else settings.gate
    one = replace(settings, gate=gate)
    return [parameter_name(flow, one) for flow in (experiment.rnn, experiment.lstm)]


def parsed(number):
    """Sign and log10 of a number as the page writes it in LaTeX."""
    number = number.strip("()").replace("{,}", "")
    match = re.fullmatch(r"(-?)([\d.]+)(?: \\times 10\^\{(-?\d+)\})?", number)
    minus, mantissa, exponent = match.groups()
    size = float(mantissa)
    if not size:
        return 0, -math.inf
    return (-1 if minus else 1), math.log10(size) + int(exponent or 0)


def shown(formula):
    """The numbers of a formula: its factors, and what they multiply to."""
    parts = formula.replace(r"\end{aligned}", "").split("&= ")
    numbers = parts[1].replace(r"\\[4pt] ", "").replace(r"\\ &\quad \cdot", r"\cdot").strip()
    return [parsed(n.strip()) for n in numbers.split(r"\cdot")], parsed(parts[2].strip("$\n "))


def assert_close(found, expected):
    assert found[0] == expected[0]
    if expected[0]:
        assert found[1] == pytest.approx(expected[1], abs=0.0025)  # three digits
    else:
        assert found[1] == -math.inf


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_formulas_hold_the_engines_numbers(name):
    settings = CASES[name]
    experiment = run(settings)
    t, k = chosen(settings, experiment)
    rnn, lstm = names(settings, experiment)
    classes = experiment.lstm.by_detours(lstm)
    expected = [
        (int(experiment.rnn.sign(rnn)[t - 1, k - 1]), experiment.rnn.log10(rnn)[t - 1, k - 1]),
        (int(classes.sign[0, t - 1, k - 1]), classes.log10[0, t - 1, k - 1]),
    ]
    app = opened(settings)
    assert any(f"t\u00a0=\u00a0{t}, k\u00a0=\u00a0{k}" in head.value for head in app.subheader)
    texts = [text.value for text in app.markdown if "aligned" in text.value]
    for text, (sign, log10) in zip(texts, expected, strict=True):
        factors, result = shown(text.split("$$")[1])
        assert_close(result, (sign, log10))
        assert math.prod(factor[0] for factor in factors) == sign
        if sign:
            rounding = 0.0025 * len(factors)
            assert sum(factor[1] for factor in factors) == pytest.approx(log10, abs=rounding)


@pytest.mark.parametrize("name", CASES)
def test_the_factors_multiply_to_the_term_of_the_heatmap(name):
    settings = CASES[name]
    experiment = run(settings)
    t, k = chosen(settings, experiment)
    cell = term(settings, experiment, t, k)
    assert list(cell.names) == names(settings, experiment)
    for product in (cell.rnn, cell.cell_path):
        sign = math.prod(factor.sign for factor in product.factors)
        assert sign == product.value.sign
        if sign:
            log10 = sum(factor.log10 for factor in product.factors)
            assert log10 == pytest.approx(product.value.log10, rel=1e-13, abs=4e-11)
        else:
            assert product.value.log10 == -math.inf
    place = t - 1, k - 1
    for flow, parameter, value in zip(
        (experiment.rnn, experiment.lstm),
        cell.names,
        (cell.rnn.value, cell.paths.whole),
        strict=True,
    ):
        assert value.sign == flow.sign(parameter)[place]
        assert value.log10 == pytest.approx(flow.log10(parameter)[place], rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("name", CASES)
def test_the_paths_are_those_of_the_whole_sequence(name):
    settings = CASES[name]
    experiment = run(settings)
    t, k = chosen(settings, experiment)
    cell = term(settings, experiment, t, k)
    classes = experiment.lstm.by_detours(cell.names[1])
    there = len(cell.paths.labels)
    assert there == min(4, k)
    assert cell.paths.labels == classes.labels[:there]
    assert (classes.sign[there:, t - 1, k - 1] == 0).all()
    for value, sign, log10 in zip(
        cell.paths.values,
        classes.sign[:there, t - 1, k - 1],
        classes.log10[:there, t - 1, k - 1],
        strict=True,
    ):
        assert value.sign == sign
        assert value.log10 == pytest.approx(log10, rel=1e-13, abs=4e-11)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["start", "the cat", "exploding", "target itself"])
def test_the_table_holds_the_classes_and_their_sum(name):
    settings = CASES[name]
    experiment = run(settings)
    t, k = chosen(settings, experiment)
    cell = term(settings, experiment, t, k)
    shown = [text.value for text in opened(settings).markdown]
    [table] = [
        columns(text[text.index("|") :])
        for text in shown
        if "| LSTM's paths | Value | Share" in text
    ]
    values = [*cell.paths.values, cell.paths.whole]
    expected = [("−" if v.sign < 0 else "") + power(v.log10) for v in values]
    assert list(table["Value"]) == expected
    assert list(table["LSTM's paths"]) == [*cell.paths.labels, "sum: the term"]
    plain = [v.sign * 10.0**v.log10 for v in values]
    assert math.fsum(plain[:-1]) == pytest.approx(plain[-1], rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["start", "impulse", "below float64"])
def test_the_bars_are_the_factors(name):
    settings = CASES[name]
    experiment = run(settings)
    cell = term(settings, experiment, *chosen(settings, experiment))
    [chart] = [
        unpacked(component.proto.bytes)["chart"]
        for component in opened(settings).get("bidi_component")
        if component.proto.component_name == "gradflow_chart"
    ]
    for trace, product in zip(chart["data"], (cell.rnn, cell.cell_path), strict=True):
        log10 = [*(factor.log10 for factor in product.factors), product.value.log10]
        assert trace["x"] == [value if math.isfinite(value) else None for value in log10]


def product_of(*factors, **told):
    sign = math.prod(factor.sign for factor in factors)
    return Product(factors, Value(sign, sum(factor.log10 for factor in factors)), **told)


SLOPES = Factor("activation slopes", "P", 1, -3.0)
WEIGHT = Factor("recurrent weight", "W", -1, 2.0)
INPUT = Factor("input", "x_{3}", 1, -1.0)


def test_the_sentence_names_the_smallest_factor_and_what_works_against_it():
    said = term_words.why(product_of(WEIGHT, SLOPES, INPUT))
    assert "Smallest factor: activation slopes**, $P = 1.00 \\times 10^{-3}$." in said
    assert "Saturation: they are less than half as steep" in said
    assert "Against it: recurrent weight, $W = -100$." in said
    assert "Against" not in term_words.why(product_of(SLOPES, INPUT))


def test_the_sentence_names_the_largest_factor_of_a_large_product():
    said = term_words.why(product_of(WEIGHT, INPUT))
    assert "Largest factor: recurrent weight" in said
    assert "Smallest: input" in said


def test_the_sentence_of_a_zero_names_every_zero():
    zeros = [replace(factor, sign=0, log10=-math.inf) for factor in (WEIGHT, INPUT)]
    said = term_words.why(product_of(SLOPES, *zeros))
    assert "Exactly zero" in said
    assert "recurrent weight $W$, input $x_{3}$" in said


def test_the_sentence_where_all_factors_are_one():
    assert "No factor changes the size" in term_words.why(product_of(replace(INPUT, log10=0.0)))


@pytest.mark.parametrize("gate", "ifco")
@pytest.mark.parametrize("parameter", ["w_x", "w_h", "b"])
@pytest.mark.parametrize("loss", ["squared", "softmax"])
def test_there_are_words_for_every_factor_that_can_be_small(gate, parameter, loss):
    settings = replace(Settings(), gate=gate, parameter=parameter, loss=loss)
    experiment = run(settings)
    for k in (1, 5):
        cell = term(settings, experiment, 50, k)
        for product in (cell.rnn, cell.cell_path):
            for factor in product.factors:
                if factor.sign and factor.name != "bias" and product.counts.get(factor.name, 1):
                    small = replace(factor, log10=-9.0)
                    said = term_words.why(product_of(small, counts=product.counts))
                    assert f"**Smallest factor: {factor.name}**" in said
                    assert len(said.split("}$. ")[1]) > 20


def test_a_factor_that_is_hardly_below_one_has_no_cause():
    readout = Factor("readout", "w_o", 1, math.log10(0.95))
    assert term_words.why(product_of(readout)).endswith("$w_o = 0.95$.")


def test_slopes_of_a_sigmoid_near_their_largest_are_no_saturation():
    steep = replace(SLOPES, log10=3 * math.log10(0.245))
    product = product_of(steep, counts={"activation slopes": 3}, steepest=0.25)
    assert term_words.why(product).endswith("That is 3 slopes, on average 0.245.")


def test_no_cell_path_to_the_output_gate_has_words_of_its_own():
    settings = CASES["output gate"]
    cell = term(settings, run(settings), 50, 10)
    assert "off the path along the cell" in term_words.why(cell.cell_path)


def value(number):
    return Value(int(np.sign(number)), math.log10(abs(number)) if number else -math.inf)


def paths(*classes):
    labels = ("cell path", "1 detour", "2 detours", "3 or more")[: len(classes)]
    rest, whole = value(math.fsum(classes[1:])), value(math.fsum(classes))
    return Paths(labels, tuple(map(value, classes)), rest, whole)


def test_shares_are_of_the_summed_sizes_and_negative_where_they_pull_against_the_sum():
    assert paths(-4.0, 1.0, 0.0, -5.0).shares == pytest.approx([0.4, -0.1, 0.0, 0.5, 0.8])


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ((0.8, 0.1, 0.1, 0.0), "The cell path carries most of it:** 80.0%."),
        ((0.2, 0.5, 0.2, 0.1), "The detours carry most of it."),
        ((0.2, 0.5, 0.2, 0.1), "for the whole, is 20.0%."),
        ((1e-200, 0.5, 0.3, 0.2), "is < 0.1%."),
        ((0.0, 0.5, 0.3, 0.2), "The detours carry all of it."),
        ((0.0, 0.0, 0.0, 0.0), "Every path is exactly zero"),
        ((-0.3,), "one path only"),
        # The classes of detours cancel among themselves, and leave 0.1 together.
        ((1.0, -5.0, 4.9), "The cell path carries it.** The detours cancel 10.0% of it."),
        ((0.2, 5.0, -6.0), "The detours carry it.** The cell path"),
        ((0.2, 5.0, -6.0), "has the other sign and cancels 20.0% of theirs."),
        ((1.0, -2.0, 1.1), "The cell path and the detours cancel.** The cell path alone would be"),
        ((1.0, -1.0), "cancel** to exactly zero."),
    ],
)
def test_a_sentence_says_which_paths_carry_the_term(classes, words):
    assert words in term_words.dominance_said(paths(*classes))


def test_a_class_far_below_the_rest_has_a_share_that_is_not_called_zero():
    one = Value(1, 0.0)
    deep = Paths(("cell path", "1 detour"), (Value(-1, -900.0), one), one, one)
    assert term_words.table(deep)["Share"] == ["< 0.1%", "100.0%", "100.0%"]
    none = Paths(("cell path", "1 detour"), (Value(0, -math.inf), one), one, one)
    assert term_words.table(none)["Share"] == ["0.0%", "100.0%", "100.0%"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ("all", "the norm over the four gates; here it is one gate's, $w_{xf}$"),
        ("product", "the product of the forget gates; here it is one gate's, $w_{xf}$"),
        ("i", None),
    ],
)
def test_the_page_says_which_gate_is_meant_where_none_is_chosen(gate, words):
    said = [caption.value for caption in opened(replace(Settings(), gate=gate)).caption]
    assert any("here it is one gate's" in text for text in said) == (words is not None)
    assert words is None or any(words in text for text in said)


@pytest.mark.parametrize(
    ("sign", "log10", "text"),
    [
        (1, 0.0, "1"), (-1, math.log10(0.201), "-0.201"), (1, -math.inf, "0"),
        (1, -146.5, r"3.16 \times 10^{-147}"), (-1, 4001.0, r"-1.00 \times 10^{4001}"),
        (1, math.log10(7871.4), "7{,}871"), (1, math.log10(9.999e-5), r"1.00 \times 10^{-4}"),
    ],
)  # fmt: skip
def test_latex_is_readable_at_any_magnitude(sign, log10, text):
    assert latex.signed(sign, log10) == text


def test_a_formula_breaks_its_numbers_into_lines_that_fit_a_phone():
    long = product_of(*[Factor("input", "x", -1, -123.4)] * 5)
    numbers = term_words.formula(long, 3).split("&= ")[1]
    for line in numbers.split(r"\\ &\quad"):
        assert line.count("times") <= 2
