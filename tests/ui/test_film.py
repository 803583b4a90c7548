"""The film of a weight and the pulse of a target: their pictures, their page, their GIF."""

import io
import math
import re
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from support.packed import unpacked

from gradflow.figures.builders.cell_levels import (
    FEW,
    NOTHING,
    channels,
    colour_table,
    shown_levels,
)
from gradflow.figures.builders.colours import DOUBTFUL, DOUBTFUL_TOO
from gradflow.figures.builders.heatmap_cells import shown_cells
from gradflow.ui.comparison import film_section, film_words, pulse_section, weight_film
from gradflow.ui.comparison.animated_gif import animated_picture
from gradflow.ui.comparison.film_files import film_page
from gradflow.ui.comparison.pulse import arrivals_by_way, pulse_of
from gradflow.ui.comparison.weight_film import Change, depended_on, film_of, with_value
from gradflow.ui.comparison.words import moved_settings
from gradflow.ui.component.film import film_message
from gradflow.ui.shared import panels
from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.settings import Settings

SHORT = Settings(T=8)


@pytest.fixture(autouse=True)
def five_pictures(monkeypatch):
    """Films as short as will do."""
    monkeypatch.setattr(weight_film, "_PICTURES", 5)


def quiet(share):
    pass


def pictures(message):
    """The bytes of each picture, by the description of the message."""
    content = unpacked(message)
    added = np.frombuffer(zlib.decompress(content["deflated"].tobytes()), np.uint8)
    return np.cumsum(added.reshape(-1, content["width"]), axis=0, dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "first", "last"), [("w_s", -1.5, 2.0), ("w_h", 0.0, 3.0), ("b_f", -2.0, 6.0)]
)
def test_each_picture_is_the_heatmap_of_its_value(name, first, last):
    change = Change(name, first, last)
    film = film_of(SHORT, None, change, quiet)
    values = change.values(8)
    for number in (0, 2, 4):
        settings = with_value(SHORT, name, values[number])
        both = panels.both_panels(settings, run(settings))
        for panel, found in zip(both, film.panels, strict=True):
            assert found.quantity == panel.quantity
            shown = panels.view(settings, both)
            view = replace(shown, high=_high(film, shown))
            expected = shown_levels(shown_cells(panel, view), view)[np.tril_indices(8)]
            np.testing.assert_array_equal(found.triangles[number], expected)


def _high(film, view):
    """Where the scale of all pictures ends, by the place of its tick at 1."""
    [share] = [share for share, text in film.bar["ticks"] if text == "1"]
    return round(view.low - view.low / share)


def test_a_film_of_the_length_grows_from_its_first_steps():
    film = film_of(SHORT, None, Change("T", 2, 8), quiet)
    lengths = [2, 4, 5, 6, 8]
    assert film.labels == [f"T = {T}" for T in lengths]
    assert film.labels[film.start] == "T = 8"
    last = film.panels[0].triangles[-1]
    for T, found in zip(lengths, film.panels[0].triangles, strict=True):
        cells = T * (T + 1) // 2
        np.testing.assert_array_equal(found[:cells], last[:cells])
        assert (found[cells:] == NOTHING).all()


def test_a_film_depends_on_no_control_that_it_does_not_show():
    change = Change("w_s", 0.0, 1.0)
    base = depended_on(SHORT, change)
    assert depended_on(replace(SHORT, w_s=0.3, lag=2, window=3), change) == base
    assert depended_on(replace(SHORT, b_f=0.3), change) != base
    assert depended_on(replace(SHORT, signs=True), change) != base


@pytest.mark.parametrize("axis", ["lag", "source", "log"])
@pytest.mark.parametrize("t", [5, 8])
def test_the_row_of_the_target_fills_with_the_pulse(axis, t):
    settings = replace(SHORT, axis=axis, last=False, t=t)
    film = pulse_of(settings, run(settings))
    assert len(film.labels) == t + 1
    for panel in film.panels:
        squares = np.zeros((t + 1, 8, 8), np.uint8)
        squares[:, *np.tril_indices(8)] = panel.triangles
        for k, square in enumerate(squares):
            back = t - 1 - np.arange(k) if axis == "source" else np.arange(k)
            reached = np.isin(np.arange(8), back)
            assert ((square[t - 1] != NOTHING) == reached).all()
            assert ((panel.strips[k] != NOTHING) == reached).all()
            np.testing.assert_array_equal(square[t - 1, reached], squares[-1, t - 1, reached])
        others = np.arange(8) != t - 1
        assert (squares[:, others] == squares[-1, others]).all()
        assert [head[0] for head in film.heads] == [t - 1] * (t + 1)


@pytest.mark.parametrize(("T", "block"), [(8, 1), (500, 3)])
def test_a_film_spreads_its_columns_on_a_log_scale(T, block):
    settings = Settings(T=T, axis="log", last=False, t=2)
    spread = pulse_of(settings, run(settings)).spread
    lasts = np.minimum(block * np.arange(1, math.ceil(T / block) + 1), T)
    edges = np.sqrt(np.append(0.5, lasts * (lasts + 1.0)))
    shares = np.diff(np.log(edges)) / np.log(edges[-1] / edges[0])
    found = np.bincount(spread, minlength=len(shares)) / len(spread)
    np.testing.assert_allclose(found, shares, atol=1.1 / len(spread))


def test_the_ways_of_the_lstm_add_up_to_what_arrives():
    settings = replace(SHORT, T=12, w_s=-1.3)
    experiment = run(settings)
    rnn, lstm = arrivals_by_way(experiment, "f", 12)
    ways = (lstm.sign * 10.0**lstm.log10).sum(axis=0)
    np.testing.assert_allclose(ways, experiment.lstm.value("b_f")[-1], rtol=1e-10)
    np.testing.assert_allclose(
        rnn.sign[0] * 10.0 ** rnn.log10[0], experiment.rnn.value("b")[-1], rtol=1e-12
    )


def test_a_long_sequence_is_shown_by_the_largest_of_each_block():
    settings = Settings(T=500)
    film = pulse_of(settings, run(settings))
    assert film.cells == 167
    assert len(film.labels) <= 122
    assert (film.panels[1].strips[-1] != NOTHING).all()


# The cell state cancels and underflows.
UNDERFLOWS = Settings(T=14, sequence="impulse", w_s=-2.0, b_f=0.0, parameter="w_h", gate="i")


def test_a_film_marks_what_has_too_few_digits():
    film = film_of(UNDERFLOWS, None, Change("b_f", -0.5, 0.0), quiet)
    few = run(UNDERFLOWS).lstm.digits("w_hi") < 6
    assert few.sum() > 20
    rnn, lstm = film.panels
    np.testing.assert_array_equal(np.isin(lstm.triangles[-1], FEW), few[np.tril_indices(14)])
    assert not rnn.has_few_digits
    assert "cannot be told" in lstm.said[-1]
    assert unpacked(film_message(film))["bar"]["few"] is True
    assert film_of(SHORT, None, Change("b_f", 0.0, 1.0), quiet).bar["few"] is False


@pytest.mark.parametrize("gate", ["f", "c"])
def test_a_pulse_marks_what_has_too_few_digits_and_says_so(gate):
    settings = replace(UNDERFLOWS, gate=gate)
    flow = run(settings).lstm
    film = pulse_of(settings, run(settings))
    whole = flow.digits(f"b_{gate}")[-1] < 6
    rnn, lstm = film.panels
    for k in range(1, 15):
        unsure = whole[0] or whole[k - 1]
        assert ("too few digits" in lstm.said[k]) == unsure
    ours, better = (one.by_detours(f"b_{gate}", classes=2) for one in (flow, flow.refined()))
    with np.errstate(invalid="ignore"):
        gap = np.abs(10.0 ** (ours.log10 - better.log10)[:, -1] - 1.0)
    wrong = (gap > 1e-6) | (ours.sign != better.sign)[:, -1]
    zero = np.isneginf(ours.log10[:, -1]) & np.isneginf(better.log10[:, -1])
    # The ways to the candidate have their digits and cancel: their sum has none.
    assert (wrong.any(), whole.any()) == (gate == "f", True)
    found = np.isin(lstm.strips[-1], FEW)
    # Over a term without digits no other has any.
    np.testing.assert_array_equal(found, np.where(zero, whole, wrong) | whole[0])
    assert film.bar["few"]
    assert not rnn.has_few_digits
    assert not pulse_of(SHORT, run(SHORT)).bar["few"]


def test_an_animated_picture_has_the_colours_of_the_marks():
    settings = replace(UNDERFLOWS, last=False, t=2)
    data = animated_picture(pulse_of(settings, run(settings)))
    with Image.open(io.BytesIO(data)) as picture:
        picture.seek(picture.n_frames - 1)
        shown = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    colours = set(map(tuple, np.unique(shown, axis=0).tolist()))
    assert {channels(DOUBTFUL), channels(DOUBTFUL_TOO)} <= colours


def test_a_message_holds_every_picture():
    film = pulse_of(SHORT, run(SHORT))
    expected = np.concatenate([panel.pictures for panel in film.panels], axis=1)
    np.testing.assert_array_equal(pictures(film_message(film)), expected)


def test_another_film_has_another_ident():
    idents = {
        unpacked(film_message(pulse_of(settings, run(settings))))["ident"]
        for settings in (SHORT, replace(SHORT, w_s=0.8), SHORT)
    }
    assert len(idents) == 2


def test_a_page_of_a_film_needs_no_other_file():
    film = pulse_of(SHORT, run(SHORT))
    page = film_page("a <title>", film_message(film), "read", "made of").decode()
    assert "<h1>a &lt;title&gt;</h1>" in page
    assert not re.search(r"""(src|href)=|https?://|^import\s|@import""", page, re.MULTILINE)


def test_an_animated_picture_has_the_colours_of_the_cells():
    film = pulse_of(SHORT, run(SHORT))
    with Image.open(io.BytesIO(animated_picture(film))) as picture:
        assert picture.n_frames == len(film.labels)
        picture.seek(picture.n_frames - 1)
        shown = np.asarray(picture.convert("RGB"))
    # The middle of a cell, counted from the top left one, which lies where the paper ends.
    cells = film.panels[0].triangles[-1]
    rows, columns = np.tril_indices(8)
    top, left = 86, 44
    found = shown[top + 40 * rows + 20, left + 40 * columns + 20]
    np.testing.assert_array_equal(found, film.colours[cells, :3])


def test_both_colour_tables_are_those_of_their_heatmaps():
    settings = replace(SHORT, gate="all", signs=True)
    film = film_of(settings, None, Change("T", 7, 8), quiet)  # a norm has no sign: neither is shown
    both = panels.both_panels(settings, run(settings))
    view = replace(panels.view(settings, both), signs=False)
    np.testing.assert_array_equal(film.colours, colour_table(both[0], view))


def test_a_file_tells_its_settings_but_not_the_one_that_changes():
    said = moved_settings(replace(SHORT, w_s=0.5, seed=3), 8, without="w_s")
    assert said == "T = 8, b_f = 1, seed = 3"


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "100.0% of"), (-np.inf, "exactly zero"), (np.nan, "nothing reaches"), (2.0, "times")],
)
def test_what_has_arrived_is_said(share, said):
    assert said in film_words.arrived(3, share)


def opened(*sections, **query):
    app = AppTest.from_file("../../gradflow/ui/page_script.py", default_timeout=60)
    for section in sections:
        app.session_state[section] = True
    for name, value in query.items():
        app.query_params[name] = value
    return quietly(app.run())


def quietly(app):
    assert not app.exception
    assert not app.error
    return app


def films(app):
    packed = [one.proto.bytes for one in app.get("bidi_component") if one.key != "symbols"]
    contents = [unpacked(each) for each in packed]
    return [content for content in contents if "deflated" in content]


@pytest.mark.slow
def test_both_are_drawn_only_where_they_are_open_and_a_film_only_when_asked_for():
    assert not films(opened(T="6"))
    app = opened(film_section.SECTION, pulse_section.SECTION, T="6")
    assert [content["counted"] for content in films(app)] == [film_words.REACHED]
    quietly(app.button(key="film_make").click().run())
    pulse, film = films(app)
    assert film["counted"] == film_words.COUNTED["w_s"]
    assert [info.value for info in app.info] == []
    quietly(app.slider(key="w_s").set_value(0.5).run())
    assert films(app)[1]["ident"] == film["ident"]
    assert films(app)[0]["ident"] != pulse["ident"]
    assert [info.value for info in app.info] == []
    quietly(app.slider(key="b_f").set_value(3.0).run())
    assert [info.value for info in app.info] == [film_words.STALE]
