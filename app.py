"""gradflow: streamlit run app.py."""

import os
from pathlib import Path

# Set before numpy is imported. Threads of one product wait for each other where cores are busy, and
# visitors wait for them; the other cores are for the workers.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

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
