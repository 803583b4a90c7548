"""The reader of safetensors, against the package that defines the format."""

import json

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from gradflow.weights.safetensors import HEADER_LIMIT, read_safetensors

GENERATOR = np.random.default_rng(21)


def made(header, numbers=b""):
    """A file with this header, which may lie."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (4, 5), (2, 3, 4), (0, 3)])
def test_reads_what_the_package_wrote(dtype, shape):
    arrays = {name: GENERATOR.normal(size=shape).astype(dtype) for name in ("b", "a.weight")}
    tensors = read_safetensors(safetensors.numpy.save(arrays, {"format": "pt"}))
    assert set(tensors) == set(arrays)
    for name, array in arrays.items():
        values = tensors[name].values()
        assert (values.dtype, tensors[name].dtype, values.shape) == (np.float64, dtype, shape)
        assert not values.flags.writeable
        np.testing.assert_array_equal(values, array)


def test_bfloat16_is_widened_without_loss():
    exact = np.array([0.0, -1.0, 1.0, 0.15625, 3.0, -2.5, 2.0**-126, 2.0**-133, 2.0**127])
    halves = (exact.astype("<f4").view("<u4") >> 16).astype("<u2")
    spec = safetensors.TensorSpec(
        dtype="bfloat16", shape=(3, 3), data_ptr=halves.ctypes.data, data_len=halves.nbytes
    )
    tensor = read_safetensors(safetensors.serialize({"w": spec}))["w"]
    assert tensor.dtype == "bfloat16"
    np.testing.assert_array_equal(tensor.values(), exact.reshape(3, 3))


def test_other_types_lie_beside_and_cannot_be_weights():
    arrays = {"steps": np.arange(3), "mask": np.ones(5, bool), "w": np.ones((2, 2), np.float32)}
    tensors = read_safetensors(safetensors.numpy.save(arrays))
    np.testing.assert_array_equal(tensors["w"].values(), np.ones((2, 2)))
    for name in ("steps", "mask"):
        with pytest.raises(ValueError, match=rf"^{name} must be stored as float16, bfloat16"):
            tensors[name].values()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_named_with_its_tensor(bad):
    array = np.ones((2, 3), np.float32)
    array[1, 2] = bad
    tensor = read_safetensors(safetensors.numpy.save({"rnn.weight_hh_l0": array}))
    with pytest.raises(
        ValueError, match=rf"rnn.weight_hh_l0 must be finite. Got {bad} at \(1, 2\)"
    ):
        tensor["rnn.weight_hh_l0"].values()


LIES = {
    "no header": (b"\x01\0\0", "at least 8 bytes"),
    "a header beyond the file": ((1 << 60).to_bytes(8, "little") + b"{}", "as long as its header"),
    "a header beyond the limit": (
        made(b"{" + b" " * HEADER_LIMIT + b"}"),
        rf"at most {HEADER_LIMIT} bytes",
    ),
    "not JSON": (made(b"{'a': 1}"), "not valid JSON"),
    "not UTF-8": (made(b'{"\xff": 1}'), "not valid JSON"),
    "too deep": (made(b'{"a":' + b"[" * 200_000), "not valid JSON"),
    "not an object": (made([1, 2]), "must be an object"),
    "a name twice": (made(b'{"a": {}, "a": {}}'), "the name a twice"),
    "an infinite size": (made(b'{"a": {"shape": [Infinity]}}'), "has Infinity for a number"),
    "an entry that is no object": (made({"a": 3}), "a must have data_offsets, dtype and shape"),
    "an entry without its shape": (made({"a": {"dtype": "F32"}}), "data_offsets, dtype and shape"),
    "an unknown type": (made({"a": entry("F12")}, bytes(8)), "a must have a known dtype"),
    "a type that is no text": (made({"a": entry(["F32"])}, bytes(8)), "a must have a known dtype"),
    "a negative size": (made({"a": entry(shape=(-2,))}, bytes(8)), "has -2 for a number"),
    "a size in quotes": (made({"a": entry(shape=("2",))}, bytes(8)), "a shape of whole numbers"),
    "a size of true": (made({"a": entry(shape=(2, True))}, bytes(8)), "a shape of whole numbers"),
    "a size beyond 64 bits": (made({"a": entry(shape=(1 << 64,))}), "a shape of whole numbers"),
    "too many sizes": (made({"a": entry(shape=(1,) * 65)}), "a shape of whole numbers"),
    "three offsets": (made({"a": entry(offsets=(0, 8, 8))}, bytes(8)), "two data_offsets"),
    "a shape larger than its bytes": (made({"a": entry(shape=(3,))}, bytes(8)), "as many bytes"),
    "a shape whose product wraps around": (
        made({"a": entry(shape=(1 << 62, 4, 1), offsets=(0, 0))}),
        "as many bytes",
    ),
    "offsets backwards": (
        made({"a": entry(shape=(0,), offsets=(8, 0))}, bytes(8)),
        "as many bytes",
    ),
    "a hole": (made({"a": entry(offsets=(4, 12))}, bytes(12)), "end to end. Got a at byte 4"),
    "an overlap": (
        made({"a": entry(), "b": entry(offsets=(4, 12))}, bytes(12)),
        "end to end. Got b at byte 4",
    ),
    "a tensor beyond the file": (made({"a": entry()}, bytes(4)), "8 bytes in all, and 4"),
    "notes that are no texts": (made({"__metadata__": {"format": 3}}), "must be texts by name"),
    "bytes left over": (made({"a": entry()}, bytes(9)), "8 bytes in all, and 9"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_header_is_checked_before_it_is_believed(lie):
    data, message = LIES[lie]
    with pytest.raises(ValueError, match=message):
        read_safetensors(data)


def test_a_name_from_a_file_is_shown_short_and_on_one_line():
    name = "line\nbreak" + "x" * 500
    with pytest.raises(ValueError, match="known dtype") as caught:
        read_safetensors(made({name: entry("F12")}, bytes(8)))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 150


def test_files_are_taken_and_refused_as_the_package_does():
    arrays = {
        "lstm.weight_hh_l0": GENERATOR.normal(size=(8, 2)).astype(np.float32),
        "lstm.bias_ih_l0": GENERATOR.normal(size=8).astype(np.float16),
        "steps": np.arange(3),
    }
    good = safetensors.numpy.save(arrays, {"format": "pt"})
    answers = [(by_the_package(data), by_the_reader(data)) for data in altered(good, 4000)]
    assert [pair for pair in answers if pair[0] != pair[1]] == []
    assert {taken for taken, _ in answers} == {True, False}


def altered(good, number):
    """Copies of a file with its header changed in one or two places."""
    generator = np.random.default_rng(5)
    size = int.from_bytes(good[:8], "little")
    for _ in range(number):
        data = bytearray(good)
        for _ in range(generator.integers(1, 3)):
            place = int(generator.integers(size + 8))
            letter = int(generator.choice(list(b'0123456789"{}[],:- ')))
            match generator.integers(4):
                case 0:
                    data[place] ^= 1 << int(generator.integers(8))
                case 1:
                    data[place] = letter
                case 2:
                    del data[place]
                case 3:
                    data.insert(place, letter)
        if generator.random() < 0.5:  # let the header's length be true again
            data[:8] = (size + len(data) - len(good)).to_bytes(8, "little")
        yield bytes(data)


def by_the_package(data):
    try:
        safetensors.deserialize(data)
    except safetensors.SafetensorError:
        return False
    return True


def by_the_reader(data):
    try:
        read_safetensors(data)
    except ValueError:
        return False
    return True
