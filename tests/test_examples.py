"""The notebooks run in a kernel of their own, and show what they say they show."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from support.needed import needed_module

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
PLOTLY = "application/vnd.plotly.v1+json"


def run(path, monkeypatch):
    """The notebook with its outputs; an error in a cell is raised."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)
    return NotebookClient(notebook, timeout=300, kernel_name="python3").execute()


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def printed(notebook):
    return "".join(output.text for output in outputs(notebook) if output.output_type == "stream")


def figures(notebook):
    return [output.data[PLOTLY] for output in outputs(notebook) if PLOTLY in output.get("data", {})]


def test_there_are_four_and_they_are_kept_without_outputs():
    assert [path.stem for path in NOTEBOOKS] == [
        "a_network_that_does_not_learn",
        "lecture",
        "which_path_carries_the_gradient",
        "your_own_pytorch_model",
    ]
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        assert outputs(notebook) == []
        assert all(cell.get("execution_count") is None for cell in notebook.cells)


def test_the_lecture_has_ten_cells_and_its_words_are_true(monkeypatch):
    notebook = run(ROOT / "examples" / "lecture.ipynb", monkeypatch)
    assert len(notebook.cells) == 10
    assert len(figures(notebook)) == 5
    total, terms = (part.split(": ")[1] for part in printed(notebook).splitlines()[0].split(", "))
    assert total == terms
    assert float(re.search(r"have ([\d.]+)% of it", printed(notebook))[1]) > 90.0
    [bars] = figures(notebook)[2]["data"]
    log10 = dict(zip((name for name, _ in bars["customdata"]), bars["x"], strict=True))
    assert log10["activation slopes"] < log10["recurrent weight"]
    horizons = [int(k) for k in re.findall(r"horizon k = (\d+)", printed(notebook))]
    assert horizons == sorted(horizons)  # RNN, then an LSTM whose forget gate is open wider
    assert horizons[0] < horizons[1] < horizons[2] == 50


def test_the_paths_are_shown_and_the_detours_take_over(monkeypatch):
    notebook = run(ROOT / "examples" / "which_path_carries_the_gradient.ipynb", monkeypatch)
    assert len(figures(notebook)) == 4
    assert "detours are larger at" in printed(notebook)


def test_a_model_of_pytorch_has_pytorchs_gradients(monkeypatch):
    needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
    notebook = run(ROOT / "examples" / "your_own_pytorch_model.ipynb", monkeypatch)
    assert len(figures(notebook)) == 3
    assert float(printed(notebook).split(": ")[1]) < 1e-10


def test_a_network_that_does_not_learn_does_so_after_the_change(monkeypatch):
    needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
    notebook = run(ROOT / "examples" / "a_network_that_does_not_learn.ipynb", monkeypatch)
    assert len(figures(notebook)) == 2
    said = printed(notebook)
    before, after = (float(share) for share in re.findall(r"right: ([\d.]+)", said))
    assert before < 0.4
    assert after > 0.9
    closed, opened = (float(radius) for radius in re.findall(r"dc/dc: ([\d.]+)", said))
    assert closed < 0.7
    assert abs(opened - 1.0) < 0.05
    lost, kept = (float(log10) for log10 in re.findall(r"10\^(-[\d.]+) of the term", said))
    assert lost < -6.0
    assert kept > -4.0
    assert float(re.search(r"against .grad: (\S+)", said)[1]) < 1e-4
