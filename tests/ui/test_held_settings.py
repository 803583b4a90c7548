"""Settings between two runs of a page."""

import pytest
from streamlit.runtime.state import QueryParamsProxy
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


def _page_with_field():
    from gradflow.ui.shared import sidebar
    from gradflow.ui.shared.state import HELD, WIDGETS

    HELD.begin("comparison")
    WIDGETS.slider("T")
    sidebar.beside_sliders()
    HELD.keep(HELD.settings())


def test_what_the_field_of_an_older_length_holds_is_no_number_that_was_typed():
    app = AppTest.from_function(_page_with_field).run()
    (field,) = app.number_input
    app.slider(key="T").set_value(56).run()
    assert not app.exception
    assert [shown.value for shown in app.number_input] == [56]
    # A browser that moves the slider on before it has the field of 56.
    field.set_value(50)
    app.slider(key="T").set_value(60)
    app._run(app._tree.get_widget_states())
    assert not app.exception
    assert app.session_state["T"] == app.number_input[0].value == 60


def test_what_a_field_held_that_is_no_longer_there_is_no_number_that_was_typed():
    app = AppTest.from_function(_page_with_field).run()
    [gone] = [one for one in app._tree.get_widget_states().widgets if "T_typed" in one.id]
    app.slider(key="T").set_value(56).run()
    told = app._tree.get_widget_states()
    told.widgets.append(gone)
    app._run(told)
    assert not app.exception
    assert app.session_state["T"] == app.number_input[0].value == 56


def test_a_length_that_is_typed_keeps_its_field():
    app = AppTest.from_function(_page_with_field).run()
    app.slider(key="T").set_value(56).run()
    key = app.number_input[0].key
    app.number_input[0].set_value(50).run()
    assert not app.exception
    assert (app.session_state["T"], app.number_input[0].value) == (50, 50)
    assert app.number_input[0].key == key


def test_the_address_is_sent_where_a_browser_tells_an_older_one():
    app = AppTest.from_function(_page_with_field).run()
    told = dict(app.query_params)
    app.slider(key="T").set_value(56).run()
    assert app.query_params["T"] == "56"
    sent = []
    app.query_params.clear()
    app.query_params.update(told)  # of a message that was under way
    app.slider(key="T").set_value(50)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(QueryParamsProxy, "from_dict", lambda _, query: sent.append(query))
        app.run()
    assert [query["T"] for query in sent] == ["50"]
