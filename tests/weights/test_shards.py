"""Models in several files, folders, and what is said of other formats."""

import json

import numpy as np
import pytest
import safetensors.numpy

import gradflow as gf

GENERATOR = np.random.default_rng(71)
SHAPES = {"weight_ih": (12, 2), "weight_hh": (12, 3), "bias_ih": (12,), "bias_hh": (12,)}
STATE = {f"lstm.{name}_l0": GENERATOR.normal(size=shape) for name, shape in SHAPES.items()}
NAMES = [f"model-0000{part}-of-00002.safetensors" for part in (1, 2)]
INDEX = "model.safetensors.index.json"


def sharded(folder, **changes):
    """STATE in two files, and their index."""
    places = {name: NAMES["hh" in name] for name in STATE}
    for file in NAMES:
        part = {name: STATE[name] for name in STATE if places[name] == file}
        safetensors.numpy.save_file(part, folder / file)
    index = {"metadata": {}, "weight_map": places | changes}
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")
    return folder


def assert_is_whole(model):
    np.testing.assert_array_equal(model.cell.w_h.reshape(12, 3), STATE["lstm.weight_hh_l0"])


def test_parts_are_put_together_by_their_index(tmp_path):
    sharded(tmp_path)
    assert_is_whole(gf.load(tmp_path))
    assert_is_whole(gf.load(tmp_path / INDEX))


def test_a_folder_with_one_file_is_that_file(tmp_path):
    safetensors.numpy.save_file(STATE, tmp_path / "model.safetensors")
    assert_is_whole(gf.load(tmp_path))


def test_one_part_is_no_model(tmp_path):
    with pytest.raises(ValueError, match="one part of 2: load the folder that has all"):
        gf.load(sharded(tmp_path) / NAMES[0])


def test_a_missing_part_is_named(tmp_path):
    (sharded(tmp_path) / NAMES[1]).unlink()
    with pytest.raises(ValueError, match=f"must lie beside it. Got no {NAMES[1]}"):
        gf.load(tmp_path / INDEX)


@pytest.mark.parametrize(
    "file",
    [
        "../x.safetensors",
        "/etc/x.safetensors",
        "a/b.safetensors",
        "x.bin",
        3,
        None,
        "C:x.safetensors",
    ],
)
def test_an_index_names_files_beside_it_alone(tmp_path, file):
    with pytest.raises(ValueError, match="must name safetensors files that lie beside it"):
        gf.load(sharded(tmp_path, x=file))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"other": NAMES[0]}, "other must be in model-00001-of-00002.safetensors"),
        ({"lstm.bias_ih_l0": NAMES[1]}, "Got lstm.bias_ih_l0 in model-00001-of-00002"),
    ],
)
def test_an_index_that_does_not_fit_its_files_is_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        gf.load(sharded(tmp_path, **changes))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"weight_map": {}}', "[" * 100_000])
def test_an_index_that_is_none_is_refused(tmp_path, text):
    (sharded(tmp_path) / INDEX).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"{INDEX} must (be an index|name safetensors)"):
        gf.load(tmp_path)


def test_files_longer_than_the_limit_in_all_are_refused_before_they_are_read(tmp_path):
    with pytest.raises(ValueError, match="must have at most 100 bytes"):
        gf.load(sharded(tmp_path), limit=100)


def test_a_folder_without_a_model_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"^path must .* Got the folder \., which has neither\.$"):
        gf.load(".")


def test_a_folder_with_several_models_is_named(tmp_path):
    for file in NAMES:
        (tmp_path / file).touch()
    with pytest.raises(ValueError, match=r"which has 2 \.safetensors files and 0 indexes\.$"):
        gf.load(tmp_path)


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"\x1c\0\0\0TFL3" + bytes(99), "model.tflite", "is a model of TensorFlow Lite"),
        (b"lmgg" + bytes(99), "ggml-model.bin", "is a model in the ggml format"),
        (b"GGUF" + bytes(99), "model.gguf", "is a model in the GGUF format"),
        (b'{"weight_map": {}}', INDEX, "load the path of the file or of its folder"),
        (bytes(99), "model.jit", "must be a file of PyTorch, as torch.save writes it"),
        (b"{}", "pytorch_model.bin.index.json", "an index of files of PyTorch, which are not read"),
        (b"\x08\x01\x12\x00", "saved_model.pb", "a graph of TensorFlow, which is not read"),
    ],
)
def test_another_format_gets_the_sentence_that_fits_it(data, name, said):
    with pytest.raises(ValueError, match=said):
        gf.loads(data, name)
