"""The package as a newcomer has it: built, installed where nothing else is, used elsewhere."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from browser.app_page import ARRIVES_WITHIN, AppPage
from browser.chromium import FLAGS
from browser.serving import free_port, started
from playwright.sync_api import expect, sync_playwright
from support.needed import needed_module
from support.readme import EXAMPLES, ROOT

import gradflow as gf
from gradflow.ui.downloads.python_code import snippet
from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.settings import Settings

pytestmark = pytest.mark.slow

SCRIPTS = "Scripts" if os.name == "nt" else "bin"
DRAWN_WITHIN = 1000 * ARRIVES_WITHIN  # milliseconds

# What the wheel takes from the top of the checkout, and where it puts it.
PLACED = {
    "app.py": "gradflow/ui/served/app.py",
    ".streamlit/config.toml": "gradflow/ui/served/.streamlit/config.toml",
}

TOP_OF_THE_SDIST = {
    *("gradflow", "app.py", ".streamlit", "tests", "benchmarks", "deploy", "docs", "examples"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "CITATION.cff"),
    *("pyproject.toml", "PKG-INFO", ".ci", ".gitignore"),
    *("package.json", "package-lock.json", ".npmrc", "eslint.config.js"),
    *("requirements.txt", "requirements-dev.txt"),
    *("requirements-package.txt", "requirements-torch.txt"),
    *("requirements-keras.txt", "requirements-onnx.txt", "requirements-dask.txt"),
}

# Beside Python's own: what an environment holds.
INSTALLED = """
from importlib.metadata import distributions
print(*sorted({found.name for found in distributions()} - {"pip", "setuptools"}))
"""

LOADS_EVERY_MODEL = """
import gradflow as gf
for name in gf.models.NAMES:
    print(gf.load(gf.models.path(name)).cell.H)
"""

# Where each page lives, and what is there once it has drawn itself.
PAGES = {
    "": "[data-chart]",
    "paths": ".js-plotly-plot",
    "derivation": ".katex",
    "model": ".js-plotly-plot",
}

# Settings of somebody else's page.
SETTINGS_OF_ANOTHER = """
[server]
port = 9
baseUrlPath = "elsewhere"
[client]
toolbarMode = "developer"
"""


class Distributions(NamedTuple):
    """What was built."""

    wheel: Path
    sdist: Path


def ran(*command: object, folder: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A command that has ended, with what it said."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or ended.returncode == 0, ended.stdout + ended.stderr
    return ended


def _files(folder: Path) -> set[Path]:
    """Where the files of a folder are in it, but for what Python keeps beside them."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path for path in found if "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """The sdist of this checkout, and the wheel that the sdist gives."""
    needed_module("build", "needs what requirements-package.txt lists")
    folder = tmp_path_factory.mktemp("built")
    ran(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, folder=folder)
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Distributions(wheel, sdist)


@pytest.fixture(scope="module")
def installed(
    built: Distributions, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Installs the wheel and an extra of it in an environment of its own; where its scripts are."""

    def environment(extra: str) -> Path:
        folder = tmp_path_factory.mktemp("environment")
        ran(sys.executable, "-m", "venv", folder, folder=folder)
        scripts = folder / SCRIPTS
        ran(
            *(scripts / "python", "-m", "pip", "install", "--quiet", "--no-compile"),
            *("--disable-pip-version-check", "--constraint", ROOT / "requirements.txt"),
            f"{built.wheel}{extra}",
            folder=folder,
        )
        return scripts

    return environment


@pytest.fixture(scope="module")
def library(installed: Callable[[str], Path]) -> Path:
    """Scripts of an environment with the library alone."""
    return installed("")


@pytest.fixture(scope="module")
def page(
    installed: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of the page, opened by the command in a folder that is made to confuse it."""
    scripts = installed("[app]")
    port = free_port()
    folder, home = (tmp_path_factory.mktemp(name) for name in ("folder", "home"))
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "config.toml").write_text(SETTINGS_OF_ANOTHER)
    (folder / "gradflow").mkdir()
    for name in ("gradflow/__init__.py", "streamlit.py", "app.py"):
        (folder / name).write_text("raise RuntimeError('not this one')")
    options = ["--port", str(port), "--address", "127.0.0.1", "--no-browser"]
    with started([str(scripts / "gradflow"), *options], port, home, folder) as server:
        yield server.address


def test_the_wheel_holds_all_of_the_package_and_what_the_command_serves(built):
    with zipfile.ZipFile(built.wheel) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
        served = {source: wheel.read(place) for source, place in PLACED.items()}
    ours = {(Path("gradflow") / path).as_posix() for path in _files(ROOT / "gradflow")}
    assert held == ours | set(PLACED.values())
    assert served == {source: (ROOT / source).read_bytes() for source in PLACED}


def test_the_sdist_holds_what_builds_the_wheel_and_the_tests_and_nothing_else(built, tmp_path):
    with tarfile.open(built.sdist) as sdist:
        sdist.extractall(tmp_path, filter="data")
    [folder] = tmp_path.iterdir()
    assert {path.name for path in folder.iterdir()} == TOP_OF_THE_SDIST
    assert _files(folder / "tests") == _files(ROOT / "tests")
    ran(sys.executable, "-m", "pytest", "-q", "-n0", "tests/test_readme.py", folder=folder)


def test_a_package_index_would_take_both(built, tmp_path):
    ran(sys.executable, "-m", "twine", "check", "--strict", *built, folder=tmp_path)


def test_the_version_is_that_of_the_library(built, library, tmp_path):
    assert built.wheel.name == f"gradflow-{gf.__version__}-py3-none-any.whl"
    assert built.sdist.name == f"gradflow-{gf.__version__}.tar.gz"
    said = ran(library / "gradflow", "--version", folder=tmp_path).stdout
    assert said == f"gradflow {gf.__version__}\n"


def test_the_library_needs_numpy_alone(library, tmp_path):
    assert ran(library / "python", "-c", INSTALLED, folder=tmp_path).stdout == "gradflow numpy\n"


@pytest.mark.parametrize(("program", "shown"), EXAMPLES)
def test_the_readmes_examples_run_in_an_empty_folder(library, tmp_path, program, shown):
    answer = ran(library / "python", "-W", "error", "-c", program, folder=tmp_path)
    assert (answer.stdout, answer.stderr) == (shown, "")


def test_the_python_of_a_page_runs_as_it_is_downloaded(library, tmp_path):
    script = tmp_path / "gradflow_w_s_0.9_T_12.py"
    script.write_text(snippet(Settings(T=12), None), encoding="utf-8")
    said = ran(library / "python", script, folder=tmp_path).stdout
    assert float(said) == run(Settings(T=12)).rnn.log10("w_x")[-1, -1]


def test_the_shipped_models_load_in_an_empty_folder(library, tmp_path):
    said = ran(library / "python", "-c", LOADS_EVERY_MODEL, folder=tmp_path).stdout
    assert said == "48\n16\n16\n"


def test_without_its_extra_the_command_says_what_to_install(library, tmp_path):
    answer = ran(library / "gradflow", folder=tmp_path, check=False)
    assert answer.returncode == 1
    assert answer.stderr.startswith("gradflow: the page needs streamlit, ")
    assert 'the extra [app] brings: pip install "streamlit>=' in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_the_command_opens_every_page_with_our_settings(page, chromium_path):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        tab = AppPage(browser.new_page())
        for path, drawn in PAGES.items():
            tab.page.goto(f"{page}/{path}")
            tab.page.wait_for_selector(drawn, timeout=DRAWN_WITHIN)
            expect(tab.page).to_have_title(re.compile("gradflow"), timeout=DRAWN_WITHIN)
            assert tab.page.locator("[data-testid=stException]").count() == 0
            # Streamlit's own settings show this button on localhost, and ours do not.
            assert tab.page.locator("[data-testid=stAppDeployButton]").count() == 0
        browser.close()
    tab.check()
