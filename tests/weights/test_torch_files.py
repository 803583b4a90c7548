"""What torch.save and torch.jit.save write, read without PyTorch; hostile pickles, never run."""

import io
import pickle
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf
from gradflow.weights.torch_files import CALLS

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")

LIMIT = 1 << 20
X = np.random.default_rng(41).normal(size=(7, 3))
LEGACY = pytest.mark.parametrize("legacy", [False, True])


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(3, 5, 2)
        self.head = torch.nn.Linear(5, 2)

    def forward(self, x):
        return self.head(self.lstm(x)[0])


torch.manual_seed(6)
NET = Network().double()
STATE = NET.state_dict()


def saved(given, legacy=False, **settings):
    file = io.BytesIO()
    torch.save(given, file, _use_new_zipfile_serialization=not legacy, **settings)
    return file.getvalue()


def assert_is_the_network(model):
    flow = gf.gradient_flow(model, X)
    expected = NET(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(flow.trace.o, expected, rtol=1e-12, atol=1e-14)


WRAPPED = {
    "a state dict": lambda state: state,
    "a plain dictionary": dict,
    "a checkpoint": lambda state: {"epoch": 3, "state_dict": state, "loss": 0.25, "best": None},
    "another checkpoint": lambda state: {"model_state_dict": state, "rng": torch.zeros(3)},
    "deep": lambda state: {"model": {"state_dict": state}, "args": ("a", [1, 2.0, (True, b"x")])},
    "with an optimizer": lambda state: {
        "model": state,
        "optimizer": torch.optim.Adam(NET.parameters()).state_dict(),
    },
    "of several devices": lambda state: {f"module.{n}": w for n, w in state.items()},
    "compiled": lambda state: {"state_dict": {f"model._orig_mod.{n}": w for n, w in state.items()}},
    "parameters": lambda state: dict(NET.named_parameters()),
    "sets, sizes and devices": lambda state: {
        "state_dict": state,
        "others": [{1, 2}, frozenset([3]), torch.Size([2]), torch.device("cpu"), np.float64(2.0)],
    },
}


@LEGACY
@pytest.mark.parametrize("how", WRAPPED)
@pytest.mark.parametrize("name", ["model.pt", "model.ckpt", "pytorch_model.bin", "model"])
def test_weights_are_found_in_what_torch_saves(how, legacy, name):
    model = gf.loads(saved(WRAPPED[how](STATE), legacy), name, readout="head")
    assert_is_the_network(model)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@LEGACY
def test_every_protocol_of_pickle_is_read(protocol, legacy):
    data = saved({"state_dict": STATE}, legacy, pickle_protocol=protocol)
    assert_is_the_network(gf.loads(data, "model.pt", readout="head"))


@LEGACY
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_every_precision_is_read(dtype, legacy):
    state = {name: w.to(getattr(torch, dtype)) for name, w in STATE.items()}
    model = gf.loads(saved(state, legacy), "model.pt")
    expected = state["lstm.weight_hh_l1"].double().numpy().reshape(4, 5, 5)
    np.testing.assert_array_equal(model.cell.layers[1].w_h, expected)
    assert model.layers[0].dtype == dtype


@LEGACY
def test_views_of_a_storage_are_read_by_their_offsets_and_strides(legacy):
    whole = torch.randn(60, 16, dtype=torch.float64)
    state = {
        "weight_ih_l0": whole[7:23:1, 2:14:4],
        "weight_hh_l0": whole[::3][:4].T,
        "bias_ih_l0": whole[1],
        "bias_hh_l0": whole[:16, 5],
    }
    cell = gf.loads(saved(state, legacy), "model.pt").cell
    np.testing.assert_array_equal(cell.w_x.reshape(16, 3), state["weight_ih_l0"].numpy())
    np.testing.assert_array_equal(cell.w_h.reshape(16, 4), state["weight_hh_l0"].numpy())
    bias = state["bias_ih_l0"] + state["bias_hh_l0"]
    np.testing.assert_array_equal(cell.b.ravel(), bias.numpy())


def traced(net):
    return torch.jit.trace(net, torch.ones(2, 3, dtype=torch.float64))


@pytest.mark.filterwarnings("ignore")  # PyTorch is about to let TorchScript go
@pytest.mark.parametrize(
    "make",
    [torch.jit.script, lambda net: torch.jit.trace(net, torch.ones(2, 3, dtype=torch.float64))],
)
@pytest.mark.parametrize("name", ["model.pt", "model.jit"])
def test_an_archive_of_torchscript_is_read(make, name):
    file = io.BytesIO()
    torch.jit.save(make(NET), file)
    assert_is_the_network(gf.loads(file.getvalue(), name, readout="head"))


def test_two_sets_of_weights_are_told_apart():
    data = saved({"model": STATE, "ema": dict(STATE)})
    with pytest.raises(ValueError, match=r"one recurrent module: model.lstm or ema.lstm"):
        gf.loads(data, "model.ckpt")
    assert_is_the_network(gf.loads(data, "model.ckpt", prefix="ema", readout="ema.head"))


def refusal(data, name="model.pt", limit=LIMIT):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 the tests look at what it says
        gf.loads(data, name, limit=limit)
    return str(caught.value)


@LEGACY
def test_a_whole_module_is_refused_by_its_name_with_the_two_lines(legacy):
    sentence, *lines = refusal(saved(NET, legacy)).split("\n")
    assert f"calls {Network.__module__}.Network" in sentence
    assert lines[1] == 'save_file(model.state_dict(), "model.safetensors")'


class Call:
    """What a pickle makes call a function with arguments."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def ran(*arguments):
    pytest.fail("a pickle was run")


HOSTILE = {
    "a call": Call(ran),
    "a command": Call(__import__("os").system, "touch /tmp/never"),
    "eval": Call(eval, "ran()"),
    "getattr": Call(getattr, "x", "upper"),
    "an import": Call(__import__, "this"),
    "a call among weights": {"state_dict": STATE, "x": Call(ran)},
    "a call as a key": {("a", Call(exec, "ran()")): 1},
    "torch's own loader": Call(torch.load, "x"),
    "a buffer": Call(torch.storage._load_from_bytes, b"x"),
    "partial": Call(__import__("functools").partial, ran),
}


@LEGACY
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_pickle_is_refused_by_name_and_not_run(case, legacy):
    loaded = set(sys.modules)
    said = refusal(saved(HOSTILE[case], legacy))
    assert "calls " in said
    assert "nothing in a file is ever run" in said
    assert "this" not in set(sys.modules) - loaded


@pytest.mark.parametrize("case", HOSTILE)
def test_a_plain_hostile_pickle_is_refused_as_well(case):
    given = HOSTILE[case] if "weights" not in case else [HOSTILE["a call"]]
    for protocol in (2, 3, 4, 5):
        assert "ever run" in refusal(pickle.dumps(given, protocol))


def archive(program, numbers=None):
    """An archive of PyTorch with these instructions as its pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("archive/data.pkl", program)
        for key, content in (numbers or {"0": bytes(64)}).items():
            made.writestr(f"archive/data/{key}", content)
    return file.getvalue()


def tensor_program(arguments, length=16):
    """A state dict of one tensor with these arguments, as torch pickles it."""

    class Storage:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, given):
            if isinstance(given, Storage):
                return "storage", torch.FloatStorage, "0", "cpu", length
            return None

    file = io.BytesIO()
    call = Call(torch._utils._rebuild_tensor_v2, Storage(), *arguments, False, {})
    Pickler(file, 2).dump({"weight_hh_l0": call, "weight_ih_l0": call})
    return archive(file.getvalue())


LYING = {
    "beyond its storage": (0, (4, 5), (5, 1)),
    "an offset beyond it": (9, (4, 2), (2, 1)),
    "strides beyond it": (0, (4, 2), (9, 1)),
    "strides that go back": (8, (4, 2), (-2, 1)),
    "an offset before it": (-4, (4, 2), (2, 1)),
    "one number as many": (0, (1 << 20, 1 << 20), (0, 0)),
    "more strides than sizes": (0, (4,), (1, 1)),
    "no numbers": (0, ("a", 2), (2, 1)),
    "a huge size": (0, (1 << 62, 4), (1, 1)),
    "many axes": (0, (1,) * 65, (1,) * 65),
}


@pytest.mark.parametrize("case", LYING)
def test_a_view_that_lies_is_damage(case):
    tracemalloc.start()
    try:
        assert "damaged file of PyTorch" in refusal(tensor_program(LYING[case]))
        assert tracemalloc.get_traced_memory()[1] < 4 * LIMIT
    finally:
        tracemalloc.stop()


def test_a_storage_shorter_than_it_says_is_damage():
    good = (0, (4, 1), (1, 1))
    assert gf.loads(tensor_program(good), "m.pt", cell="lstm").cell.H == 1
    assert "must have 4000 bytes" in refusal(tensor_program(good, length=1000))


def doubled(depth):
    """A list of lists, two of each below: 2 ** depth in all, in a short program."""
    return (
        b"\x80\x02]q\x00"
        + b"".join(
            b"]q" + bytes([n + 1]) + b"(h" + bytes([n]) + b"h" + bytes([n]) + b"e"
            for n in range(depth)
        )
        + b"."
    )


@pytest.mark.parametrize(
    "program",
    [
        doubled(200),
        b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.",  # a dictionary that holds itself
        b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
        b"\x80\x02)" + b"\x85" * 100_000 + b".",
        b"\x80\x02" + b"}" * 3_000_000,
        b"\x80\x02\x8b\xff\xff\xff\x7f.",
        b"\x80\x02(.",
        b"\x80\x02t.",
        b"\x80\x02R.",
        b"\x80\x02h\x05.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        b"\x80\x02cos\nsystem\nq\x00.",
        b"cos\nsystem\n(S'ls'\ntR.",
        b"\x80\x02",
        b"",
    ],
)
def test_a_program_that_grows_or_breaks_gets_one_sentence_soon(program):
    tracemalloc.start()
    try:
        said = refusal(archive(program))
        assert said.split("\n")[0].endswith((".", ":"))
        assert tracemalloc.get_traced_memory()[1] < 100 * LIMIT
    finally:
        tracemalloc.stop()


def test_what_stands_for_a_call_is_a_function_of_our_own():
    for call in CALLS.values():
        assert call.__module__ == "gradflow.weights.torch_files"


GOOD = {
    "archive.pt": saved({"state_dict": STATE}),
    "legacy.pt": saved({"state_dict": STATE}, legacy=True),
}


def cut_short(generator, data):
    return data[: generator.integers(len(data))]


def with_bytes_after(generator, data):
    return data + generator.bytes(generator.integers(1, 200))


def with_a_piece_gone(generator, data):
    start = int(generator.integers(len(data) - 100))
    return data[:start] + data[start + int(generator.integers(1, 100)) :]


def of_noise(generator, data):
    return data[:2] + generator.bytes(len(data))


DAMAGES = (cut_short, with_bytes_after, with_a_piece_gone, of_noise)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_file_gets_one_sentence(name, damage, seed):
    said = refusal(damage(np.random.default_rng(seed), GOOD[name]), name).split("\n")[0]
    assert len(said) < 300
    assert said.isprintable()


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("seed", range(20))
def test_a_changed_bit_is_found_or_does_no_more_than_change_a_number(name, seed):
    generator = np.random.default_rng(seed)
    good = gf.loads(GOOD[name], name)
    for _ in range(20):
        data = bytearray(GOOD[name])
        data[int(generator.integers(len(data)))] ^= 1 << int(generator.integers(8))
        try:
            model = gf.loads(bytes(data), name, limit=LIMIT)
        except ValueError:
            continue
        assert [(one.kind, one.D, one.H) for one in model.layers] == [
            (one.kind, one.D, one.H) for one in good.layers
        ]
