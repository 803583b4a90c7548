"""What a browser is answered while a hand moves a slider: what the page itself will show."""

import gc

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from support.routes import answered

from gradflow.ui.comparison import chart_contents, previews
from gradflow.ui.comparison.preview_route import route_of_previews
from gradflow.ui.comparison.previews import Previewed
from gradflow.ui.shared.settings import Settings


def _answered(token, method="GET", **query):
    """Status, headers and body of an answer of the route."""
    return answered(route_of_previews(), f"/{previews.PATH}{token}", method, **query)


def _opened(**query):
    app = AppTest.from_file("../../gradflow/ui/page_script.py", default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def _charts(app):
    charts, *_ = app.get("bidi_component")
    return charts.proto.bytes


@pytest.fixture
def held():
    """What an invented session shows."""
    one = Previewed("a-token", Settings(T=10))
    previews._OPEN[one.token] = one
    return one


def test_numbers_of_ones_own_bring_their_length():
    own = np.zeros((30, 1))
    assert Previewed("one", Settings(T=10, sequence="own"), own).steps(Settings(T=10)) == 10
    assert Previewed("one", Settings(T=10), own).steps(Settings(T=10, sequence="own")) == 30
    assert Previewed("one", Settings(T=10)).steps(Settings(T=10, sequence="own")) == 10


@pytest.mark.slow
def test_an_answer_is_what_the_page_shows_when_the_slider_is_let_go():
    app = _opened(T="12", own_w_h="1", b_f="2.0", sequence="sine")
    token = app.session_state["previewed"].token
    for name, value in (("w_s", 0.35), ("w_h", -1.5), ("b_f", 3.25), ("T", 9)):
        status, _, body = _answered(token, name=name, value=value)
        assert status == 200
        assert body != _charts(app)
        app.slider(key=name).set_value(value).run()
        assert body == _charts(app)


def test_the_run_that_follows_computes_nothing_twice(monkeypatch):
    app = _opened(T="12")
    held = app.session_state["previewed"]
    assert _answered(held.token, name="w_s", value=0.35)[0] == 200
    made, computed = held.made, []
    monkeypatch.setattr(chart_contents, "run", lambda *given: computed.append(given))
    assert not app.slider(key="w_s").set_value(0.35).run().exception
    assert computed == []
    assert _charts(app) == made.message
    assert held.made is None


def test_what_was_made_of_other_settings_is_not_taken(held):
    assert _answered(held.token, name="w_s", value=0.35)[0] == 200
    made = held.made
    assert held.take(Settings(T=10, w_s=0.36), None) is None
    held.made = made
    assert held.take(Settings(T=10, w_s=0.35), [1.0]) is None
    held.made = made
    assert held.take(Settings(T=10, w_s=0.35), None) is made


def test_an_answer_changes_nothing():
    app = _opened(T="12")
    before = _charts(app)
    token = app.session_state["previewed"].token
    assert _answered(token, name="w_s", value=0.1)[0] == 200
    assert _charts(app.run()) == before


def test_only_who_knows_a_sessions_secret_is_answered(held):
    assert _answered(held.token, name="w_s", value=0.5)[0] == 200
    assert _answered("another-token", name="w_s", value=0.5)[0] == 404


def test_a_session_takes_its_secret_along():
    one = previews._OPEN["gone"] = Previewed("gone", Settings())
    del one
    gc.collect()
    assert previews.found("gone") is None


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"name": "seed", "value": "3"},
        {"name": "w_s", "value": "nan"},
        {"name": "w_s", "value": "3"},
        {"name": "T", "value": "2001"},
        {"name": "T", "value": "9" * 5000},
    ],
)
def test_what_no_slider_can_be_set_to_is_refused(held, query):
    assert _answered(held.token, **query)[0] == 422
    assert not held.busy


def test_a_browser_tells_that_it_has_painted_the_charts(held):
    assert not held.painted.is_set()
    assert _answered("another-token", "POST")[0] == 404
    assert not held.painted.is_set()
    assert _answered(held.token, "POST")[0] == 204
    assert held.painted.is_set()


def test_a_session_is_answered_one_at_a_time(held):
    held.busy = True
    assert _answered(held.token, name="w_s", value=0.5)[0] == 429


def test_nobody_keeps_or_packs_an_answer(held):
    _, headers, _ = _answered(held.token, name="w_s", value=0.5)
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"content-encoding"] == b"identity"
