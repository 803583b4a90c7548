"""A record of passes: what it is asked for, its file, and how it is drawn."""

import io

import numpy as np
import pytest

from gradflow import figures
from gradflow.watching import SCALARS, LayerMeasures, load_watch
from gradflow.watching.layer_measures import lower_median
from gradflow.watching.watch_record import record_of, watch_from


def measures(scale, T=6, dc_dc=0.9):
    left = np.linspace(0.0, -scale, T)
    return LayerMeasures(scale, 4 * scale, 0.1, 0.5, np.inf, dc_dc, 1e-7, left)


RECORD = record_of(
    ["gru", "<lstm>"],
    3,
    [(0, {"gru": measures(1.0, 4, np.nan)}), (10, {"<lstm>": measures(2.0), "gru": measures(3.0)})],
)


def test_what_a_pass_did_not_measure_is_nan():
    np.testing.assert_array_equal(RECORD.measure("horizon", "<lstm>"), [np.nan, 8.0])
    np.testing.assert_array_equal(RECORD.measure("horizon", "gru"), [4.0, 12.0])
    assert np.isnan(RECORD.log10_left[0, 0, 4:]).all()
    assert list(RECORD.scalars(0)) == [
        f"gradflow/gru/{name}" for name in SCALARS if name != "dc_dc"
    ]


def test_a_record_comes_back_from_its_file(tmp_path):
    RECORD.save(tmp_path / "watch.npz")
    found = load_watch(tmp_path / "watch.npz")
    assert (found.layers, found.chunk) == (RECORD.layers, 3)
    np.testing.assert_array_equal(found.updates, RECORD.updates)
    np.testing.assert_array_equal(found.log10_left, RECORD.log10_left)
    for name in SCALARS:
        np.testing.assert_array_equal(found.measures[name], RECORD.measures[name])


def saved(**changed):
    arrays = {"layers": '["a", "b"]', "chunk": 3, "updates": [0, 10]}
    arrays |= {name: np.ones((2, 2)) for name in SCALARS}
    file = io.BytesIO()
    arrays |= {"log10_left": np.zeros((2, 2, 5))} | changed
    np.savez(file, **{name: np.array(value) for name, value in arrays.items() if value is not None})
    return file.getvalue()


DAMAGED = {
    r"must be an \.npz": lambda: b"PNG",
    "must hold 'horizon'": lambda: saved(horizon=None),
    "layers of a watch must be names": lambda: saved(layers='{"a": 1}'),
    "layers of a watch must be names as": lambda: saved(layers="[1, 2"),
    r"horizon of a watch must be numbers of shape \(2, 2\)": lambda: saved(horizon=np.ones((2, 3))),
    "dc_dc of a watch must be numbers": lambda: saved(dc_dc=np.array([["a", "b"]] * 2)),
    "chunk of a watch must be": lambda: saved(chunk=[1]),
    "updates of a watch must ascend": lambda: saved(updates=[10, 0]),
    "log10_left of a watch must be": lambda: saved(log10_left=np.zeros((2, 2))),
}


@pytest.mark.parametrize("rule", DAMAGED)
def test_a_file_that_is_no_record_is_refused(rule):
    assert watch_from(saved()).updates.tolist() == [0, 10]
    with pytest.raises(ValueError, match=rule):
        watch_from(DAMAGED[rule]())


@pytest.mark.parametrize(
    ("numbers", "middle"),
    [
        ([3.0, 1.0, 2.0], 2.0),
        ([4.0, 1.0], 1.0),
        ([np.nan, 5.0], 5.0),
        ([2.0, np.inf, np.inf], np.inf),
    ],
)
def test_the_lower_median_is_one_of_the_numbers(numbers, middle):
    assert lower_median(numbers) == middle
    assert np.isnan(lower_median([]))


def test_the_figure_has_a_column_for_each_layer():
    figure = figures.plot_watch(RECORD, floor=-2.0, title="Run")
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    assert [note.text for note in figure.layout.annotations] == [
        "<b>gru</b>",
        "<b>&lt;lstm&gt;</b>",
    ]
    np.testing.assert_array_equal(maps[0].z[:, 1], np.clip(np.linspace(0.0, -3.0, 6), -2.0, 0.0))
    lines = {trace.name: trace for trace in figure.data if trace.xaxis in ("x4", "x6")}
    np.testing.assert_array_equal(lines["horizon"].y, [np.nan, 8.0])
    in_the_legend = [trace.name for trace in figure.data if trace.showlegend]
    assert sorted(in_the_legend) == sorted(set(in_the_legend))
    assert "dc/dc" in in_the_legend


def test_the_figure_tells_growth_and_exact_zeros_apart():
    left = np.array([0.0, 1.2, -1.0, -np.inf])
    seen = LayerMeasures(1.0, 4.0, 0.1, 0.5, np.inf, 0.9, 1e-7, left)
    figure = figures.plot_watch(record_of(["lstm"], 4, [(0, {"lstm": seen})]), floor=-2.0)
    terms, zeros, *_ = figure.data
    np.testing.assert_array_equal(terms.z[:, 0], [0.0, 1.2, -1.0, np.nan])
    assert (terms.zmin, terms.zmax) == (-2.0, 2.0)
    np.testing.assert_array_equal(np.isfinite(zeros.z[:, 0]), [False, False, False, True])
    assert "exactly zero" in terms.colorbar.title.text


@pytest.mark.parametrize(
    ("rule", "arguments"),
    [
        ("record must be a WatchRecord. Got 3", (3,)),
        ("layers must be at most 4 of gru, <lstm>. Got 'gru'", (RECORD, "gru")),
        ("layers must be at most 4 of gru, <lstm>", (RECORD, ["gru", "other"])),
    ],
)
def test_what_cannot_be_drawn_is_refused(rule, arguments):
    with pytest.raises(ValueError, match=rule):
        figures.plot_watch(*arguments)


def test_what_there_is_not_is_refused():
    with pytest.raises(ValueError, match="name must be one of tail_half_life"):
        RECORD.measure("loss", "gru")
    with pytest.raises(ValueError, match="place must be a whole number from -2 to 1"):
        RECORD.scalars(2)
