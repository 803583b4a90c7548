"""Damaged and dishonest files get one sentence each, soon and in little memory."""

import io
import json
import pickle
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy

import gradflow as gf

MODELS = Path(__file__).parents[2] / "gradflow" / "models"
LIMIT = 1 << 20  # bytes
SEEDS = range(16)


def saved(save, arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


STATE = safetensors.numpy.load_file(MODELS / "recall_learned.safetensors")
GOOD = {
    "recall.safetensors": (MODELS / "recall_learned.safetensors").read_bytes(),
    "half.safetensors": safetensors.numpy.save({n: a.astype("f2") for n, a in STATE.items()}),
    "stored.npz": saved(np.savez, STATE),
    "packed.npz": saved(np.savez_compressed, STATE),
}


def header_end(data):
    return 8 + int.from_bytes(data[:8], "little")


def with_header(data, change):
    """A safetensors file with its header changed, and the header's length made true again."""
    end = header_end(data)
    header = json.loads(data[8:end])
    change(header)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[end:]


def any_tensor(generator, header):
    return header[str(generator.choice(sorted(header)))]


# Each takes a generator and a good file, and returns one that must be refused.


def cut_short(generator, data):
    return data[: generator.integers(len(data))]


def with_bytes_after(generator, data):
    return data + generator.bytes(generator.integers(1, 200))


def of_noise(generator, data):
    return generator.bytes(len(data))


def with_a_lie_about_the_header(generator, data):
    lies = [0, 1, len(data), 1 << 62, (1 << 64) - 1, header_end(data) - 9, header_end(data)]
    return int(generator.choice(np.array(lies, dtype=np.uint64))).to_bytes(8, "little") + data[8:]


def with_a_lie_about_a_shape(generator, data):
    def change(header):
        shape = any_tensor(generator, header)["shape"]
        shape[0] = int(generator.choice([0, shape[0] + 1, shape[0] - 1, 1 << 40, -1, 1 << 63]))

    return with_header(data, change)


def with_a_lie_about_its_place(generator, data):
    def change(header):
        offsets = any_tensor(generator, header)["data_offsets"]
        offsets[generator.integers(2)] += int(generator.choice([-4, 1, 8, 1 << 50]))

    return with_header(data, change)


def with_another_type(generator, data):
    def change(header):
        any_tensor(generator, header)["dtype"] = str(generator.choice(["F64", "I8", "F9", ""]))

    return with_header(data, change)


def without_a_weight(generator, data):
    names = [name for name in STATE if name.startswith("lstm.")]
    gone = str(generator.choice(names))
    return safetensors.numpy.save({n: a for n, a in STATE.items() if n != gone})


def with_a_number_that_is_not_finite(generator, data):
    state = {name: array.copy() for name, array in STATE.items() if name.startswith("lstm.")}
    array = state[str(generator.choice(sorted(state)))].reshape(-1)
    array[generator.integers(array.size)] = generator.choice([np.nan, np.inf, -np.inf])
    return safetensors.numpy.save(state)


def with_a_weight_transposed(generator, data):
    state = dict(STATE)
    name = str(generator.choice(["lstm.weight_ih_l0", "lstm.weight_hh_l0"]))
    state[name] = np.ascontiguousarray(state[name].T)
    return safetensors.numpy.save(state)


def with_a_weight_that_unpacks_to_much(generator, data):
    size = int(generator.integers(LIMIT // 4, LIMIT))
    return saved(np.savez_compressed, STATE | {"more": np.zeros(size, np.float32)})


def with_members_that_hide_their_size(generator, data, numbers=1 << 18):
    state = STATE | {"lstm.weight_hh_l0": np.zeros(numbers)}
    bomb = bytearray(saved(np.savez_compressed, state))
    entry = bomb.find(b"PK\1\2")
    while entry >= 0:  # the list of members gives each one's unpacked size 24 bytes in
        bomb[entry + 24 : entry + 28] = int(generator.integers(200)).to_bytes(4, "little")
        entry = bomb.find(b"PK\1\2", entry + 4)
    return bytes(bomb)


def with_an_object_in_it(generator, data):
    return saved(np.savez, STATE | {"settings": np.array([{"seed": int(generator.integers(9))}])})


def pickled(generator, data):
    return pickle.dumps(STATE, protocol=int(generator.integers(2, 6)))


def pickled_in_an_archive(generator, data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(STATE))
        archive.writestr("archive/data/0", generator.bytes(64))
    return file.getvalue()[: generator.choice([100, None])]


OF_SAFETENSORS = (
    cut_short,
    with_bytes_after,
    of_noise,
    with_a_lie_about_the_header,
    with_a_lie_about_a_shape,
    with_a_lie_about_its_place,
    with_another_type,
    without_a_weight,
    with_a_number_that_is_not_finite,
    with_a_weight_transposed,
    pickled,
    pickled_in_an_archive,
)
OF_NPZ = (
    cut_short,
    with_bytes_after,
    of_noise,
    with_a_weight_that_unpacks_to_much,
    with_members_that_hide_their_size,
    with_an_object_in_it,
    pickled,
    pickled_in_an_archive,
)
CASES = [
    (damage, name, seed)
    for name in GOOD
    for damage in (OF_NPZ if name.endswith("npz") else OF_SAFETENSORS)
    for seed in SEEDS
]


def refusal(data, name):
    """What is said of a file, which must be refused with a ValueError and nothing else."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 the tests look at what it says
        gf.loads(data, name, limit=LIMIT)
    assert type(caught.value) is ValueError
    return str(caught.value)


def test_there_are_files_enough():
    assert len(CASES) >= 200
    for name, data in GOOD.items():
        assert gf.loads(data, name, limit=LIMIT).cell.H == 16


@pytest.mark.parametrize(("damage", "name", "seed"), CASES)
def test_a_damaged_file_gets_one_sentence(damage, name, seed):
    said = refusal(damage(np.random.default_rng(seed), GOOD[name]), name)
    sentence, *lines = said.split("\n")
    assert len(sentence) < 250
    assert sentence.isprintable()
    assert sentence.endswith("." if not lines else ":")
    assert lines in ([], PYTORCH_LINES, NUMPY_LINES)
    assert damage is not pickled or lines == NUMPY_LINES


NUMPY_LINES = ["import numpy as np", 'np.savez("model.npz", **weights)']
PYTORCH_LINES = [
    "from safetensors.torch import save_file",
    'save_file(model.state_dict(), "model.safetensors")',
]


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_changed_bit_is_found_or_does_no_more_than_change_a_number(name, seed):
    generator = np.random.default_rng(seed)
    good = gf.loads(GOOD[name], name, limit=LIMIT)
    for _ in range(20):
        data = bytearray(GOOD[name])
        place = int(generator.integers(len(data)))
        data[place] ^= 1 << int(generator.integers(8))
        try:
            model = gf.loads(bytes(data), name, limit=LIMIT)
        except ValueError:
            continue
        assert model.layers == good.layers
        changed = sum(
            np.count_nonzero(array != good.cell.weights[weight])
            for weight, array in model.cell.weights.items()
        )
        # The checksums of an archive find what a safetensors file cannot.
        assert changed <= (0 if name.endswith("npz") else 1)


@pytest.mark.parametrize("bits", ["size of a member", "total", "size of the header", "shape"])
def test_a_file_that_lies_about_its_size_costs_little_memory(bits):
    huge = 1 << 26  # numbers
    data, name = {
        "size of a member": (
            with_members_that_hide_their_size(np.random.default_rng(0), b"", 1 << 22),
            "m.npz",
        ),
        "total": (saved(np.savez_compressed, {"w": np.zeros(huge, np.int8)}), "m.npz"),
        "size of the header": ((1 << 40).to_bytes(8, "little") + b"{" * 64, "m.safetensors"),
        "shape": (
            with_header(
                GOOD["recall.safetensors"],
                lambda header: header["lstm.weight_hh_l0"].update(shape=[huge, huge]),
            ),
            "m.safetensors",
        ),
    }[bits]
    tracemalloc.start()
    try:
        refusal(data, name)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * LIMIT


def test_a_file_longer_than_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "long.safetensors"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # takes no room on the disk
    with pytest.raises(ValueError, match=rf"long.safetensors must have at most {256 << 20} bytes"):
        gf.load(path)
    with pytest.raises(ValueError, match=f"must have at most {LIMIT} bytes. Got {LIMIT + 1}"):
        gf.loads(bytes(LIMIT + 1), limit=LIMIT)


@pytest.mark.parametrize("suffix", ["pt", "pth", "bin", "pkl", "PT", "ckpt"])
@pytest.mark.parametrize("content", ["pickle", "nothing", "noise"])
def test_a_pickled_file_is_told_what_to_do_by_its_name_too(suffix, content):
    data = {
        "pickle": pickle.dumps(STATE, protocol=0),
        "nothing": b"",
        "noise": np.random.default_rng(0).bytes(200),
    }[content]
    sentence, *lines = refusal(data, f"model.{suffix}").split("\n")
    assert sentence.startswith(f"model.{suffix} must be a file of PyTorch")
    assert lines == PYTORCH_LINES


def test_a_pickle_is_not_run():
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("unpickled",)

    for name in ("m.pkl", "m.pt", "m.npz", "m.safetensors", "m"):
        assert "nothing in a file is ever run" in refusal(pickle.dumps(Trap()), name)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "model.h5"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "renamed.npz"),
        (b"", "model.keras"),
    ],
)
def test_a_keras_file_is_told_what_to_do(data, name, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    sentence, *lines = refusal(data, name).split("\n")
    assert sentence.startswith(f"{name} is in a format of Keras")
    assert lines == [
        "import numpy as np",
        'np.savez("model.npz", config=model.to_json(), '
        "**{w.path: w.numpy() for w in model.weights})",
    ]


def test_an_archive_of_keras_is_known_by_its_members():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", bytes(10))
    assert "is in a format of Keras" in refusal(file.getvalue(), "renamed.npz")


@pytest.mark.parametrize("data", [b"", b"hello", b"PK", bytes(100)])
def test_another_format_is_named_as_neither(data):
    said = refusal(data, "notes.txt")
    assert said == (
        "notes.txt must be a .safetensors, an .npz or a file of PyTorch, Keras or ONNX, and is "
        "none of these."
    )


def test_a_header_of_a_length_that_begins_as_a_pickle_does_is_no_pickle():
    size = int.from_bytes(b"\x80\x02", "little")
    data = safetensors.numpy.save(STATE)
    text = data[8 : header_end(data)].ljust(size)
    padded = size.to_bytes(8, "little") + text + data[header_end(data) :]
    assert pickle.dumps(STATE, protocol=2)[:2] == padded[:2]
    assert gf.loads(padded, "model.safetensors").cell.H == 16


def test_a_good_file_is_read_whatever_its_name():
    for data in GOOD.values():
        for name in ("model", "model.txt", "model.npz", "model.safetensors"):
            assert gf.loads(data, name).cell.H == 16


@pytest.mark.parametrize("data", [None, "text", bytearray(8), io.BytesIO(b"")])
def test_data_must_be_bytes(data):
    with pytest.raises(ValueError, match=f"data must be bytes. Got {type(data).__name__}"):
        gf.loads(data)


def test_a_file_that_is_not_there_cannot_be_opened(tmp_path):
    with pytest.raises(FileNotFoundError):
        gf.load(tmp_path / "none.safetensors")
