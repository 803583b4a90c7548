"""Figures for print: letters that are read at the width, nothing over anything else."""

import re
from itertools import combinations

import numpy as np
import pytest

import gradflow as gf
from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.flow_records import row_profile, term_panel
from gradflow.figures.builders.lag_profile import Line, Profile, profile_traces
from gradflow.figures.builders.print_format import PrintFormat
from gradflow.figures.builders.printed_figure import figure_for_print

FLOW = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.2, b_f=5.0), gf.sequences.impulse(12))
PANELS = [term_panel(FLOW, "w_xf", None, name) for name in ("RNN", "LSTM", "third")]
ROW = row_profile("dL_t/dw_xf", [("LSTM", "LSTM", PANELS[0].log10[-1])], True)
FORMS = [PrintFormat("column", 7.0), PrintFormat("columns", 8.0), PrintFormat("slide", 14.0, True)]


def drawn(form: PrintFormat, panels: int = 2, profile: Profile | None = ROW, **view: bool):
    return figure_for_print(
        PANELS[:panels], View(low=-8.0, floor=-8.0, **view), profile, ("All settings. " * 9,), form
    )


def letters(value, name="") -> list[float]:
    """The sizes of all fonts in a figure, those in its texts too."""
    if isinstance(value, dict):
        own = [value["size"]] if name.endswith("font") and "size" in value else []
        return own + [size for key, inner in value.items() for size in letters(inner, key)]
    if isinstance(value, list | tuple):
        return [size for inner in value for size in letters(inner)]
    found = re.findall(r"font-size: *([\d.]+)px", value) if isinstance(value, str) else []
    return [float(size) for size in found]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.width)
@pytest.mark.parametrize(("panels", "profile"), [(0, ROW), (1, None), (2, ROW), (3, ROW)])
def test_letters_have_their_points_and_plots_keep_apart(form, panels, profile):
    figure = drawn(form, panels, profile)
    inches = {"column": 85 / 25.4, "columns": 178 / 25.4, "slide": 13.33}[form.width]
    assert figure.layout.width == pytest.approx(96.0 * inches, abs=1.0)
    points = 72.0 * inches / figure.layout.width
    sizes = np.array(letters(figure.to_dict()))
    assert len(sizes) > 5
    np.testing.assert_allclose(sizes * points, form.points, rtol=2e-3)
    assert figure.layout.paper_bgcolor == ("#0e1117" if form.dark else "#ffffff")
    layout = figure.to_dict()["layout"]
    downs = [axis for axis in layout if axis.startswith("yaxis")]
    domains = [(*layout[f"x{axis[1:]}"]["domain"], *layout[axis]["domain"]) for axis in downs]
    assert len(domains) == panels + (profile is not None)
    for one, other in combinations(domains, 2):
        assert one[1] < other[0] or other[1] < one[0] or one[3] < other[2] or other[3] < one[2]
    assert all(0.0 < low < high < 1.0 for low, high in np.reshape(domains, (-1, 2)))


def test_a_zoom_is_what_the_heatmaps_show():
    figure = drawn(PrintFormat(zoom=(2.5, 6.5, 4.5, 9.5)))
    assert figure.layout.xaxis.range == (2.5, 6.5)
    assert figure.layout.yaxis.range == (9.5, 4.5)
    assert not any("A row is" in note.text for note in figure.layout.annotations)


def test_colours_by_sign_of_one_panel_alone_have_a_bar_each():
    norm = term_panel(FLOW, "w_x", None, "LSTM")
    both = [PANELS[0], norm]
    figure = figure_for_print(both, View(low=-8.0, floor=-8.0, signs=True), None, (), FORMS[0])
    bars = [trace.colorbar for trace in figure.data if trace.name == "terms"]
    assert len(bars) == 2
    assert bars[0].y > bars[1].y


@pytest.mark.parametrize("form", [{"width": "poster"}, {"points": 6.5}, {"points": float("nan")}])
def test_forms_that_cannot_be_read_are_refused(form):
    with pytest.raises(ValueError, match="must be"):
        PrintFormat(**form)


@pytest.mark.parametrize("log_lags", [False, True])
def test_labels_of_formats_that_end_at_near_lags_keep_apart(log_lags):
    lags = np.arange(1, 2001)
    row = -0.025 * (lags - 1.0)
    ends = {"float16": 300, "bfloat16": 1620, "float32": 1800, "float64": None}
    near = {**ends, "float32": 1640}
    record = Profile(
        2000, lags, (Line("RNN", row, "RNN"),), None, {"RNN": near}, "b", True, log_lags
    )
    [markers] = [trace for trace in profile_traces(record) if trace["mode"] == "markers+text"]
    assert markers["text"] == ["f16", "bf16", "f32"]
    _, bfloat, single = markers["textposition"]
    assert bfloat != single
