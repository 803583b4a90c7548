"""What the README says is so."""

import re
import subprocess
import sys

import pytest
from support.readme import EXAMPLES, PROGRAMS, README, ROOT, blocks

import gradflow as gf


@pytest.mark.slow
@pytest.mark.parametrize(("program", "shown"), EXAMPLES)
def test_an_example_prints_what_the_readme_shows(program, shown):
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stderr == ""
    assert answer.stdout == shown


def test_there_are_two_commands_and_each_starts_from_nothing():
    page, tests = blocks("sh")
    for command in (page, tests):
        assert command.startswith(
            "python3 -m venv .venv && .venv/bin/pip install -q -r requirements"
        )
    assert page.rstrip().endswith("&& .venv/bin/streamlit run app.py")
    assert tests.rstrip().endswith("&& .venv/bin/pytest")


def test_the_lines_that_save_a_model_are_those_that_the_refusal_of_a_pickle_shows():
    [saving] = [block for block in blocks("python") if block not in PROGRAMS]
    with pytest.raises(ValueError, match="must be a file of PyTorch") as caught:
        gf.loads(b"", "model.pt")
    assert str(caught.value).split("\n")[1:] == [line for line in saving.splitlines() if line]


def test_it_is_short():
    words = re.sub(r"^```.*?^```$|<!--.*?-->", "", README, flags=re.MULTILINE | re.DOTALL).split()
    assert len(words) <= 700


def test_files_it_names_exist():
    named = re.findall(r"`((?:gradflow|tests|\.ci)[\w/.]*|app\.py|[\w-]+\.txt)`", README)
    paths = [name for name in named if "/" in name or name.endswith((".py", ".txt"))]
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []
