"""Each reliance on the insides of Streamlit, plotly and kaleido still holds."""

import asyncio
import inspect
import math
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit
from streamlit import config
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.state.session_state import WStates
from streamlit.runtime.uploaded_file_manager import DeletedFile
from streamlit.starlette import App
from streamlit.testing.v1 import AppTest
from support.forged import VALUES, state
from support.needed import go_without

import gradflow
from gradflow.ui import vendor_internals

STATIC = Path(streamlit.__file__).parent / "static"
UI = Path(vendor_internals.__file__).parent
PAGE_STYLE = UI / "shared" / "style.css"


def test_what_is_drawn_together_is_sent_at_the_end_and_a_newer_run_still_ends_it():
    def script():
        import streamlit as st
        from streamlit.runtime.scriptrunner import get_script_run_ctx

        from gradflow.ui.vendor_internals import sent_together

        sent, checked = [], []
        context = get_script_run_ctx()
        context._enqueue = lambda message: sent.append(message)
        context.yield_check = lambda: checked.append(len(sent))
        with sent_together():
            st.text("one")
            st.text("two")
            st.session_state.within = len(sent)
        st.session_state.after = [one.delta.new_element.text.body for one in sent]
        st.session_state.checked = checked

    broken = "Streamlit changed how a run sends: renew vendor_internals.sent_together"
    app = AppTest.from_function(script).run()
    assert not app.exception, broken
    assert app.session_state.within == 0, broken
    assert app.session_state.after == ["one", "two"], broken
    assert app.session_state.checked == [0, 0], broken


def test_a_browser_tells_of_the_widgets_that_it_has():
    def script():
        import streamlit as st

        from gradflow.ui.vendor_internals import told_by_browser

        st.session_state.told = told_by_browser("size")
        st.slider("Size", 1, 9, key="size")

    broken = "Streamlit changed where widgets are kept: renew vendor_internals.told_by_browser"
    app = AppTest.from_function(script)
    told = []
    for _ in range(2):
        app.run()
        assert not app.exception, broken
        told.append(app.session_state.told)
    assert told == [False, True], broken


@pytest.mark.slow
def test_kaleido_takes_the_options_of_its_browser_and_tells_its_process():
    broken = "kaleido or choreographer changed: renew vendor_internals.{}"
    if vendor_internals.browser_path() is None:
        go_without("needs a browser that kaleido finds")

    async def opened():
        browser = vendor_internals.offline_kaleido()
        assert browser._browser_impl.proxy_server, broken.format("offline_kaleido")
        await browser.open()
        process = vendor_internals.browser_process(browser)
        assert process.poll() is None, broken.format("browser_process")
        await browser.close()
        return process

    process = asyncio.run(opened())
    assert process.wait(60) is not None


@pytest.mark.parametrize("option", ["postScriptGC", "fastReruns"])
def test_streamlit_has_the_options_of_runs_that_the_configuration_sets(option):
    settings = (Path(gradflow.__file__).parents[1] / ".streamlit/config.toml").read_text()
    assert f"{option} = false" in settings
    assert f"runner.{option}" in config.get_config_options(), (
        f"Streamlit no longer has runner.{option}: take it out of .streamlit/config.toml and "
        "measure what a run costs, and what a session holds where one run ends another"
    )


def test_a_value_that_a_widget_cannot_hold_counts_as_not_told(monkeypatch):
    def script():
        import streamlit as st
        from streamlit.runtime.scriptrunner import get_script_run_ctx

        st.slider("Size", 1.0, 9.0, key="size")
        st.number_input("Count", 1, 9, key="count")
        st.selectbox("Kind", ["a", "b"], key="kind")
        st.file_uploader("File", key="file")
        cells = st.components.v2.component("cells", js="export default () => {}")
        cells(key="cells", on_picked_change=lambda: None)
        states = get_script_run_ctx().session_state._state._new_widget_state
        st.session_state.known = dict(states.widget_metadata)

    app = AppTest.from_function(script).run()
    known = {one.id.rsplit("-")[-1]: one for one in app.session_state.known.values()}
    monkeypatch.setattr(WStates, "__getitem__", WStates.__getitem__)  # so that it is undone
    vendor_internals.ignore_impossible_values.__wrapped__()

    def held(name, kind, value):
        told = state(known[name].id, kind, value)
        states = WStates(widget_metadata={told.id: known[name]})
        states.set_widget_from_proto(told)
        return states.get(told.id, "not told")

    broken = "Streamlit changed: renew vendor_internals.ignore_impossible_values"
    assert held("size", "double_array_value", [3.0]) == 3.0, broken
    assert held("count", "int_value", 3) == held("count", "double_value", 3.0) == 3, broken
    assert held("count", "double_value", math.nan) == "not told", broken
    assert held("kind", "string_value", "b") == "b", broken
    assert held("kind", "string_value", "c") == "not told", broken
    for name, one in known.items():
        numbers = {"int_value", "double_value"}
        own = numbers if one.value_type in numbers else {one.value_type}
        for kind in VALUES.keys() - own:
            assert held(name, kind, VALUES[kind][0]) == "not told", f"{broken} ({name}, {kind})"
    states = WStates(widget_metadata={known["kind"].id: known["kind"]})
    states.set_widget_from_proto(WidgetState(id=known["kind"].id))  # nothing is chosen, and then b
    assert states[known["kind"].id] == "a", broken
    states.set_widget_from_proto(state(known["kind"].id, "string_value", "b"))
    assert states.get(known["kind"].id, "not told") == "b", broken
    assert held("cells", "json_value", '{"a": 1}') == {"a": 1}, broken
    for told in ("null", '"text"', "{" * 2000, '{"a": "%s"}' % ("a" * 10_000)):
        assert held("cells", "json_value", told) == "not told", broken
    for gone in (DeletedFile("gone"), [DeletedFile("gone")]):
        known["file"] = replace(known["file"], deserializer=lambda _, gone=gone: gone)
        assert held("file", "file_uploader_state_value", "a.npz") == "not told", broken


@pytest.mark.parametrize(
    ("widget", "kinds"),
    [
        ("Slider", ["DoubleArray", "StringArray"]),  # the second of dates and words
        ("NumberInput", ["Int", "Double"]),
        ("Checkbox", ["Bool"]),
        ("Selectbox", ["String"]),
        ("Radio", ["String"]),
        ("TextArea", ["String"]),
        ("TextInput", ["String"]),
        ("Multiselect", ["StringArray"]),
        ("ButtonGroup", ["StringArray"]),
        ("Button", ["Trigger"]),
        ("DownloadButton", ["Trigger"]),
        ("FileUploader", ["FileUploaderState"]),
        ("PlotlyChart", ["String"]),
        ("BidiComponent", ["Json", "Trigger"]),
    ],
)
def test_browsers_tell_what_a_widget_holds_as_it_is_believed(widget, kinds):
    scripts = "".join(
        path.read_text("utf-8") for path in (STATIC / "static/js").glob(f"{widget}.*.js")
    )
    told = set(re.findall(r"\bset(\w+)Value\(", scripts)) & {
        "".join(part.title() for part in kind.split("_")[:-1]) for kind in VALUES
    }
    assert told == set(kinds), (
        f"Streamlit's {widget} tells its value in another way: renew "
        "vendor_internals.ignore_impossible_values"
    )


def test_the_own_script_of_the_page_is_below_static_js():
    index = (STATIC / "index.html").read_text(encoding="utf-8")
    assert re.search(r'<script type="module"[^>]* src="\./static/js/', index), (
        "Streamlit's own script is elsewhere: renew serverRoot in scripts/vendor_internals.js"
    )


def test_streamlit_has_a_colour_that_stands_for_that_of_the_text():
    scripts = (STATIC / "static/js").glob("PlotlyChart*.js")
    assert any(vendor_internals.TEXT_COLOUR in path.read_text("utf-8") for path in scripts), (
        "Streamlit's theme for charts changed: renew vendor_internals.TEXT_COLOUR"
    )


def test_streamlit_names_its_elements_as_the_style_of_the_page_does():
    style = PAGE_STYLE.read_text(encoding="utf-8")
    names = {*re.findall(r'data-testid="(\w+)"', style), *re.findall(r"\.(st[A-Z]\w+)", style)}
    assert len(names) > 3
    scripts = "".join(
        path.read_text(encoding="utf-8") for path in (STATIC / "static/js").glob("*.js")
    )
    gone = sorted(
        name for name in names if f'"{name}"' not in scripts and f"`{name}`" not in scripts
    )
    assert gone == [], f"Streamlit no longer has elements called {gone}: renew {PAGE_STYLE.name}"


def test_uvicorn_has_what_the_clock_of_its_connections_needs():
    broken = "uvicorn changed: renew vendor_internals.close_silent_connections"
    source = inspect.getsource(vendor_internals.H11Protocol)
    for name in ("connection_made", "data_received", "timeout_keep_alive_task", "self.cycle"):
        assert name in source, f"{broken} ({name})"


@pytest.mark.parametrize("runs", [False, True])
def test_closed_sessions_are_counted_and_ended_when_their_time_is_over(runs):
    def ended(name):
        return lambda: done.append(name)

    broken = "Streamlit changed: renew vendor_internals.kept_sessions"
    done = []
    session = SimpleNamespace(
        id="one",
        shutdown=ended("shut down"),
        session_state=SimpleNamespace(clear=ended("cleared")),
        _scriptrunner="runs" if runs else None,
    )
    for name in ("shutdown", "session_state"):
        assert hasattr(AppSession, name), broken
    assert "self._scriptrunner is None" in inspect.getsource(AppSession.shutdown), broken
    app = App(UI / "page_script.py")
    app._runtime = app._create_runtime()
    try:
        assert vendor_internals.kept_sessions(app) == 0, broken
        storage = app._runtime._session_mgr._session_storage
        storage.save(SimpleNamespace(session=session))
        assert vendor_internals.kept_sessions(app) == 1, broken
        assert done == []
        storage._cache._ttl = 0.0
        storage.save(SimpleNamespace(session=session))
        assert vendor_internals.kept_sessions(app) == 0, broken
        assert done == (["shut down"] if runs else ["shut down", "cleared"])
    except AttributeError as failure:
        pytest.fail(f"{broken} ({failure})")
    finally:
        Runtime._instance = None
