"""Links, files and messages made at random, by a seed: none may raise what nobody expects."""

import asyncio
import io
import json
import warnings
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
import websockets
from browser.serving import served
from safetensors.numpy import save
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from support.needed import go_without

import gradflow as gf
from benchmarks.visitors import tell_painted
from gradflow import sequences
from gradflow.ui.model.settings import FORM
from gradflow.ui.shared.links import NETWORKS, from_query, to_query
from gradflow.ui.shared.setting_fields import controls_by_name
from gradflow.weights.npy import read_npy

pytestmark = pytest.mark.slow

LINKS, FILES, MESSAGES, SERVED_LINKS = 2000, 600, 500, 20

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


class Session:
    """One websocket, as a browser has it, but with messages as nobody's browser makes them."""

    def __init__(self, socket):
        self.socket = socket
        self.widgets = {}
        self.failures = []
        self.charts = b""
        self.painted = False

    async def run(self, query, *states, many=1):
        """Send a message so many times, and wait for a run to end."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.widget_states.widgets.extend(states)
        for _ in range(many):
            await self.socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(await asyncio.wait_for(self.socket.recv(), 30))
            kind = answer.WhichOneof("type")
            if self.charts and not self.painted:
                self.painted = True
                await tell_painted(self.socket, self.charts)
            if kind == "delta" and answer.delta.HasField("new_element"):
                self.meet(answer.delta.new_element)
            if kind == "script_finished":
                return

    def meet(self, element):
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.failures.append(element.exception.message)
        if element.bidi_component.component_name == "gradflow_heatmaps":
            self.charts = element.bidi_component.bytes
        name = getattr(getattr(element, kind), "id", "")
        if name:
            self.widgets[name] = kind


PICKED = [None, [], "text", 5, {}, {"t": 3}, {"t": [1], "k": {}}, {"t": 1e99, "k": "∞"}, {"k": 2}]


def forged(generator, widgets):
    """The state of one widget of the page, or of none, with a value that it does not offer."""
    message = BackMsg()
    state = message.rerun_script.widget_states.widgets.add()
    known = ("slider", "number_input", "checkbox", "bidi_component", "selectbox", "text_area")
    names = [name for name, kind in widgets.items() if kind in known] + ["$$ID-0-none"]
    state.id = names[generator.integers(len(names))]
    kind = widgets.get(state.id)
    number = float(generator.choice([-1e300, 0.3, 1e18, -0.0, 7.0]))
    if kind == "slider":
        state.double_array_value.data.append(number)
    elif kind == "number_input":
        state.double_value = number
    elif kind == "checkbox":
        state.bool_value = bool(generator.integers(2))
    elif kind == "bidi_component":
        # Streamlit itself parses a text once more, and logs a traceback where it is no JSON.
        value = PICKED[generator.integers(len(PICKED))]
        state.json_value = json.dumps(None if isinstance(value, str) else value)
    else:
        state.string_value = ODD[generator.integers(len(ODD))]
    return state


def components(session):
    return [name for name, kind in session.widgets.items() if kind == "bidi_component"]


def picks(session, count, value):
    """The component's own name for what it triggers, and a message with many of them."""
    from streamlit.components.v2.bidi_component.main import _make_trigger_id

    message = BackMsg()
    state = message.rerun_script.widget_states.widgets.add()
    state.id = _make_trigger_id(components(session)[0], "events")
    state.json_trigger_value = json.dumps([{"event": "picked", "value": value}] * count)
    return state


def test_a_server_answers_odd_links_and_messages_without_a_traceback(tmp_path):
    async def visit(address):
        url = address.replace("http://", "ws://") + "/_stcore/stream"
        generator = np.random.default_rng(3)
        failures = []
        for query in links(NETWORKS, 4, SERVED_LINKS):
            async with websockets.connect(url, subprotocols=["streamlit"], max_size=None) as socket:
                session = Session(socket)
                query["T"] = ["5"]
                await session.run(urlencode(query, doseq=True, errors="replace"))
                failures += session.failures
        async with websockets.connect(url, subprotocols=["streamlit"], max_size=None) as socket:
            session = Session(socket)
            await session.run("T=5")
            for _ in range(MESSAGES // 10):
                states = [forged(generator, session.widgets) for _ in range(10)]
                await session.run("T=5", *states)
            for value in PICKED:
                await session.run("T=5", picks(session, 3, value))
            await session.run("T=5", picks(session, 100_000, {"t": 2, "k": 1}))
            await session.run("&".join(f"p{n}=1" for n in range(5000)))
            return failures + session.failures

    with served("app.py", Path(tmp_path)) as server:
        assert asyncio.run(visit(server.address)) == []
