"""gradflow: streamlit run app.py."""

from pathlib import Path

from streamlit.starlette import App

from gradflow import ui
from gradflow.ui.comparison.preview_route import preview_route
from gradflow.ui.door import Sessions, front_door, upkeep

_sessions = Sessions()

app = App(
    Path(ui.__file__).with_name("page_script.py"),
    lifespan=upkeep(_sessions),
    routes=[preview_route()],
    middleware=[front_door(_sessions)],
)
