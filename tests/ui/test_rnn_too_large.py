"""Where the RNN leaves float64, the page says what to lower and shows the LSTM."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.links import to_query
from gradflow.ui.shared.settings import Settings

APP = str(Path(__file__).parents[2] / "gradflow" / "ui" / "page_script.py")
LARGE = Settings(w_s=2.0, T=1030, activation="identity")


@pytest.mark.parametrize("activation", ["identity", "relu"])
def test_lowering_what_the_message_names_helps(activation):
    settings = replace(LARGE, activation=activation, b=0.5)
    with pytest.raises(ValueError, match="after step") as refused:
        run(settings)
    assert "Lower w_s to a size of 1 or less" in str(refused.value)
    longest = int(re.search(r"or T to (\d+)", str(refused.value))[1])
    assert longest == run(replace(settings, T=longest)).T
    with pytest.raises(ValueError, match=f"after step {longest}:"):
        run(replace(settings, T=longest + 1))
    assert run(replace(settings, w_s=-1.0)).T == settings.T


def test_the_lstm_is_shown_alone():
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params.update(to_query(LARGE))
    app.run()
    assert not app.exception
    assert [error.value.startswith("The RNN's numbers leave") for error in app.error] == [True]
    assert len(app.get("plotly_chart")) == 2
    assert any(said.value.startswith("**The LSTM") for said in app.markdown)
