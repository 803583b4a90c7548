"""What the components are sent, and what they may send back."""

import gzip
import math

import numpy as np
import plotly.offline
import pytest
from streamlit.testing.v1 import AppTest
from support.needed import go_without
from support.packed import unpacked
from support.readme import ROOT
from support.routes import answered

from gradflow.ui.component import plotly_js
from gradflow.ui.component.packing import Triangle, packed


def test_arrays_arrive_as_they_were_and_begin_where_typed_arrays_may():
    content = {
        "text": "lag k · ≤ 10⁻⁴",
        "float32": np.array([[1.5, np.nan, -np.inf]], dtype=np.float32),
        "float64": np.linspace(0.0, 1.0, 5),
        "int64": np.arange(3),
        "int8": np.array([[-1, 0], [1, 1]], dtype=np.int8),
        "nested": [{"bool": np.array([True, False])}],
        "strided": np.arange(6.0).reshape(2, 3).T,
    }
    found = unpacked(packed(content))
    assert found["text"] == content["text"]
    for name in ("float32", "float64", "int8", "strided"):
        assert found[name].dtype == content[name].dtype
        np.testing.assert_array_equal(found[name], content[name])
    assert found["int64"].dtype == np.int32
    np.testing.assert_array_equal(found["int64"], [0, 1, 2])
    np.testing.assert_array_equal(found["nested"][0]["bool"], [1, 0])


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_a_triangle_arrives_whole_and_is_sent_by_half(n):
    below = np.tri(n, dtype=bool)
    sizes = np.where(below, np.arange(n * n).reshape(n, n), np.nan).astype(np.float32)
    signs = np.where(below, -1, 0).astype(np.int8)
    message = packed({"sizes": Triangle(sizes), "signs": Triangle(signs), "after": np.ones(1)})
    found = unpacked(message)
    np.testing.assert_array_equal(found["sizes"], sizes)
    np.testing.assert_array_equal(found["signs"], signs)
    np.testing.assert_array_equal(found["after"], np.ones(1))
    cells = n * (n + 1) // 2
    start = 8 + 8 * math.ceil(int.from_bytes(message[:8], "little") / 8)
    assert len(message) - start == 8 * (math.ceil(4 * cells / 8) + math.ceil(cells / 8) + 1)


def test_a_number_that_json_lacks_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        packed({"size": float("nan")})


def test_plotly_js_is_of_the_version_that_the_plotly_package_writes_into_files():
    assert plotly_js.version() == plotly.offline.get_plotlyjs_version()
    assert plotly_js.address() == f"plotly-cartesian.min.js?v={plotly_js.version()}"


def test_plotly_js_is_its_makers_bundle():
    made = ROOT / "node_modules" / "plotly.js-cartesian-dist-min" / "plotly-cartesian.min.js"
    if not made.exists():
        go_without("needs plotly.js-cartesian-dist-min: npm ci")
    assert plotly_js.FILE.read_bytes() == made.read_bytes()


def test_plotly_js_is_served_compressed_and_for_good():
    status, headers, body = answered(plotly_js.route_of_plotly_js(), f"/{plotly_js.FILE.name}")
    assert status == 200
    assert gzip.decompress(body) == plotly_js.FILE.read_bytes()
    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"cache-control"] == b"public, max-age=31536000, immutable"
    assert headers[b"content-type"].startswith(b"text/javascript")


def test_where_the_components_fail_the_page_shows_plain_charts():
    app = AppTest.from_file("../../gradflow/ui/page_script.py", default_timeout=60)
    app.session_state["charts_failed"] = True
    app.run()
    assert not app.exception
    assert [one.key for one in app.get("bidi_component")] == ["symbols"]
    assert len(app.get("plotly_chart")) == 4
    assert any("plain ones are shown" in info.value for info in app.info)


def _choosing(t, k):
    import streamlit as st

    from gradflow.ui.shared import state

    st.session_state.update({"t": 25, "lag": 10, "last": True})
    state.choose_cell(t, k)


def _chosen(t, k):
    app = AppTest.from_function(_choosing, args=(t, k), default_timeout=60).run()
    assert not app.exception
    return tuple(app.session_state[name] for name in ("t", "lag", "last"))


def test_a_cell_that_a_browser_picks_becomes_the_explained_one():
    assert _chosen(30, 7) == (30, 7, False)


@pytest.mark.slow
@pytest.mark.parametrize("t", [0, -1, 2001, 1.5, "<b>", None, True, [3]])
def test_what_is_no_cell_changes_nothing(t):
    assert _chosen(t, 1) == (25, 10, True)
    assert _chosen(1, t) == (25, 10, True)
