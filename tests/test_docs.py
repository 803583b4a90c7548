"""What the documentation says runs, and the files it links to exist."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.needed import needed_module

from gradflow.ui.door.guard import PATIENCE
from gradflow.ui.door.sessions import IN_ALL, PER_ADDRESS

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [*(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]
)
PROGRAMS = {
    page.stem: "\n".join(
        re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    )
    for page in PAGES
}


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page, program in PROGRAMS.items() if program])
def test_the_python_of_a_page_runs(page):
    if "import torch" in PROGRAMS[page]:
        needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAMS[page]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stderr == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_files_that_a_page_names_exist(page):
    text = page.read_text("utf-8")
    linked = [page.parent / name for name in re.findall(r"\]\((?!https?:|#)([^)#]+)", text)]
    named = re.findall(r"`((?:gradflow|tests|benchmarks|docs|examples|\.ci)/[\w./]+)`", text)
    missing = [path for path in [*linked, *(ROOT / name for name in named)] if not path.exists()]
    assert missing == []


def test_the_limits_that_are_promised_are_those_of_the_server():
    server = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["server"]
    promised = (ROOT / "SECURITY.md").read_text("utf-8")
    assert f"| {IN_ALL} in all, {PER_ADDRESS} from one address |" in promised
    assert f"| {PATIENCE:g} seconds apart |" in promised
    assert f"| {server['maxUploadSize']} MB, packed or unpacked |" in promised
    assert f"closed | {server['disconnectedSessionTTL']} seconds |" in promised
