"""The page without a browser: every control changes what it should, and nothing breaks."""

from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from support.packed import unpacked

from gradflow.figures.builders.panel import relative_to_first
from gradflow.ui.comparison.shown_rows import measured
from gradflow.ui.shared.experiment import parameter_name, run
from gradflow.ui.shared.links import to_query
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.row_words import finding
from gradflow.ui.shared.settings import CONTROLS, Settings
from gradflow.ui.shared.sidebar import SECTIONS
from gradflow.ui.shared.words import HOW_TO_READ, W_H_BY_GATE, beyond_first, beyond_last

APP = str(Path(__file__).parents[2] / "gradflow" / "ui" / "page_script.py")


def _opened(**query):
    app = AppTest.from_file(APP, default_timeout=60)
    for section in SECTIONS:  # what is folded is not drawn
        app.session_state[section] = True
    for name, value in query.items():
        app.query_params[name] = value
    return _quiet(app.run())


def _quiet(app):
    assert not app.exception
    assert not app.error
    return app


def _message(app):
    heatmaps, *_ = app.get("bidi_component")
    return unpacked(heatmaps.proto.bytes)


def _charts(app):
    return _message(app)["charts"]


def _titles(app):
    return [chart["layout"]["annotations"][0]["text"] for chart in _charts(app)[:2]]


def _heading(app):
    return _message(app)["heading"]


def _shown_terms(app):
    return _charts(app)[0]["data"][0]["z"]


def _query(app):
    return {
        name: value if isinstance(value, str) else value[-1]
        for name, value in app.query_params.items()
    }


def _widget(app, name):
    for kind in KINDS:
        for widget in getattr(app, kind):
            if widget.key == name:
                return widget
    raise AssertionError(f"no widget has the key {name}")


KINDS = ("slider", "number_input", "selectbox", "toggle", "radio")

# Settings whose widget is on another page than the main one, by the page's address.
ELSEWHERE = {"classes": "paths", "path": "paths"}

# Settings whose widget is drawn only where another setting calls for it.
NEEDS = {
    "w_h": {"own_w_h": "1"},
    **{f"w_{kind}{gate}": {"own_gates": "1"} for kind in "xh" for gate in "ifco"},
    "target": {"loss": "squared"},
    # A readout's bias moves the slope of a loss alone, which cancels in rows divided by their own.
    "readout_b_o": {"loss": "squared", "relative": "0"},
    "label": {"loss": "binary"},
    "period": {"sequence": "sine"},
    "clause": {"sequence": "sentence"},
    "plural": {"sequence": "sentence"},
    "threshold": {"clipping": "1"},
    "t": {"last": "0"},
}


def _another(name):
    control, default = CONTROLS[name], getattr(Settings, name)
    if control.choices:
        return next(value for value in reversed(control.values) if value != default)
    if isinstance(default, bool):
        return not default
    if name == "t":
        return 7
    if isinstance(default, int):
        return default + 3
    return round(default + (0.25 if default + 0.25 <= control.high else -0.25), 6)


def _shown(app):
    charts = [chart.proto.spec + chart.proto.config for chart in app.get("plotly_chart")]
    charts += [str(component.proto.bytes) for component in app.get("bidi_component")]
    words = [*app.markdown, *app.caption, *app.subheader, *app.table]
    return charts + [str(element.value) for element in words]


@pytest.mark.slow
@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_changes_the_page_and_the_link(name):
    app = _turned_to(_opened(**NEEDS.get(name, {})), ELSEWHERE.get(name, ""))
    before = _shown(app)
    value = _another(name)
    _quiet(_widget(app, name).set_value(value).run())
    assert _shown(app) != before
    assert _query(app)[name] == (str(int(value)) if isinstance(value, bool) else str(value))


@pytest.mark.slow
@pytest.mark.parametrize("page", ["", *sorted(set(ELSEWHERE.values()))])
def test_every_control_has_a_help_text(page):
    app = _opened(own_gates="1", clipping="1", loss="squared", sequence="sentence")
    _turned_to(app, page)
    for kind in KINDS:
        for widget in getattr(app, kind):
            assert widget.help, widget.key


@pytest.mark.slow
@pytest.mark.parametrize(("w_s", "T", "b_f"), [(0.5, 12, 3.0), (-1.5, 30, -2.0)])
def test_the_heatmaps_hold_what_the_library_gives(w_s, T, b_f):
    app = _opened()
    app.slider(key="w_s").set_value(w_s)
    app.slider(key="T").set_value(T)
    _quiet(app.slider(key="b_f").set_value(b_f).run())
    settings = Settings(w_s=w_s, T=T, b_f=b_f)
    experiment = run(settings)
    for chart, flow in zip(_charts(app)[:2], (experiment.rnn, experiment.lstm), strict=True):
        expected = relative_to_first(flow.log10(parameter_name(flow, settings)))
        np.testing.assert_allclose(chart["data"][0]["z"], expected, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_sets_the_controls_and_says_what_to_look_at(preset):
    app = _opened(w_s="0.33", T="17")
    _quiet(app.selectbox(key="preset").set_value(preset.name).run())
    assert preset.look in [element.value for element in app.caption]
    assert app.slider(key="w_s").value == preset.settings.w_s
    assert app.query_params.keys() == to_query(preset.settings).keys()


def test_a_link_reopens_the_view():
    settings = Settings(
        w_s=-0.25, T=23, b_f=2.5, loss="squared", target=0.5, last=False, t=9, axis="source"
    )
    app = _opened(**to_query(settings))
    assert app.slider(key="T").value == 23
    assert app.number_input(key="target").value == 0.5
    assert app.number_input(key="t").value == 9
    assert not app.toggle(key="last").value
    assert _query(app) == to_query(settings)


def test_a_bad_link_gives_the_default_and_names_the_value():
    app = _opened(T="1e9", w_s="0.5")
    assert app.slider(key="T").value == Settings.T
    assert app.slider(key="w_s").value == 0.5
    [notice] = app.warning
    assert "`T`" in notice.value
    assert "`1e9`" in notice.value


def test_a_target_and_a_lag_that_do_not_fit_say_what_is_meant():
    def notes(app):
        return [one.value for one in app.caption if "is meant" in one.value]

    app = _opened(T="20", last="0", t="77", lag="900")
    for page, expected in (
        ("", [beyond_last(20), beyond_first(20)]),
        ("paths", [beyond_last(20)]),
        ("derivation", [beyond_last(20), beyond_first(20)]),
    ):
        app = _turned_to(app, page) if page else app
        assert notes(app) == expected
    assert (_query(app)["t"], _query(app)["lag"]) == ("77", "900")
    assert notes(_opened(T="20", last="0", t="20", lag="20")) == []
    assert notes(_opened(T="20", last="0", t="5", lag="6")) == [beyond_first(5)]


@pytest.mark.slow
def test_the_last_step_is_the_target_until_another_is_chosen():
    app = _opened()
    assert _heading(app) == "One row: target step t = 50"
    _quiet(app.slider(key="T").set_value(80).run())
    assert _heading(app) == "One row: target step t = 80"
    _quiet(app.toggle(key="last").set_value(False).run())
    _quiet(app.number_input(key="t").set_value(30).run())
    _quiet(app.slider(key="T").set_value(20).run())
    assert _heading(app) == "One row: target step t = 20"
    _quiet(app.slider(key="T").set_value(90).run())
    assert _heading(app) == "One row: target step t = 30"


def _turned_to(app, page):
    # AppTest.switch_page takes files only; a page that is a function is known by its address.
    app._page_hash = calc_hash(page)
    return _quiet(app.run())


@pytest.mark.slow
@pytest.mark.parametrize("page", ["paths", "derivation"])
def test_settings_go_with_the_visitor_from_page_to_page(page):
    app = _opened(w_s="0.33", T="17", own_gates="1", w_xf="2.5")
    _quiet(app.slider(key="b_f").set_value(4.0).run())
    _turned_to(app, page)
    assert app.slider(key="w_s").value == 0.33
    assert app.slider(key="b_f").value == 4.0
    _quiet(app.slider(key="T").set_value(21).run())
    assert _query(app) == to_query(Settings(w_s=0.33, T=21, b_f=4.0, own_gates=True, w_xf=2.5))
    _turned_to(app, "")
    assert app.slider(key="T").value == 21
    assert app.number_input(key="w_xf").value == 2.5


@pytest.mark.slow
def test_the_same_preset_can_be_chosen_again():
    app = _opened()
    for _ in range(2):
        _quiet(app.selectbox(key="preset").set_value("Saturation").run())
        assert app.number_input(key="w_x").value == 40.0
        _quiet(app.number_input(key="w_x").set_value(1.0).run())
        assert any("Saturation" in caption.value for caption in app.caption)


@pytest.mark.slow
def test_scenes_are_turned_to_and_fro():
    app = _opened()
    for key, scene in (("scene_next", 1), ("scene_next", 2), ("scene_back", 1), ("scene_back", 0)):
        _quiet(app.button(key=key).click().run())
        assert PRESETS[scene].look in [caption.value for caption in app.caption]
        assert _query(app) == to_query(PRESETS[scene].settings)
    _quiet(app.button(key="scene_back").click().run())
    assert _query(app) == to_query(PRESETS[-1].settings)


@pytest.mark.slow
def test_the_lstms_weight_follows_the_rnns_and_keeps_its_value_when_set_apart():
    app = _opened(w_s="0.7")
    w_s, w_h = app.slider(key="w_s"), app.slider(key="w_h_follows")
    assert w_h.value == w_s.value == 0.7
    assert (w_h.min, w_h.max) == (w_s.min, w_s.max)  # so that their thumbs stand alike
    before = _charts(app)[1]["data"][0]["z"]
    _quiet(app.toggle(key="own_w_h").set_value(True).run())
    assert app.slider(key="w_h").value == 0.7
    np.testing.assert_array_equal(_charts(app)[1]["data"][0]["z"], before)
    _quiet(app.slider(key="w_s").set_value(0.2).run())
    assert app.slider(key="w_h").value == 0.7
    _quiet(app.toggle(key="own_gates").set_value(True).run())
    assert [app.number_input(key=f"w_h{gate}").value for gate in "ifco"] == [0.7] * 4
    assert app.text_input(key="w_h_unused").value == W_H_BY_GATE
    np.testing.assert_array_equal(_charts(app)[1]["data"][0]["z"], before)


def test_a_weight_that_the_slider_does_not_reach_is_a_field():
    app = _opened(own_w_h="1", w_h="40.0")
    assert app.number_input(key="w_h").value == 40.0


@pytest.mark.slow
def test_the_page_speaks_of_what_it_shows():
    for parameter, gate in (("w_x", "c"), ("b", "f"), ("w_h", "all"), ("b", "product")):
        app = _opened(parameter=parameter, gate=gate)
        settings = Settings(parameter=parameter, gate=gate)
        seen = measured(settings, run(settings))
        said = [list(finding(name, reach, unsure=False)) for name, reach in seen.items()]
        assert _message(app)["said"] == said
        [table] = [text.value for text in app.markdown if "| Verdict |" in text.value]
        for reach in seen.values():
            assert f"| {reach.verdict} |" in table
        lags = {line["name"]: line["y"] for line in _charts(app)[2]["data"][:2]}
        for name, reach in seen.items():
            row = reach.log10_signal - reach.log10_signal[0]
            finite = np.isfinite(row)
            if finite[0] and (name, gate) != ("LSTM", "product"):  # its curve is the terms
                np.testing.assert_allclose(np.asarray(lags[name])[finite], row[finite], atol=1e-4)


@pytest.mark.parametrize("page", ["", "model"])
def test_the_explanation_is_sent_once_its_section_is_open(page):
    app = AppTest.from_file(APP, default_timeout=60)
    app._page_hash = calc_hash(page)
    _quiet(app.run())
    [section] = [one for one in app.expander if one.label == HOW_TO_READ]
    assert not section.markdown
    app.session_state["model_open_explanation" if page else "open_explanation"] = True
    _quiet(app.run())
    [section] = [one for one in app.expander if one.label == HOW_TO_READ]
    assert "**What is" in section.markdown[0].value


def test_a_link_to_own_numbers_says_that_it_does_not_hold_them():
    app = _opened(sequence="own")
    [notice] = app.info
    assert "a link does not hold them" in notice.value


def test_many_bad_settings_make_one_notice():
    app = _opened(**{f"name{n}": "1" for n in range(300)})
    [notice] = app.warning
    assert "295 more" in notice.value


@pytest.mark.slow
def test_numbers_that_were_removed_are_forgotten_with_their_error():
    app = _opened(sequence="own")
    _quiet(app.text_area(key="own_text").set_value("1 2 3").run())
    app.text_area(key="own_text").set_value("1 two").run()
    assert app.error
    _quiet(app.text_area(key="own_text").set_value("").run())
    assert _shown_terms(app).shape == (50, 50)
    _quiet(app.text_area(key="own_text").set_value("1 2 3 4").run())
    _quiet(app.button(key="own_forget").click().run())
    assert _shown_terms(app).shape == (50, 50)


@pytest.mark.slow
def test_a_setting_hidden_for_a_while_keeps_its_value():
    app = _opened(sequence="sentence")
    _quiet(app.number_input(key="clause").set_value(33).run())
    _quiet(app.selectbox(key="sequence").set_value("ones").run())
    _quiet(app.selectbox(key="sequence").set_value("sentence").run())
    assert app.number_input(key="clause").value == 33


def test_own_numbers_are_used_and_stay_out_of_the_link():
    app = _opened(sequence="own")
    _quiet(app.text_area(key="own_text").set_value("1, 2, 0.5, -1").run())
    rnn, lstm, *_ = _charts(app)
    assert rnn["data"][0]["z"].shape == lstm["data"][0]["z"].shape == (4, 4)
    assert "own_text" not in app.query_params
    assert any("4 numbers read" in caption.value for caption in app.caption)


@pytest.mark.slow
def test_a_column_of_a_table_can_be_chosen_and_an_error_says_what_stays():
    app = _opened(sequence="own")
    table = "n,a,b\n0,0.5,7\n1,0.25,8\n2,0.125,9"
    _quiet(app.text_area(key="own_text").set_value(table).run())
    np.testing.assert_array_equal(_message(app)["inputs"], [0.5, 0.25, 0.125])
    _quiet(app.selectbox(key="own_column").set_value("b").run())
    np.testing.assert_array_equal(_message(app)["inputs"], [7.0, 8.0, 9.0])
    app.text_area(key="own_text").set_value("one two").run()
    [error] = app.error
    assert "Still in use: the 3 steps read before." in error.value
    assert not any("numbers read" in caption.value for caption in app.caption)


def test_only_the_first_2000_own_numbers_are_used_and_the_page_says_so():
    app = _opened(sequence="own")
    _quiet(app.text_area(key="own_text").set_value(" ".join(["0.1"] * 2112)).run())
    assert any("2,112 numbers read; the first 2000" in caption.value for caption in app.caption)
    assert _message(app)["T"] == 2000


def test_of_400_steps_and_more_the_page_shows_blocks_and_says_so():
    alone = _opened(T="399")
    assert not any("block" in caption.value for caption in alone.caption)
    assert "largest" not in _titles(alone)[0]
    app = _opened(T="400")
    assert any("a block of 2 × 2 terms" in caption.value for caption in app.caption)
    assert all("largest of 2 × 2" in title for title in _titles(app))
    assert (_message(app)["block"], _shown_terms(app).shape) == (2, (200, 200))


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["1, two, 3", "nan", "1e999", "<img src=x onerror=alert(1)>", ";;"]
)
def test_bad_numbers_get_one_sentence_and_leave_what_was_there(text):
    app = _opened(sequence="own")
    _quiet(app.text_area(key="own_text").set_value("1 2 3 4 5 6").run())
    app.text_area(key="own_text").set_value(text).run()
    assert not app.exception
    [error] = app.error
    assert "<" not in error.value.replace(r"\<", "")
    assert _shown_terms(app).shape == (6, 6)


def test_numbers_too_large_for_the_page_are_refused_and_leave_what_was_there():
    app = _opened(sequence="own")
    _quiet(app.text_area(key="own_text").set_value("1 2 3").run())
    app.text_area(key="own_text").set_value("1e308 1").run()
    assert not app.exception
    [error] = app.error
    assert "1e+308" in error.value.replace("\\", "")
    assert _shown_terms(app).shape == (3, 3)


def test_a_network_that_cannot_be_computed_is_named():
    app = AppTest.from_file(APP, default_timeout=60)
    for name, value in {
        "activation": "identity",
        "w_s": "2.0",
        "T": "500",
        "loss": "softmax",
    }.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    [error] = app.error
    assert "RNN" in error.value


def test_the_longest_links_and_largest_settings_run():
    extremes = {"w_s": "2.0", "T": "500", "b_f": "10.0", "w_x": "100.0", "own_gates": "1"}
    extremes |= {f"w_h{gate}": "-100.0" for gate in "ifco"} | {"loss": "softmax", "clipping": "1"}
    assert len(urlencode(extremes)) > 100
    _opened(**extremes)


@pytest.mark.slow
def test_a_move_that_cannot_be_computed_is_said_once_and_the_next_one_is_shown():
    app = _opened(activation="relu", T="2000", w_s="0.5")
    app.slider(key="w_s").set_value(2.0).run()
    [error] = app.error
    assert "float64" in error.value
    app.slider(key="w_s").set_value(0.9).run()
    opened = _opened(activation="relu", T="2000", w_s="0.9")
    np.testing.assert_array_equal(_shown_terms(_quiet(app)), _shown_terms(opened))
