"""gradflow: streamlit run app.py."""

from pathlib import Path

from streamlit.starlette import App

from gradflow import ui
from gradflow.ui.comparison.preview_route import route_of_previews
from gradflow.ui.component.plotly_js import route_of_plotly_js
from gradflow.ui.door import Sessions, front_door, upkeep

_sessions = Sessions()

app = App(
    Path(ui.__file__).with_name("page_script.py"),
    lifespan=upkeep(_sessions),
    routes=[route_of_plotly_js(), route_of_previews()],
    middleware=[front_door(_sessions)],
)
