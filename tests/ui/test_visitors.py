"""Many visitors: what a move costs, counted, and that sessions neither mix nor stay."""

import asyncio
import re
from dataclasses import replace
from urllib.parse import urlencode

import numpy as np
import pytest
import websockets
from browser.serving import ROOT, served
from streamlit.testing.v1 import AppTest
from support.packed import unpacked

from benchmarks.page_visitor import Visitor
from benchmarks.visitors import crowd
from gradflow.engine import stored_terms, term_tables
from gradflow.figures.builders.panel import relative_to_first
from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.links import to_query
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.settings import Settings

LOOKS = {preset.look for preset in PRESETS}

# What a move of w_s sends: with a notice of its own, two more.
MOST_MESSAGES = 37


class Seeing(Visitor):
    """A visitor who keeps what the heatmaps and the lines of text show."""

    link = None

    def __init__(self, number, T):
        super().__init__(number, T)
        self.notes = []

    @property
    def query(self):
        return self.link or super().query

    def _meet(self, delta):
        super()._meet(delta)
        element = delta.new_element
        if element.bidi_component.component_name == "gradflow_heatmaps":
            self.heatmaps = unpacked(element.bidi_component.bytes)
        if element.HasField("text"):
            self.text = element.text.body
        if element.HasField("markdown") and element.markdown.body in LOOKS:
            self.notes.append(element.markdown.body)


async def connected(server):
    url = server.address.replace("http://", "ws://") + "/_stcore/stream"
    return await websockets.connect(url, subprotocols=["streamlit"], max_size=None)


@pytest.mark.slow
def test_visitors_who_move_at_once_see_their_own_networks(served_page):
    visitors = [Seeing(n, T=10 + n) for n in range(8)]

    async def visit(visitor):
        async with await connected(served_page) as socket:
            await visitor.open(socket)
            await visitor.move(socket, 4, 0.0)

    async def together():
        await asyncio.gather(*map(visit, visitors))

    asyncio.run(together())
    for visitor in visitors:
        assert visitor.errors == []
        held = visitor.held
        flow = run(Settings(w_s=held["w_s"], T=visitor.T, b_f=held["b_f"])).lstm
        found = visitor.heatmaps["charts"][1]["data"][0]["z"]
        np.testing.assert_allclose(found, relative_to_first(flow.log10("w_xc")), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_move_onto_an_example_and_away_from_it_is_shown_with_its_note(served_page, preset):
    visitor = Seeing(0, preset.settings.T)
    beside = preset.settings.w_s + (0.01 if preset.settings.w_s < 0 else -0.01)
    visitor.link = urlencode(to_query(replace(preset.settings, w_s=beside)))

    async def visit():
        async with await connected(served_page) as socket:
            await visitor.open(socket)
            for w_s, notes in ((preset.settings.w_s, [preset.look]), (beside, [])) * 2:
                visitor.notes.clear()
                await visitor._run(socket, w_s)
                assert visitor.notes == notes

    asyncio.run(visit())
    assert visitor.errors == []


@pytest.mark.slow
def test_a_move_sends_little(served_page):
    met = asyncio.run(crowd(served_page, 1, 3, 0.0, 30))
    assert met.errors == []
    assert met.visitors[0].messages <= MOST_MESSAGES


COUNTING = """
import gc, runpy
import streamlit as st
from gradflow.ui import server
server.FIRST_PAINT = 0.0  # no route of this server would hear that charts are painted
runpy.run_path({app!r}, run_name="__main__")
gc.collect()
kinds = [type(found).__name__ for found in gc.get_objects()]
st.text(f"{{kinds.count('AppSession')}} sessions, {{kinds.count('GradientFlow')}} flows")
"""


@pytest.mark.slow
def test_a_session_that_closes_frees_what_it_held(tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL", "1")
    script = tmp_path / "counting.py"
    script.write_text(COUNTING.format(app=str(ROOT / "gradflow" / "ui" / "page_script.py")))

    async def visits(server):
        for number in range(6):
            async with await connected(server) as socket:
                visitor = Seeing(number, T=20)
                await visitor.open(socket)
                await visitor.move(socket, 2, 0.0)
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.1)
        for _ in range(2):  # sessions that have been away for long are let go when another comes
            async with await connected(server) as socket:
                visitor = Seeing(0, T=20)
                await visitor.open(socket)
        return visitor.text

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with served(str(script), tmp_path) as server:
        said = asyncio.run(visits(server))
    sessions, flows = map(int, re.findall(r"\d+", said))
    assert sessions <= 2  # this one and the one before it, which may come back
    assert flows == 0


@pytest.mark.slow
def test_a_session_that_stays_holds_no_network_of_its_many_moves(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    script = tmp_path / "counting.py"
    script.write_text(COUNTING.format(app=str(ROOT / "gradflow" / "ui" / "page_script.py")))

    async def visits(server):
        async with await connected(server) as staying, await connected(server) as looking:
            visitor, other = Seeing(0, T=20), Seeing(1, T=20)
            await visitor.open(staying)
            await visitor.move(staying, 30, 0.0)
            await other.open(looking)
        return visitor.errors, other.text

    with served(str(script), tmp_path) as server:
        errors, said = asyncio.run(visits(server))
    assert errors == []
    assert said.endswith(" 0 flows")


@pytest.mark.slow
def test_a_move_sweeps_each_network_once_and_fills_few_squares(monkeypatch):
    app = AppTest.from_file(str(ROOT / "gradflow" / "ui" / "page_script.py"), default_timeout=60)
    app.query_params["T"] = "40"
    app.run()
    sweeps, squares = [], []
    spans, clear = stored_terms.spans, term_tables.clear

    def swept(*arguments):
        sweeps.append(arguments)
        return spans(*arguments)

    def cleared(rows, targets):
        squares.append(targets)
        clear(rows, targets)

    monkeypatch.setattr("gradflow.engine.stored_terms.spans", swept)
    monkeypatch.setattr("gradflow.engine.term_tables.clear", cleared)
    app.slider(key="w_s").set_value(0.5).run()
    assert not app.exception
    assert len(sweeps) == 2
    assert len(squares) == 2  # the two heatmaps, of one block each
