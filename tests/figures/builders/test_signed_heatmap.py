"""The heatmap of signed numbers: each cell has the sign and the size of its number."""

import numpy as np
import pytest

from gradflow.figures.builders.signed_heatmap import SignedRows, sign_heatmap


def rows(numbers, **fields):
    with np.errstate(divide="ignore"):
        return SignedRows(
            "dL_t/dx_j", "input", np.log10(np.abs(numbers)), np.sign(numbers), **fields
        )


def test_cells_stand_in_the_order_of_the_steps_with_their_signs():
    numbers = np.array([[1.0, -10.0], [-0.1, 1e-9]])  # lag 1, then lag 2
    trace = sign_heatmap(rows(numbers), floor=-4.0).data[0]
    # Above 10^-4 of the largest, which is 10: powers of ten, with the sign.
    np.testing.assert_allclose(trace.z, [[-2.0, 3.0], [0.0, -4.0]], atol=1e-6)
    assert (trace.zmin, trace.zmax) == (-4.0, 4.0)
    np.testing.assert_allclose(trace.customdata[:, :, 0], [[-1.0, 1.0], [1.0, -1.0]])
    np.testing.assert_allclose(trace.customdata[:, :, 1], [[-1.0, 0.0], [-9.0, 1.0]])


def test_exact_zeros_are_no_small_numbers():
    figure = sign_heatmap(rows(np.array([[0.0, 1.0]])), floor=-4.0)
    assert [trace.name for trace in figure.data] == ["signed", "exactly zero"]
    assert np.isnan(figure.data[0].z).tolist() == [[True], [False]]
    assert np.isnan(figure.data[1].z).tolist() == [[False], [True]]


@pytest.mark.parametrize("shape", [(1, 1), (450, 3), (5, 700)])
def test_of_many_numbers_a_cell_shows_the_largest(shape):
    numbers = np.random.default_rng(0).normal(size=shape)
    place = tuple(size // 2 for size in shape)
    numbers[place] = -1e6
    trace = sign_heatmap(rows(numbers), floor=-4.0).data[0]
    assert max(trace.z.shape) <= 450
    row, column = np.unravel_index(np.argmin(trace.z), trace.z.shape)
    assert trace.z[row, column] == -4.0
    block = [np.ceil(size / cells) for size, cells in zip(shape[::-1], trace.z.shape, strict=True)]
    assert abs(trace.y[row] - place[1]) <= block[0]
    assert abs(trace.x[column] - (shape[0] - place[0])) <= block[1]


def test_names_label_the_rows():
    figure = sign_heatmap(rows(np.ones((3, 2)), names=["<A>", "b"]), floor=-4.0)
    assert list(figure.layout.yaxis.ticktext) == ["&lt;A&gt;", "b"]
    assert figure.data[0].text[0][0] == "&lt;A&gt;"
