"""Over some thousands of settings every sentence is true, by the terms themselves."""

import functools
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from gradflow.figures.builders.number_words import percent, power
from gradflow.ui.comparison import term_words
from gradflow.ui.comparison.shown_rows import measured
from gradflow.ui.comparison.term_parts import term
from gradflow.ui.paths import path_words
from gradflow.ui.paths.class_panels import shares_by_lag, taken
from gradflow.ui.shared import row_words
from gradflow.ui.shared.experiment import parameter_name, run
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.settings import CONTROLS, Settings

pytestmark = pytest.mark.slow

# Networks, and how many views of each: its parameters, gates, targets and lags.
NETWORKS, VIEWS = 100, 20
NEAR = 1e-6  # log10; sizes this near each other are alike


def network_settings(generator):
    """Settings of two networks as a hand may set them, often at the ends of their ranges."""

    def weight(scale):
        return float(generator.choice([0.0, 1.0, scale * generator.normal(), -2.0, 2.0]))

    return Settings(
        T=int(generator.integers(2, 17)),
        w_s=float(generator.choice([-2.0, -0.9, 0.0, 0.3, 0.9, 1.0, 1.1, 2.0])),
        b_f=float(generator.choice([-6.0, 0.0, 1.0, 5.0, 10.0])),
        w_x=float(generator.choice([0.0, 0.05, 0.5, 2.0, 40.0])),
        b=weight(1.0),
        activation=one_of("activation", generator),
        own_w_h=bool(generator.random() < 0.4),
        w_h=float(generator.choice([-4.0, -1.0, 0.0, 0.5, 4.0])),
        own_gates=bool(generator.random() < 0.2),
        **{f"w_{kind}{gate}": weight(1.5) for kind in "xh" for gate in "ifco"},
        w_o=float(generator.choice([0.0, 0.05, 0.95, 1.0, 3.0])),
        loss=one_of("loss", generator),
        sequence=str(generator.choice(["ones", "impulse", "sine", "noise"])),
        c_0=float(generator.choice([0.0, 0.7])),
        seed=int(generator.integers(100)),
    )


def view_of(settings, generator):
    """The same networks, seen from another side."""
    return replace(
        settings,
        parameter=one_of("parameter", generator),
        gate=one_of("gate", generator),
        last=bool(generator.random() < 0.3),
        t=int(generator.integers(1, settings.T + 1)),
        lag=int(generator.integers(1, settings.T + 1)),
    )


def one_of(name, generator):
    return str(generator.choice(CONTROLS[name].values))


@functools.cache
def networks():
    """Settings and networks; those that leave float64 are left out."""
    generator, found = np.random.default_rng(17), []
    while len(found) < NETWORKS:
        settings = network_settings(generator)
        try:
            found.append((settings, run(settings)))
        except ValueError:
            continue
    return found


@functools.cache
def cases():
    generator = np.random.default_rng(18)
    return [
        (view_of(settings, generator), experiment)
        for settings, experiment in networks()
        for _ in range(VIEWS)
    ]


@functools.cache
def explained():
    """The explained term of every other case."""
    every = []
    for settings, experiment in cases():
        t = settings.target_step(experiment.T)
        every.append(
            ((settings, experiment), term(settings, experiment, t, settings.lag_within(t)))
        )
    return every


@functools.cache
def by_detours(flow, name):
    return flow.by_detours(name, classes=2)


def size_of(text):
    """log10 of a number as the page writes it, and how far rounding may have moved it."""
    text = text.replace(",", "").replace("*", "")
    if text.endswith("%"):
        share = float(text.lstrip("<> ").rstrip("%")) / 100.0
        if text.startswith("<"):
            return -math.inf, share
        return (math.log10(share) if share else -math.inf), 0.00051 / max(share, 1e-9)
    superscript = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    mantissa, _, exponent = text.partition(" × 10")
    value = float(mantissa)
    power_of_ten = int(exponent.translate(superscript)) if exponent else 0
    return math.log10(value) + power_of_ten, 0.06 / value if exponent else 0.006


def assert_size(text, log10):
    if text.startswith("< "):
        assert log10 < math.log10(0.00051)
    elif text.startswith("> "):
        assert math.log10(0.9994) < log10 <= NEAR
    else:
        shown, rounding = size_of(text)
        assert abs(10.0 ** (log10 - shown) - 1.0) <= rounding + 1e-9, (text, log10)


NUMBER = r"((?:[<>] )?\d[\d,]*(?:\.\d+)?(?:%| × 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?)"


def shown_row(settings, flow):
    t = settings.target_step(flow.T)
    if settings.gate == "product" and "w_xf" in flow.parameters:
        return flow.log10_forget_product()[t - 1, :t]
    return flow.log10(parameter_name(flow, settings))[t - 1, :t]


def test_what_is_said_of_a_row_is_read_off_the_row():
    seen_heads = set()
    for settings, experiment in cases()[1::2]:
        measures = measured(settings, experiment)
        for name, flow in (("RNN", experiment.rnn), ("LSTM", experiment.lstm)):
            head, facts = row_words.finding(name, measures[name], unsure=False)
            seen_heads.add(re.sub(r"\d+", "n", head))
            assert_row(head, facts, shown_row(settings, flow), measures[name].verdict)
    assert len(seen_heads) >= 14


def assert_row(head, facts, row, verdict):
    t, there = len(row), np.isfinite(row)
    if "no gradient" in head:
        assert not there.any()
        return
    if "does not count" in head:
        assert not there[0]
        step = int(re.search(r"that of step (\d+)", facts)[1])
        assert row[t - step] == row.max()
        return
    assert there[0]
    if "one step only" in head:
        assert t == 1
        return
    if "goes no step back" in head:
        assert not there[1:].any()
        return
    left = row - row[0]
    last = np.flatnonzero(there)[-1]  # lags - 1, as all indices here
    forgotten = re.search(
        r"(?:More than (\d+) steps?|From one step) back (?:on )?less than 1%", facts
    )
    if forgotten:
        after = int(forgotten[1] or 0)
        assert (left[after + 1 :] < math.log10(0.01) + NEAR).all()
        assert left[after] >= math.log10(0.01) - NEAR
    else:
        assert left[last] >= math.log10(0.01) - NEAR
    step, size = re.search(rf"[Ss]tep (\d+) has {NUMBER} ", facts).groups()
    assert t - int(step) == last
    assert_size(size, left[last])
    most = re.search(rf"The most is {NUMBER} times it, at step (\d+)", facts)
    if most:
        assert_size(most[1], left.max())
        assert left[t - int(most[2])] == left.max()
    elif left.argmax() != last:
        assert left.max() <= math.log10(5.0) + NEAR
    assert ("every term is zero" in facts) == (last < t - 1)
    if "forgets" in head:
        assert forgotten
        assert verdict == "vanishing"
    if "explodes" in head:
        assert verdict == "exploding"
        assert left[last] > math.log10(5.0)
    if "reaches back" in head:
        assert verdict == "stable"
        assert not forgotten
        assert int(re.search(r"to step (\d+)", head)[1]) == t - last


def test_the_same_part_carries_a_term_on_both_pages_and_by_its_own_numbers():
    seen = set()
    for (_, experiment), cell in explained():
        lstm, place = experiment.lstm, (cell.t - 1, cell.k - 1)
        two = by_detours(lstm, cell.names[1])
        path, rest = two.log10[:, *place]
        said = term_words.dominance_said(cell.paths)
        seen.add(said.split("**")[1])
        whole = lstm.log10(cell.names[1])[place]
        assert_carried(said, path, rest, whole, two.sign[:, *place], cell.k)
    assert len(seen) >= 8


def assert_carried(said, path, rest, whole, signs, k):
    alike = np.prod(signs) > 0
    number = re.search(NUMBER, said)
    if "Every path is exactly zero" in said:
        assert path == rest == -math.inf
    elif "one path only" in said:
        assert k == 1
    elif "detours carry all" in said:
        assert path == -math.inf < rest
    elif "cell path carries all" in said:
        assert rest == -math.inf < path
    elif "cancel." in said or "to exactly zero" in said:
        assert not alike
        assert whole <= max(path, rest) - math.log10(2.0) + NEAR
        if number:
            assert_size(number[0], max(path, rest) - whole)
    elif said.startswith("**The cell path"):
        assert path >= rest - NEAR
        assert ("cancel" in said) != alike
        assert_size(number[0], path - whole if alike else rest - path)
    else:
        assert said.startswith("**The detours")
        assert rest >= path - NEAR
        assert ("cancels" in said) != alike
        assert_size(number[0], path - whole if alike else path - rest)


def test_what_is_said_of_all_lags_is_counted_on_the_terms():
    seen = set()
    for settings, experiment in cases()[:: VIEWS // 2]:
        found = shares_by_lag(
            taken(settings, experiment), experiment, settings.target_step(experiment.T)
        )
        said = path_words.finding(found)
        seen.add(re.sub(r"\d+", "n", said.split("**")[1]))
        if found.furthest not in (None, 1) and found.t > 1:
            assert_lags(said, found)
            assert_claim(said, found, found.furthest - 1)
    assert len(seen) >= 6


def assert_lags(said, found):
    larger = np.maximum(found.cell, found.rest)
    there = np.isfinite(larger)
    carried = there & (found.whole >= larger - math.log10(2.0))
    by_detours = carried & (found.rest > found.cell)
    by_cell = carried & ~by_detours
    every = there.sum()
    from_lag = re.search(r"From lag (\d+) on", said)
    if "carries everything" in said:
        assert np.isneginf(found.rest).all()
    elif "cell path carries the gradient at every lag" in said:
        assert by_cell.sum() == every
    elif "detours through $h$ carry the gradient at every lag" in said:
        assert by_detours.sum() == every
    elif from_lag:
        first = int(from_lag[1]) - 1
        assert (by_detours | ~there)[first:].all()
        assert not by_detours[:first][there[:first]][-1]
    else:
        assert not by_detours[there][-1]
    tally = re.search(
        r"Of the (\d+) lags?(.*?) the cell path carries (\d+) and the detours (\d+)", said
    )
    if tally:
        upto = int(from_lag[1]) - 1 if tally[2] else None
        assert int(tally[1]) == there[:upto].sum()
        assert int(tally[3]) == by_cell[:upto].sum()
        assert int(tally[4]) == by_detours[:upto].sum()


def assert_claim(said, found, at):
    cell, rest, whole = found.cell[at], found.rest[at], found.whole[at]
    wrong = re.search(rf"{NUMBER} times too (small|large)", said)
    if wrong:
        assert_size(wrong[1], abs(whole - cell))
        assert (wrong[2] == "small") == (whole > cell)
    cancelled = re.search(rf"because the detours cancel {NUMBER} of it", said)
    if cancelled:
        assert rest < cell
        assert whole < cell
        assert_size(cancelled[1], rest - cell)
    assert ("of the other sign" in said) == (
        np.isfinite(cell) and found.cell_sign[at] != found.whole_sign[at]
    )


def test_a_cause_is_named_only_where_it_is_one():
    seen = set()
    for (settings, _), cell in explained():
        for product in (cell.rnn, cell.cell_path):
            said = term_words.why(product)
            sizes = [factor.log10 for factor in product.factors]
            smallest = product.factors[int(np.argmin(sizes))]
            seen.add(said.split("**")[1].rstrip(","))
            if "Smallest factor" in said:
                assert f"Smallest factor: {smallest.name}" in said
                assert sum(sizes) <= NEAR
                assert_cause(said, smallest, cell.k, settings.activation)
            elif "Largest factor" in said:
                assert f"Largest factor: {product.factors[int(np.argmax(sizes))].name}" in said
                assert sum(sizes) > -NEAR
            elif "Exactly zero" in said:
                assert min(sizes) == -math.inf
            else:
                assert not any(sizes)
    assert len(seen) >= 12


def assert_cause(said, factor, k, activation):
    named = [cause for cause in term_words.CAUSES.values() if cause in said]
    assert not named or (factor.log10 <= -1.0 and term_words.CAUSES[factor.name] in named)
    average = re.search(rf"That is (\d+) .*?, on average {NUMBER}\.", said)
    if average:
        assert int(average[1]) == k - (factor.name != "activation slopes")
        assert_size(average[2], factor.log10 / int(average[1]))
    if "Saturation: they" in said:
        assert factor.log10 / k < math.log10(0.5 * (0.25 if activation == "sigmoid" else 1.0))


SCENES = {scene.name: scene.settings for scene in PRESETS}


def over_own(name, scene):
    """log10 of each lag's term over its own, of the target row that a scene shows."""
    experiment = run(SCENES[scene])
    row = shown_row(SCENES[scene], experiment.rnn if name == "RNN" else experiment.lstm)
    return row - row[0], experiment


def test_what_a_scene_says_is_what_is_seen():
    rnn, _ = over_own("RNN", "One forgets, one does not")
    lstm, experiment = over_own("LSTM", "One forgets, one does not")
    assert (rnn[13:] < -2.0).all()
    assert lstm[-1] > -1.0
    assert lstm[-1] > experiment.lstm.log10_forget_row(50)[-1]
    rnn, _ = over_own("RNN", "A small recurrent weight")
    assert (np.diff(rnn) < -1.0).all()
    rnn, experiment = over_own("RNN", "Saturation")
    assert experiment.rnn.log10_row("w_x", 30)[-1] < -300.0
    signs = run(SCENES["Sign-flipping RNN"]).rnn.sign("w_x")[-1]
    assert (signs[1:] == -signs[:-1]).all()
    rnn, _ = over_own("RNN", "Exploding RNN")
    assert (np.diff(rnn) > 0.0).all()
    gates = {b_f: run(SCENES[f"Forget bias {b_f}"]).lstm.log10_forget_row(50) for b_f in (0, 1, 5)}
    assert np.allclose(np.diff(gates[0]), math.log10(0.5), atol=0.2)
    assert (np.diff(gates[1]) < 0.0).all()
    assert gates[5][-1] > math.log10(0.5)
    lstm, experiment = over_own("LSTM", "Remember 50 steps")
    np.testing.assert_allclose(lstm, experiment.lstm.log10_forget_row(200), atol=1e-9)
    lstm, experiment = over_own("LSTM", "Exploding LSTM")
    assert (np.diff(lstm[1:]) > 0.0).all()
    assert (np.diff(experiment.lstm.log10_forget_row(100)) < 0.0).all()
    cat = SCENES["The cat sentence"]
    words = run(cat).inputs.words
    assert words[cat.target_step(len(words)) - cat.lag] == "cat"


def test_a_scene_explains_a_cell_that_some_path_reaches():
    for settings in SCENES.values():
        experiment = run(settings)
        t = settings.target_step(experiment.T)
        assert settings.lag <= t
        assert term(settings, experiment, t, settings.lag).paths.dominant_part is not None


def test_no_number_is_rounded_to_none_or_all():
    assert [percent(share) for share in (0.0, 1e-9, 0.99999, 1.0)] == [
        "0.0%", "< 0.1%", "> 99.9%", "100.0%",
    ]  # fmt: skip
    assert power(-400.0) == "1.0 × 10⁻⁴⁰⁰"
