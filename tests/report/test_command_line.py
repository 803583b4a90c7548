"""`gradflow report`: its files, its conditions, and what it needs."""

import json
import subprocess
import sys
from html import escape
from pathlib import Path

import numpy as np
import pytest

import gradflow as gf
from gradflow.report import command_line
from gradflow.surveys.conditions import condition_of

MODEL = str(gf.models.path("recall_learned"))
ROOT = Path(__file__).parents[2]
GENERATOR = np.random.default_rng(0)
X = np.eye(6)[GENERATOR.integers(0, 6, (5, 24))]
LENGTHS = np.array([24, 20, 24, 7, 24])
Y = GENERATOR.integers(0, 4, 5)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "data.npz"
    np.savez(path, x=X, lengths=LENGTHS, y=Y)
    return path


def ran(capsys, data, *arguments):
    """The exit code, and what was written to the terminal."""
    code = 0
    given = (MODEL, "--readout", "readout", "--sequences", data, "--last", "--chunk", "8")
    try:
        command_line.main([str(part) for part in (*given, *arguments)])
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    return code, said.out, said.err


def expected():
    model = gf.load(MODEL, readout="readout")
    samples = [
        gf.Sample(x[:T], gf.SoftmaxCrossEntropy(y)) for x, T, y in zip(X, LENGTHS, Y, strict=True)
    ]
    return gf.survey(model, samples, targets="last", lengths=[1, 2, 4, 8])


def test_json_has_the_numbers_of_the_survey(capsys, data, tmp_path):
    path = tmp_path / "report.json"
    code, said, _ = ran(capsys, data, "--loss", "softmax", "-o", path)
    assert code == 0
    found, seen = json.loads(path.read_text()), expected()
    assert found["sequences"] == 5
    assert found["lengths"] == [1, 2, 4, 8]
    assert found["layers"][0]["verdicts"] == dict(seen.verdicts())
    measures = found["layers"][0]["measures"]
    assert measures["horizon(0.01)"][2] == seen.distribution("horizon", 0.01).quantile(0.5)
    assert measures["share_beyond(8)"][4] == seen.distribution("share_beyond", 8).quantile(0.95)
    errors = seen.chunk_curve().together.relative_error
    np.testing.assert_allclose(found["truncation"]["chunk"]["relative_error"], errors, rtol=1e-12)
    np.testing.assert_array_equal(found["layers"][0]["log10"], seen.bands().log10)
    assert said.splitlines() == found["verdict"]
    most = max(seen.verdicts(), key=seen.verdicts().__getitem__)
    assert f"the gradient is {most} in {seen.verdicts()[most]} of 5." in found["verdict"][1]
    assert f"change the mean gradient by {100 * errors[-1]:.2g}%." in found["verdict"][3]


def test_html_opens_offline_and_holds_pictures_measures_and_the_verdict(capsys, data, tmp_path):
    path = tmp_path / "report.html"
    code, said, _ = ran(capsys, data, "--output-number", "1", "-o", path)
    assert code == 0
    page = path.read_text(encoding="utf-8")
    assert page.count("Plotly.newPlot(") == 2
    assert "<script src=" not in page
    assert "<link" not in page
    assert page.count("<td>horizon(0.01)</td>") == 1
    for sentence in said.splitlines():
        assert f"<p>{escape(sentence)}</p>" in page


def test_a_saved_survey_adds_up_with_others(capsys, data, tmp_path):
    path = tmp_path / "part.npz"
    assert ran(capsys, data, "--loss", "softmax", "-o", path)[0] == 0
    assert (gf.Survey.load(path) + expected()).count == 10


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("share_beyond(8) >= 0", 3),
        ("share_beyond(8) > 1.02", 0),
        ("horizon(0.01) < 1e3", 3),
        ("horizon(0.01) > 1e3", 0),
        ("failed > 0", 0),
        ("chunk_error(4) < 0", 0),
        ("window_error(24) >= 0", 3),
    ],
)
def test_a_condition_that_holds_ends_with_a_code_of_its_own(capsys, data, condition, code):
    found, said, errors = ran(capsys, data, "--loss", "softmax", "--fail-if", condition)
    assert found == code
    assert "The survey is of 5 sequences." in said
    assert errors == (f"gradflow report: {condition}\n" if code else "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "The readout has 4 outputs, whose sum says nothing of a classifier"),
        (("--loss", "softmax", "-o", "report.pdf"), "--output must end in .html, .json or .npz."),
        (("--loss", "softmax", "--fail-if", "horizon(0.3) > 1"), "0.0001] for 'horizon'. Got 0.3."),
        (("--loss", "softmax", "--chunk", "0"), "lengths[0] must be a whole number from 1 on."),
        (("--loss", "softmax", "--processes", "0"), "--processes must be a whole number from 1"),
        (("--loss", "softmax", "--fail-if", "__import__('os')"), "must be such as"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(capsys, data, arguments, words):
    code, _, said = ran(capsys, data, *arguments)
    assert code == 2
    assert words in said
    assert said.startswith("gradflow report: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "text", ["", "horizon", "a(b) > 1", "a(1) == 1", "a(1) > 1 or 1", "1 > a(1)", "a(1 > 2"]
)
def test_other_text_is_no_condition(text):
    with pytest.raises(ValueError, match="must be such as"):
        condition_of(text)


def test_a_condition_on_what_has_no_value_is_refused():
    seen = gf.survey(gf.RNN(0.5, 0.9), [[1.0]])
    with pytest.raises(ValueError, match="must be about a number"):
        condition_of("tail_half_life > 1").holds(seen)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.ones(4)}, "x must have shape"),
        ({"x": np.ones((2, 4)), "z": np.ones(2)}, "must hold x, and may hold lengths, y and mask"),
        ({"x": np.ones((2, 4)), "lengths": np.array([4, 5])}, "lengths must be N=2 whole numbers"),
        ({"x": np.ones((2, 4)), "y": np.ones(3)}, "y must have N=2 entries"),
        ({"x": np.array([["a", {}]], object)}, "must be a .npy or .npz file of plain arrays"),
    ],
)
def test_files_that_hold_no_sequences_are_refused(capsys, tmp_path, arrays, words):
    path = tmp_path / "data.npz"
    np.savez(path, **arrays)
    code, _, said = ran(capsys, path, "--output-number", "0")
    assert code == 2
    assert words in said


def test_json_needs_neither_streamlit_nor_plotly(data, tmp_path):
    path = tmp_path / "report.json"
    arguments = ["report", MODEL, "--sequences", str(data), "-o", str(path)]
    program = (
        "import sys\n"
        "sys.modules['plotly'] = sys.modules['streamlit'] = None\n"
        "from gradflow.ui import command\n"
        f"command.main({arguments!r})\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True)
    assert json.loads(path.read_text())["sequences"] == 5
