"""Links, files and messages made at random, by a seed: none may raise what nobody expects."""

import asyncio
import contextlib
import io
import warnings
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
import websockets
from browser.serving import served
from safetensors.numpy import save
from support.forged import (
    Session,
    about_a_pick,
    about_a_widget,
    about_the_run,
    begins_no_run,
    picks,
)
from support.needed import go_without

import gradflow as gf
from gradflow import sequences
from gradflow.ui.model.settings import FORM
from gradflow.ui.shared.links import NETWORKS, from_query, to_query
from gradflow.ui.shared.setting_fields import controls_by_name
from gradflow.weights.npy import read_npy

pytestmark = pytest.mark.slow

LINKS, FILES, MESSAGES, SERVED_LINKS = 2000, 600, 500, 20
PAGES = ("", "paths", "derivation", "model", "learning")
EACH = 25  # messages, of which the run of one is waited for until its end

ODD = [
    "",
    "nan",
    "-inf",
    "1e999",
    "0x10",
    "١٢",
    "9" * 5000,
    "\x00",
    "\u202e",
    "🙂" * 50,
    "<script>",
    "`|`",
    "../..",
    "null",
    "True",
    "[]",
    "-0",
    "1_0",
    " 5 ",
    "%00",
]


def links(form, seed, count):
    """Queries with names and values of the page's own, and others."""
    generator = np.random.default_rng(seed)
    controls = controls_by_name(form.record)
    names = [*controls, "v", "embed", "T ", "__class__", "🙂", ""]
    for _ in range(count):
        query = {}
        for _ in range(generator.integers(0, 12)):
            name = names[generator.integers(len(names))]
            control = controls.get(name)
            values = [*ODD, str(generator.normal() * 10.0 ** generator.integers(-5, 5))]
            values += control.values if control is not None else []
            chosen = [values[place] for place in generator.integers(len(values), size=2)]
            query[name] = chosen[: generator.integers(1, 3)]
        yield query


@pytest.mark.parametrize("form", [NETWORKS, FORM], ids=["networks", "model"])
def test_links_give_settings_that_links_can_hold(form):
    for query in links(form, 1, LINKS // 2):
        settings, notices = from_query(query, form)
        assert all(notice.encode() for notice in notices)
        again = {name: [text] for name, text in to_query(settings, form).items()}
        assert from_query(again, form) == (settings, ())


def weights():
    generator = np.random.default_rng(0)
    shapes = {"weight_ih_l0": (12, 2), "weight_hh_l0": (12, 3), "bias_ih_l0": (12,)}
    shapes["bias_hh_l0"] = (12,)
    made = {name: generator.normal(size=shape) for name, shape in shapes.items()}
    return {name: array.astype(np.float32) for name, array in made.items()}


def as_npz(pack=np.savez):
    file = io.BytesIO()
    pack(file, **weights())
    return file.getvalue()


def as_npy():
    file = io.BytesIO()
    np.save(file, np.arange(12.0).reshape(6, 2))
    return file.getvalue()


def as_torch(**settings):
    torch = torch_if_there()
    file = io.BytesIO()
    torch.save({name: torch.tensor(a) for name, a in weights().items()}, file, **settings)
    return file.getvalue()


def as_script():
    """An archive of TorchScript."""
    torch = torch_if_there()
    file = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):  # that TorchScript is deprecated
        torch.jit.save(torch.jit.script(torch.nn.LSTM(2, 3)), file)
    return file.getvalue()


def torch_if_there():
    try:
        import torch
    except ModuleNotFoundError:
        go_without("needs PyTorch")
    return torch


def as_keras(suffix):
    """A file that Keras wrote."""
    try:
        import h5py  # noqa: F401
    except ModuleNotFoundError:
        go_without("needs h5py")
    return (
        Path(__file__).parent / "weights" / "keras_models" / f"gru_reset_before{suffix}"
    ).read_bytes()


def as_onnx():
    """A file that the library of ONNX writes."""
    try:
        from onnx import helper, numpy_helper
    except ModuleNotFoundError:
        go_without("needs ONNX")
    names = {"weight_ih_l0": "W", "weight_hh_l0": "R"}
    arrays = {names[name]: array[None] for name, array in weights().items() if name in names}
    node = helper.make_node("LSTM", ["x", *arrays], ["y"], name="cell", hidden_size=3)
    constants = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph([node], "g", [], [], constants)
    opsets = [helper.make_opsetid("", 14)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


# What stands in headers, and what may come to stand there.
SWAPS = [
    (b"<f4", b"|O8"),
    (b"F32", b"F64"),
    (b"(6, 2)", b"(True, 6)"),
    (b"(6, 2)", b"(" * 9000),
    (b"(6, 2)", b"-" * 9000),
    (b"(6, 2)", b"+" * 9000),
    (b"(12, 2)", b"(-1, 2)"),
    (b"[12,2]", b"[1e9,2]"),
    (b"[12,2]", b"[[12],2]"),
    (b"bias_hh_l0", b"\\ud800_h_l"),
    (b"weight_hh_l0", b"weight_hh_l\xff"),
    (b"'descr'", b"'desc\x00'"),
    (b"False", b"nan"),
    (b"{", b"[" * 2000),
    (b"GRU", b"RNN"),
    (b'"units": ', b'"units": -'),
    (b"LSTM", b"\xff\xfeTM"),
    (b"hidden_size", b"hidden_sizf"),
]


def damaged(whole, seed):
    """The file with bytes changed, taken away, doubled, and words of its header swapped."""
    generator = np.random.default_rng(seed)
    data = bytearray(whole)
    for _ in range(generator.integers(1, 4)):
        kind = generator.integers(5)
        start = int(generator.integers(len(data) or 1))
        end = start + int(generator.integers(1, 40))
        if kind == 0:
            data[start : start + 1] = bytes([generator.integers(256)])
        elif kind == 1:
            del data[start:end]
        elif kind == 2:
            data[start:start] = data[start:end]
        elif kind == 3:
            del data[start:]
        else:
            old, new = SWAPS[generator.integers(len(SWAPS))]
            data = data.replace(old, new, 1)
    return bytes(data)


FORMATS = {
    "model.safetensors": (lambda: save(weights()), gf.loads),
    "model.npz": (as_npz, gf.loads),
    "packed.npz": (lambda: as_npz(np.savez_compressed), gf.loads),
    "model.pt": (as_torch, gf.loads),
    "legacy.pt": (lambda: as_torch(_use_new_zipfile_serialization=False), gf.loads),
    "script.pt": (as_script, gf.loads),
    "model.h5": (lambda: as_keras(".h5"), gf.loads),
    "model.keras": (lambda: as_keras(".keras"), gf.loads),
    "model.weights.h5": (
        lambda: as_keras(".weights.h5"),
        lambda data, name: gf.loads(
            data, name, cell="gru_reset_before", activation="tanh", recurrent_activation="sigmoid"
        ),
    ),
    "model.onnx": (as_onnx, gf.loads),
    "numbers.npy": (as_npy, lambda data, name: read_npy(data)),
}


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_are_read_or_refused_in_a_sentence(name):
    make, read = FORMATS[name]
    whole, refused = make(), 0
    read(whole, name)
    for seed in range(FILES):
        try:
            said = repr(read(damaged(whole, seed), name))
        except ValueError as rule:
            said = str(rule).split("\n")[0]
            assert said.isprintable()
            refused += 1
        assert said.encode()
    assert refused >= 200


def test_texts_are_read_or_refused_in_a_sentence():
    generator = np.random.default_rng(2)
    letters = np.array([*"0123456789.,;-+eE \t\n\n\"'x", "\r", "\x00", "١", "∞", "\u2028"])
    for _ in range(FILES):
        text = "".join(generator.choice(letters, generator.integers(0, 60)))
        for columns in (None, 1, 3):
            try:
                said = repr(sequences.parse_numbers(text, columns))
            except ValueError as rule:
                said = str(rule)
            assert said.encode()


MAKERS = (about_a_widget, about_a_pick, about_the_run, begins_no_run)


async def forge(session, generator, count):
    """Send so many messages of all kinds, one at a time, and take in the last run of the page."""
    await session.run(session.rerun())
    for number in range(count):
        make = MAKERS[generator.choice(len(MAKERS), p=[0.6, 0.15, 0.05, 0.2])]
        message = make(generator, session)
        if make is begins_no_run:
            await session.send(message)
            continue
        await session.begin(message)
        if number % EACH == 0:
            await session.end()
    await session.run(session.rerun())


def test_a_server_answers_odd_links_and_messages_without_a_traceback(tmp_path):
    failures = []

    @contextlib.asynccontextmanager
    async def visitor(address, page=""):
        url = address.replace("http://", "ws://") + "/_stcore/stream"
        async with websockets.connect(url, subprotocols=["streamlit"], max_size=None) as socket:
            session = Session(socket, page)
            yield session
            failures.extend(session.failures)

    async def follow(address, query):
        async with visitor(address) as session:
            odd = urlencode(query | {"T": ["5"]}, doseq=True, errors="replace")
            await session.run(session.rerun(query=odd))

    async def attack(address, seed, page):
        async with visitor(address, page) as session:
            await forge(session, np.random.default_rng(seed), MESSAGES // len(PAGES))

    async def visit(address):
        odd = links(NETWORKS, 4, SERVED_LINKS)
        await asyncio.gather(*(follow(address, query) for query in odd))
        await asyncio.gather(*(attack(address, *page) for page in enumerate(PAGES)))
        async with visitor(address) as session:
            await session.run(session.rerun())
            many = picks(session.components[0], 100_000, {"t": 2, "k": 1})
            await session.run(session.rerun(many))
            await session.run(session.rerun(query="&".join(f"p{n}=1" for n in range(5000))))

    with served("app.py", tmp_path) as server:
        asyncio.run(visit(server.address))
    assert failures == []
