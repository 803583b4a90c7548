"""The frame around the cells that are spoken of."""

import numpy as np
import pytest

from gradflow.figures.builders.cell_frame import Outline, outlined
from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.term_heatmap import heatmap


def _figure():
    log10 = np.where(np.tri(5, dtype=bool), -1.0, np.nan)
    return heatmap(Panel("RNN, w_s = 1", "dL_t/db", log10, None, None, np.ones(5)), View())


def test_a_frame_covers_its_cells_and_leaves_the_figure_it_was_given():
    figure = _figure()
    [shape] = outlined(figure, Outline(4, 2, 3)).layout.shapes
    assert (shape.x0, shape.x1, shape.y0, shape.y1) == (1.5, 3.5, 3.5, 4.5)
    assert figure.layout.shapes == ()


def test_a_weight_in_a_title_has_its_subscript():
    titles = [note.text for note in _figure().layout.annotations]
    assert "<b>RNN, w<sub>s</sub> = 1</b> · dL<sub>t</sub>/db" in titles


@pytest.mark.parametrize(("t", "first", "last"), [(4, 0, 1), (4, 3, 2), (4, 2, 5), (0, 1, 1)])
def test_lags_that_are_not_of_the_row_are_refused(t, first, last):
    with pytest.raises(ValueError, match="first and last must"):
        Outline(t, first, last)
