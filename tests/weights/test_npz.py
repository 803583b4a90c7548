"""The reader of .npz, against what numpy writes."""

import io
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest

import gradflow as gf
from gradflow.weights.npz import DIRECTORY_LIMIT, read_npz
from gradflow.weights.tensors import Tensor

LIMIT = 1 << 20
GENERATOR = np.random.default_rng(22)


def saved(save=np.savez, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def zipped(members, packing=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def npy(header, content=b""):
    """A .npy with this header, which may lie."""
    text = header.encode()
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + content


def header(descr="'<f4'", shape="(2,)"):
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"


def whole(array):
    """The bytes of an array as a .npy."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4"])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (4, 5), (2, 3, 4), (0, 3)])
def test_reads_what_numpy_wrote(save, dtype, shape):
    arrays = {name: GENERATOR.normal(size=shape).astype(dtype) for name in ("b", "lstm/cell/k")}
    tensors = read_npz(saved(save, **arrays), LIMIT)
    assert list(tensors) == list(arrays)
    for name, array in arrays.items():
        values = tensors[name].values()
        assert (values.dtype, values.shape) == (np.float64, shape)
        assert tensors[name].dtype == np.dtype(dtype).name
        np.testing.assert_array_equal(values, array)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_reads_every_version_of_npy(version):
    array, file = np.array([[1.0, 2.0], [3.0, 4.0]]), io.BytesIO()
    np.lib.format.write_array(file, array, version)
    tensor = read_npz(zipped([("w.npy", file.getvalue())]), LIMIT)["w"]
    np.testing.assert_array_equal(tensor.values(), array)


def test_reads_arrays_in_the_order_of_columns():
    array = np.asfortranarray(GENERATOR.normal(size=(3, 4)))
    np.testing.assert_array_equal(read_npz(saved(w=array), LIMIT)["w"].values(), array)


def test_other_types_lie_beside_and_cannot_be_weights():
    others = {
        "steps": np.arange(3),
        "flags": np.ones(2, bool),
        "text": np.array(["é", "abc"]),
        "bytes": np.array([b"ab"]),
        "raw": np.zeros(3, "V2"),
    }
    tensors = read_npz(saved(w=np.ones(2), **others), LIMIT)
    np.testing.assert_array_equal(tensors["w"].values(), [1.0, 1.0])
    for name in others:
        with pytest.raises(ValueError, match=rf"^{name} must be stored as float16, bfloat16"):
            tensors[name].values()


def test_pickled_objects_are_refused_and_never_unpickled():
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("unpickled",)

    data = saved(w=np.ones(2), settings=np.array([Trap()], dtype=object))
    with pytest.raises(ValueError, match=r"settings .* pickled Python objects, .* never unpickled"):
        read_npz(data, LIMIT)


GOOD = saved(w=np.ones((2, 3)))
LIES = {
    "nothing": (b"", "must be whole"),
    "cut short": (GOOD[:-1], "must be whole"),
    "a comment": (GOOD[:-2] + b"\1\0!", "must be whole"),
    "another kind of member": (zipped([("w.txt", b"1")]), r"plain .npy arrays alone. Got w.txt"),
    "a folder": (zipped([("a/", b"")]), "plain .npy arrays alone. Got a/"),
    "another packing": (zipped([("w.npy", whole(np.ones(2)))], zipfile.ZIP_LZMA), "plain .npy"),
    "not a .npy": (zipped([("w.npy", b"12345678901234567890")]), "w in the .npz cannot be read"),
    "an empty .npy": (zipped([("w.npy", b"")]), "w in the .npz cannot be read"),
    "a pickle as .npy": (zipped([("w.npy", pickle.dumps([1.0]))]), "w in the .npz cannot be read"),
    "a header cut short": (zipped([("w.npy", npy(header())[:40])]), "w in the .npz cannot be read"),
    "fields in the type": (
        zipped([("w.npy", npy(header("[('a', '<f4')]"), bytes(8)))]),
        "w in the .npz must be a plain array",
    ),
    "a program in the header": (
        zipped([("w.npy", npy(header(shape="(__import__('os').abort(),)")))]),
        "w in the .npz must be a plain array",
    ),
    "an unknown type": (zipped([("w.npy", npy(header("'<f7'"), bytes(8)))]), "must hold numbers"),
    "a date": (zipped([("w.npy", npy(header("'<M8'"), bytes(16)))]), "must hold numbers"),
    "an enormous text": (
        zipped([("w.npy", npy(header("'<U999999999'")))]),
        "must hold numbers|have",
    ),
    "a shape larger than its bytes": (
        zipped([("w.npy", npy(header(shape="(3,)"), bytes(8)))]),
        "must have the 12 bytes that its shape",
    ),
    "a shape whose product wraps around": (
        zipped([("w.npy", npy(header(shape=f"({1 << 32}, {1 << 32})"), bytes(8)))]),
        "bytes that its shape",
    ),
    "a shape beyond 64 bits": (
        zipped([("w.npy", npy(header(shape=f"({1 << 70},)"), bytes(8)))]),
        "w in the .npz must be a plain array",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_archive_is_checked_before_it_is_believed(lie):
    data, message = LIES[lie]
    with pytest.raises(ValueError, match=message):
        read_npz(data, LIMIT)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_may_stand_once():
    one = whole(np.ones(2))
    with pytest.raises(ValueError, match=r"each name once. Got w twice"):
        read_npz(zipped([("w.npy", one), ("w.npy", one)]), LIMIT)


def test_a_damaged_array_is_found_by_its_checksum():
    data = bytearray(saved(w=np.ones((8, 8))))
    data[data.index(np.ones(8).tobytes())] ^= 1
    with pytest.raises(ValueError, match=r"w in the .npz cannot be read: it is damaged"):
        read_npz(bytes(data), LIMIT)["w"].values()


def test_an_encrypted_member_is_refused():
    data = bytearray(GOOD)
    data[data.rindex(b"PK\1\2") + 8] |= 1
    with pytest.raises(ValueError, match=r"plain .npy arrays alone"):
        read_npz(bytes(data), LIMIT)


def test_an_archive_may_not_unpack_to_more_than_the_limit():
    bomb = saved(np.savez_compressed, w=np.zeros(LIMIT // 8))
    assert len(bomb) < LIMIT / 500
    with pytest.raises(ValueError, match=f"unpack to at most {LIMIT} bytes"):
        read_npz(bomb, LIMIT)


def test_a_member_is_unpacked_no_further_than_the_size_it_says():
    small, real = whole(np.zeros(1000)), 1 << 25
    packed = zipped([("w.npy", small + bytes(real))], zipfile.ZIP_DEFLATED)
    bomb = bytearray(packed)
    entry = bomb.rindex(b"PK\1\2")
    bomb[entry + 24 : entry + 28] = len(small).to_bytes(4, "little")
    [tensor] = read_npz(bytes(bomb), LIMIT).values()
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"w in the .npz cannot be read: it is damaged"):
            tensor.values()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < real / 100


def test_a_list_of_members_may_not_be_longer_than_the_limit():
    data = bytearray(GOOD)
    data[-10:-6] = (DIRECTORY_LIMIT + 1).to_bytes(4, "little")
    with pytest.raises(ValueError, match=f"list of members of at most {DIRECTORY_LIMIT}"):
        read_npz(bytes(data), LIMIT)


def test_numbers_that_expand_too_far_are_refused_before_they_are_read(monkeypatch):
    shapes = {"weight_ih_l0": (1200, 1), "weight_hh_l0": (1200, 300), "bias_ih_l0": (1200,)}
    shapes["bias_hh_l0"] = (1200,)
    file = io.BytesIO()
    np.savez_compressed(file, **{n: np.zeros(s, np.float16) for n, s in shapes.items()})
    assert gf.loads(file.getvalue(), "model.npz", limit=2 << 20).cell.H == 300
    monkeypatch.setattr(Tensor, "values", None)
    needed = 8 * sum(int(np.prod(shape)) for shape in shapes.values())
    with pytest.raises(ValueError, match=f"at most 2097152 bytes as float64. Got {needed}"):
        gf.loads(file.getvalue(), "model.npz", limit=1 << 20)
