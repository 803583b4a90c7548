"""Settings between two runs of a page."""

from streamlit.testing.v1 import AppTest

from gradflow.ui.shared import held_settings


def _page():
    from gradflow.ui.shared.state import HELD, WIDGETS

    HELD.begin("comparison")
    WIDGETS.slider("T")


def test_a_browser_is_told_what_a_widget_holds_until_it_confirms_it(monkeypatch):
    app = AppTest.from_function(_page)

    def told():
        assert not app.run().exception
        slider = app.slider(key="T").proto
        return slider.set_value and list(slider.value)

    # A browser that has not drawn the widget of one run before the next has drawn its own.
    monkeypatch.setattr(held_settings, "told_by_browser", lambda key: False)
    assert [told(), told()] == [[50], [50]]
    monkeypatch.undo()
    assert told() is False
    app.slider(key="T").set_value(44)
    assert told() is False
    assert app.session_state["T"] == 44
