"""The page of the derivation: what it opens, keeps and counts."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from gradflow.ui.derivation.chapters import PARTS, QUESTIONS, STEPS
from gradflow.ui.derivation.derivation_words import ABOUT_TOO_FEW
from gradflow.ui.derivation.lstm_questions import GROWING
from gradflow.ui.derivation.rnn_questions import HALVING
from gradflow.ui.shared.links import to_query
from gradflow.ui.shared.settings import Settings
from gradflow.ui.shared.sidebar import SECTIONS

APP = str(Path(__file__).parents[3] / "gradflow" / "ui" / "page_script.py")


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
    said = [*(part.label for part in app.expander), *(text.value for text in app.markdown)]
    return [title for title in said if re.match(r"(\*\*\d+\. |:material/help:)", title)]


def _score(app):
    [found] = [c.value for c in app.caption if "parts open" in c.value]
    return found.split(" · ")[1]


def _predict(app, question, option):
    _quiet(app.radio(key=f"quiz_{question.key}").set_value(option).run())
    return _press(app, f"answer_{question.key}")


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_settings_of_an_answer_go_into_the_sidebar():
    app = _press(_opened(), "derivation_all")
    _predict(app, GROWING, "stable")
    _press(app, "use_growing")
    _unfolded(app)
    assert app.slider(key="T").value == GROWING.settings.T
    assert app.slider(key="w_h").value == GROWING.settings.w_h
    assert dict(app.query_params).keys() == to_query(GROWING.settings).keys()
    assert _score(app) == f"1 of {len(QUESTIONS)} predicted, 0 right"


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_first_target_step_has_nothing_to_look_back_to():
    app = _press(_opened(last="0", t="1"), "derivation_all")
    said = [c.value for c in app.caption if "a target step from" in c.value]
    assert len(said) == len([step for step in STEPS if step.target > 1])
    assert said


@pytest.mark.slow
def test_a_step_whose_numbers_are_lost_says_so():
    app = _press(_opened(sequence="impulse", w_s="-2.0", b_f="0.0", T="20"), "derivation_all")
    assert ABOUT_TOO_FEW in [c.value for c in app.caption]
    assert any("(too few digits)" in m.value for m in app.markdown)


@pytest.mark.slow
def test_another_setting_changes_the_numbers():
    app = _unfolded(_press(_opened(), "derivation_all"))
    before = [m.value for m in app.markdown]
    for name, value in (("w_s", 0.2), ("w_x", 1.1)):
        widget = app.slider if name == "w_s" else app.number_input
        _quiet(widget(key=name).set_value(value).run())
        after = [m.value for m in app.markdown]
        assert sum(a != b for a, b in zip(after, before, strict=True)) > 20
        before = after
