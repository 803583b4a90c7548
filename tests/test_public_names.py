"""What `import gradflow` gives, and how its records print."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import gradflow as gf

ROOT = Path(__file__).parents[1]
X = [1.0, -0.6, 0.8, 0.3]


def run(program):
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")


def test_figures_come_when_they_are_asked_for():
    before, after = run(
        "import sys, gradflow as gf\n"
        "assert 'figures' in dir(gf)\n"
        "print('plotly' in sys.modules)\n"
        "gf.figures\n"
        "print('plotly' in sys.modules)"
    )[:2]
    assert (before, after) == ("False", "True")


def test_without_their_packages_figures_and_watches_name_extra_and_package():
    said = run(
        "import sys\n"
        "sys.modules |= dict.fromkeys(['plotly', 'torch', 'keras'])\n"
        "import gradflow as gf\n"
        "for name in ('figures', 'torch', 'keras'):\n"
        "    try:\n        getattr(gf, name)\n"
        "    except ImportError as error:\n        print(error)"
    )
    figures, torch, keras = said[:3]
    assert figures == (
        'gradflow.figures needs Plotly, which the extra [figures] brings: pip install "plotly>=7.1"'
    )
    assert torch.endswith('PyTorch, which the extra [torch] brings: pip install "torch>=2.0"')
    assert "the extra [keras-training] brings: pip install" in keras


def test_every_hint_names_an_extra_and_the_packages_that_it_brings():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    hints = [
        hint
        for path in (ROOT / "gradflow").rglob("*.py")
        for hint in re.findall(
            r'extra \[([\w-]+)\][\w: ]*[\s\'"]*pip install ((?:"[^"{]*" ?)+)',
            path.read_text(encoding="utf-8"),
        )
    ]
    assert {extra for extra, _ in hints} == {*extras} - {"app"}  # whose packages the page looks for
    for extra, named in hints:
        brought = {
            rule
            for name in (extra, *re.findall(r"gradflow\[(\w+)\]", " ".join(extras[extra])))
            for rule in extras[name]
        }
        assert set(re.findall('"([^"]*)"', named)) <= brought


def test_what_there_is_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'figure'"):
        gf.figure  # noqa: B018


@pytest.mark.parametrize(
    "module", [gf, gf.analysis, gf.memory, gf.sequences], ids=lambda module: module.__name__
)
def test_every_public_name_is_there_and_listed(module):
    assert module.__all__ == list(dict.fromkeys(module.__all__))
    assert set(module.__all__) <= set(dir(module))


def test_public_names_alone_are_listed():
    rest = {"figures", "keras", "torch", "__version__"}
    assert dir(gf) == sorted({*gf.__all__, *rest})
    assert dir(gf.figures) == sorted(gf.figures.__all__)


PAGES = sorted((ROOT / "gradflow" / "ui").rglob("*.py"))
LIBRARY = sorted({*(ROOT / "gradflow").rglob("*.py")} - {*PAGES})


@pytest.mark.slow
@pytest.mark.parametrize("paths", [LIBRARY, PAGES], ids=["library", "pages"])
def test_no_function_shares_a_name_with_a_module(paths):
    defined = {
        node.name
        for path in paths
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    assert defined & {path.stem for path in paths} == set()


def test_no_two_classes_share_a_name():
    homes = {}
    for path in [*LIBRARY, *PAGES]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(path.name)
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


VECTOR = gf.LSTM(np.ones((4, 128, 16)), np.zeros((4, 128, 128)), np.zeros((4, 128)))
SCALAR = gf.LSTM.scalar(w_x=0.5, w_h=0.5)
FLOW = gf.gradient_flow(SCALAR, X)
STACK = gf.Stack(
    [
        gf.RNN(np.ones((2, 1)), np.eye(2)),
        gf.LSTM(np.ones((4, 3, 2)), np.zeros((4, 3, 3)), np.ones((4, 3))),
    ]
)
BOTH = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, 0.9), merge="sum")
FLOW_BOTH_WAYS = gf.gradient_flow(gf.BidirectionalStack([BOTH]), X)
PRINTED = {
    "LSTM(H=128, D=16)": VECTOR,
    "RNN(H=1, D=1)": gf.RNN(0.5, 0.9),
    "RNN(H=2, D=1, activation='relu')": gf.RNN(np.ones((2, 1)), np.eye(2), activation="relu"),
    "GRU(H=1, D=1)": gf.GRU.scalar(0.5, 0.5),
    "GRU(H=1, D=1, reset_after=False)": gf.GRU.scalar(0.5, 0.5, reset_after=False),
    "Stack(RNN(H=1, D=1), LSTM(H=1, D=1))": gf.Stack([gf.RNN(0.5, 0.9), SCALAR]),
    "Stack(12 layers, H=1, D=1)": gf.Stack([SCALAR] * 12),
    "GradientFlow(LSTM(H=1, D=1), T=50, vanishing at t=50)": gf.gradient_flow(SCALAR, np.ones(50)),
    "LSTMTrace(T=4, H=1, D=1)": FLOW.trace,
    "RNNTrace(T=4, H=1, D=1)": gf.gradient_flow(gf.RNN(0.5, 0.9), X).trace,
    "GRUTrace(T=4, H=1, D=1)": gf.gradient_flow(gf.GRU.scalar(0.5, 0.9), X).trace,
    "Bidirectional(RNN(H=1, D=1), RNN(H=1, D=1), merge='sum')": BOTH,
    "BidirectionalStack(2 layers, H=1, D=1)": gf.BidirectionalStack([BOTH, SCALAR]),
    "BidirectionalFlow(BidirectionalStack(1 layer, H=1, D=1), T=4)": FLOW_BOTH_WAYS,
    "BidirectionalTrace(T=4, H=1, D=1)": FLOW_BOTH_WAYS.trace,
    "StackTrace(T=4, H=1, D=1)": gf.gradient_flow(gf.Stack([SCALAR, SCALAR]), X).trace,
    "Scaled(shape=(4, 1))": FLOW.state_slope,
    "Scaled(0.5 * 2^3)": gf.gradient_flow(gf.RNN(1.0, 1.0), [0.0], gf.Readout(1.0, 4.0)).loss_slope[
        0
    ],
    "PathClasses(cell path, 1 or more; T=4)": FLOW.by_detours("w_xf", classes=2),
    "UnitSignals(t=3, H=1)": gf.analysis.unit_signals(FLOW, 3),
    "Readout(w_o=1.0, b_o=0.25)": gf.Readout(1.0, 0.25),
    "Readout(w_o=array of shape (2, 3), b_o=array of shape (2,))": gf.Readout(
        np.ones((2, 3)), np.zeros(2)
    ),
    "UnitLoss()": gf.UnitLoss(),
    "SquaredError(target=0.5)": gf.SquaredError(0.5),
    "BinaryCrossEntropy(target=array of shape (4,))": gf.BinaryCrossEntropy(np.ones(4)),
    "SoftmaxCrossEntropy(target=1.0)": gf.SoftmaxCrossEntropy(1),
    "Model(LSTM(H=16, D=6), readout_layer='readout')": gf.load(
        gf.models.path("recall_learned"), readout="readout"
    ),
    "Graph(L_3 to w_xf of step 2, 16 nodes, 25 edges)": gf.analysis.unrolled_graph(
        FLOW, "w_xf", 3, 2
    ),
    "Agreement(T=5, 'The cat which ate was')": gf.sequences.agreement(
        2, False, np.random.default_rng(0)
    ),
}


@pytest.mark.parametrize("text", PRINTED)
def test_records_print_in_a_line(text):
    assert repr(PRINTED[text]) == text


@pytest.mark.parametrize("T", [1, 2, 60])
@pytest.mark.parametrize("cell", [gf.RNN(0.5, 0.0), SCALAR, gf.GRU.scalar(1, 1), STACK])
@pytest.mark.parametrize("w_o", [0.0, 1.0, 1e300])
def test_every_flow_prints_its_verdict(cell, T, w_o):
    x = np.zeros((T, cell.D))
    flow = gf.gradient_flow(cell, x, gf.Readout(w_o), gf.UnitLoss())
    verdict = gf.memory.verdict(flow, T, layer=0)
    assert repr(flow) == f"GradientFlow({cell!r}, T={T}, {verdict} at t={T})"


def test_what_is_asked_of_a_flow_prints_in_two_lines_at_most():
    found = (
        gf.memory.measure(FLOW, 4),
        gf.paths(FLOW, "w_xf", 4, 4)[0],
        *gf.analysis.factors(FLOW, "w_xf", 4, 2),
        gf.gradient_flow(gf.Stack([SCALAR] * 3), X),
        FLOW._backward,
    )
    for record in found:
        assert len(repr(record)) <= 200
        assert "array(" not in repr(record)
