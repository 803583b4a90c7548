"""Each reliance on the insides of Streamlit, plotly and kaleido still holds."""

import asyncio
import inspect
import re
from pathlib import Path

import pytest
import streamlit
from streamlit import config
from streamlit.runtime import Runtime
from streamlit.starlette import App
from streamlit.testing.v1 import AppTest
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


def test_streamlit_keeps_closed_sessions_where_they_are_counted():
    broken = "Streamlit changed: renew vendor_internals.kept_sessions"
    app = App(UI / "page_script.py")
    app._runtime = app._create_runtime()
    try:
        assert vendor_internals.kept_sessions(app) == 0, broken
    except AttributeError as failure:
        pytest.fail(f"{broken} ({failure})")
    finally:
        Runtime._instance = None
