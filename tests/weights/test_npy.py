"""Arrays in a .npy: numpy's own writer against the reader."""

import io

import numpy as np
import pytest

from gradflow.weights.npy import read_npy


def written(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize("dtype", ["<f2", "<f8", ">f4", "<i8", "|u1", "|b1", "<U3"])
@pytest.mark.parametrize("shape", [(), (5,), (4, 3), (0, 2), (2, 1, 3)])
def test_reads_what_numpy_writes(dtype, shape):
    array = np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)
    found = read_npy(written(array))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_reads_columns_first():
    array = np.asfortranarray(np.arange(12.0).reshape(4, 3))
    np.testing.assert_array_equal(read_npy(written(array)), array)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1,2,3", "must be a .npy"),
        (written(np.ones((4, 3)))[:40], "cannot be read: it is damaged"),
        (written(np.ones((4, 3)))[:-1], r"the 96 bytes that its shape \(4, 3\) needs. Got 95"),
        (written(np.ones((4, 3))).replace(b"(4, 3)", b"(9, 3)"), r"the 216 bytes that its shape"),
        (written(np.array([None]), allow_pickle=True), "never unpickled"),
        (written(np.zeros(2, [("a", "<f4")])), "must be a plain array"),
    ],
)
def test_refuses_the_rest(data, message):
    with pytest.raises(ValueError, match=message):
        read_npy(data)
