"""Links to the page of the user's own model, and the settings that stay with it."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.util import calc_hash
from ui.model.model_app import (
    assert_shows,
    charts,
    example,
    opened,
    put,
    query,
    quiet,
    said,
    shipped,
    unfolded,
)

from gradflow.ui.model.settings import FORM, ModelSettings
from gradflow.ui.shared.links import from_query, to_query
from gradflow.ui.shared.setting_fields import controls_by_name


def test_a_link_reopens_the_view():
    app = opened(sequence="noise", T="40")
    for name, value in (("model", "recall_learned"), ("added", 1.0), ("window", 33), ("floor", -9)):
        app = put(app, name, value)
    again = opened(**query(app))
    assert charts(again) == charts(app)
    assert query(again) == query(app)


@pytest.mark.slow
def test_a_link_to_weights_says_that_it_cannot_hold_them():
    app = opened(model="own")
    assert any("No weights yet" in info.value for info in app.info)
    assert "cannot hold weights" in said(unfolded(app, "python"))


def test_a_bad_link_gets_a_notice_and_the_defaults():
    app = opened(added="1e9", model="../../etc/passwd", w_s="0.5")
    [notice] = app.warning
    for name in ("added", "model", "w_s"):
        assert f"`{name}`" in notice.value
    assert_shows(app, shipped("recall_learned"), example("recall_learned"))


@pytest.mark.parametrize("name", controls_by_name(ModelSettings))
def test_every_setting_survives_its_link(name):
    control, default = controls_by_name(ModelSettings)[name], getattr(ModelSettings(), name)
    if control.choices:
        value = control.values[-1]
    else:
        value = (not default) if isinstance(default, bool) else type(default)(control.high)
    settings = replace(ModelSettings(), **{name: value})
    given = {key: [text] for key, text in to_query(settings, FORM).items()}
    assert from_query(given, FORM) == (settings, ())


@pytest.mark.slow
def test_the_pages_keep_their_settings_apart():
    app = opened(T="77", sequence="noise")
    app._page_hash = calc_hash("paths")
    app = quiet(app.run())
    assert query(app) == {"v": "2", "w_s": "0.9", "T": "50", "b_f": "1.0"}
    app._page_hash = calc_hash("model")
    app = quiet(app.run())
    assert query(app) == {
        "v": "1",
        "model": "recall_learned",
        "T": "77",
        "sequence": "noise",
    }


def test_the_link_to_copy_is_the_one_in_the_address_bar():
    app = put(opened(), "window", 9)
    [link] = [
        block.value for block in unfolded(app, "python").code if block.value.startswith("http")
    ]
    assert {name: [value] for name, value in query(app).items()} == parse_qs(urlsplit(link).query)
