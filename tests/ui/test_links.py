"""Links: what is written is read back, and what is bad is named."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradflow.ui.shared.links import (
    DEFAULTS,
    from_query,
    to_link,
    to_query,
)
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.setting_fields import as_mapping
from gradflow.ui.shared.settings import CONTROLS, Settings


def _reopened(settings):
    link = to_link("http://127.0.0.1:8501/", settings)
    return from_query(parse_qs(urlsplit(link).query))


def _values(name):
    control, default = CONTROLS[name], getattr(Settings, name)
    if control.choices:
        return st.sampled_from(control.values)
    if isinstance(default, bool):
        return st.booleans()
    if isinstance(default, int):
        return st.integers(control.low, control.high)
    return st.floats(control.low, control.high, allow_nan=False)


@given(st.builds(Settings, **{name: _values(name) for name in CONTROLS}))
def test_a_link_reopens_every_setting(settings):
    assert _reopened(settings) == (settings, ())


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_survives_its_link(preset):
    assert _reopened(preset.settings) == (preset.settings, ())


def test_the_main_settings_are_always_written():
    assert to_query(Settings()).keys() == {"v", "w_s", "T", "b_f"}


def test_a_link_keeps_its_meaning_when_a_default_changes(monkeypatch):
    query = to_query(Settings())
    later = replace(Settings(), w_x=3.0, activation="relu")
    monkeypatch.setitem(DEFAULTS, "3", later)
    monkeypatch.setattr(Settings, "link_version", "3")
    assert from_query({name: [value] for name, value in query.items()}) == (Settings(), ())


def test_a_link_of_version_1_shows_what_it_showed():
    reopened, notices = from_query({"v": ["1"], "w_s": ["0.3"]})
    assert notices == ()
    assert reopened == replace(Settings(), w_s=0.3, sequence="noise", seed=106, gate="all")


def test_defaults_of_version_1_stay_what_they_are():
    # Links of version 1 are in the world: a new default needs a new version in `DEFAULTS`.
    assert as_mapping(DEFAULTS["1"]) == {
        "w_s": 0.9, "T": 50, "b_f": 1.0, "w_x": 0.5, "b": 0.0, "activation": "tanh",
        "own_w_h": False, "w_h": 0.5, "own_gates": False,
        "w_xi": 0.5, "w_xf": 0.5, "w_xc": 0.5, "w_xo": 0.5,
        "w_hi": 0.5, "w_hf": 0.5, "w_hc": 0.5, "w_ho": 0.5,
        "b_i": 0.0, "b_c": 0.0, "b_o": 0.0, "w_o": 1.0, "readout_b_o": 0.0,
        "loss": "unit", "target": 0.0, "label": "1", "s_0": 0.0, "h_0": 0.0, "c_0": 0.0,
        "sequence": "noise", "seed": 106, "period": 20.0, "clause": 16, "plural": False,
        "parameter": "w_x", "gate": "all", "relative": True, "signs": False, "axis": "lag",
        "log_lags": False, "floor": -4, "last": True, "t": 25, "lag": 10, "classes": 4, "path": 1,
        "window": 10,
        "clipping": False, "threshold": 1.0, "camera": "png",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("T", "1e9"), ("T", "12.7"), ("T", "1"), ("T", "2001"), ("T", ""), ("T", "9" * 5000),
        ("T", "٣"), ("T", "1_0"), ("w_s", "nan"), ("w_s", "inf"), ("w_s", "2.01"), ("w_s", "abc"),
        ("b_f", "-6.5"), ("b_f", "0x1"), ("activation", "softplus"), ("relative", "yes"),
        ("sequence", "<img src=x>"), ("t", "0"), ("floor", "0"),
    ],
)  # fmt: skip
def test_a_bad_value_gives_the_default_and_a_notice_that_names_it(name, text):
    settings, notices = from_query({name: [text]})
    assert settings == Settings()
    [notice] = notices
    assert f"`{name}` must be" in notice
    assert f"`{text[:40] or ' '}" in notice
    assert len(notice) < 300


def test_other_settings_of_a_link_with_a_bad_value_are_used():
    settings, notices = from_query({"T": ["abc"], "w_s": ["-0.5"]})
    assert settings == replace(Settings(), w_s=-0.5)
    assert len(notices) == 1


def test_unknown_names_repeated_names_and_versions_are_named():
    settings, notices = from_query({"ws": ["1"], "T": ["10", "20"], "v": ["99"], "embed": ["true"]})
    assert settings == replace(Settings(), T=20)
    assert [("ws" in n, "`T`" in n, "99" in n) for n in notices] == [
        (False, False, True),
        (True, False, False),
        (False, True, False),
    ]


def test_what_a_link_holds_stays_within_a_code_span():
    _, notices = from_query({"T": ["`](http://x)<script>\n# a"], "`<b>`": ["1"]})
    for notice in notices:
        inside = notice.split("`")[1::2]
        outside = "".join(notice.split("`")[::2])
        assert "<" not in outside
        assert "http" not in outside
        assert all("\n" not in span for span in inside)


def test_a_link_of_thousands_of_parameters_gets_one_notice():
    query = {f"p{n}": ["1"] for n in range(1000)} | {"w_s": ["0.5"]}
    assert from_query(query) == (
        Settings(),
        ("1,001 parameters are given, and none is used: there may be at most 1,000.",),
    )
