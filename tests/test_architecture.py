"""Each module imports only from modules below it, and the core needs numpy alone."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the ground up. A module may import from its own floor and from those below.
FLOORS = (
    ("gradflow.numerics",),
    ("gradflow.losses", "gradflow.numbers_in_text", "gradflow.sequences"),
    ("gradflow.cells",),
    ("gradflow.engine", "gradflow.weights"),
    ("gradflow.flow",),
    ("gradflow.analysis", "gradflow.models"),
    ("gradflow.surveys", "gradflow.training", "gradflow.watching"),
    ("gradflow",),
    ("gradflow.figures", "gradflow.torch"),
    ("gradflow.keras",),
    ("gradflow.report",),
    ("gradflow.ui",),
    ("app",),
)
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}

# What each part may use beyond the standard library and itself.
CORE = {"numpy"}
FIGURES = CORE | {"plotly"}
TORCH = CORE | {"torch", "lightning"}
KERAS = CORE | {"torch", "keras"}
UI = FIGURES | {"streamlit", "starlette", "uvicorn", "kaleido", "choreographer", "pyarrow", "PIL"}
OF_PART = {
    "gradflow.figures": FIGURES,
    "gradflow.torch": TORCH,
    "gradflow.keras": KERAS,
    "gradflow.ui": UI,
    "app": UI,
}

# Which other folders of gradflow.ui each of its folders may import; pages import no other page.
UI_SHARED = {"shared", "downloads", "component"}
UI_FOLDERS = {"downloads": {"shared"}, "component": {"shared"}}
UI_FOLDERS |= dict.fromkeys(("comparison", "paths", "derivation", "model", "learning"), UI_SHARED)
UI_FOLDERS |= dict.fromkeys(("model", "learning"), UI_SHARED | {"workers"})
UI_FOLDERS["door"] = {"workers", "downloads", "component"}
UI_FOLDERS["page_script"] = {"navigation"}
UI_FOLDERS["navigation"] = {"shared", "component"}
UI_FOLDERS["navigation"] |= {"comparison", "paths", "derivation", "model", "learning"}

# Readers of formats that a library of their own reads: imported where a file asks for it, and not
# when gradflow is imported.
READERS = {
    "gradflow.weights.keras_files": {"h5py"},
    "gradflow.weights.onnx_files": {"google", "onnx"},
    "gradflow.weights.torch_modules": {"torch"},
}

SOURCES = [*sorted((ROOT / "gradflow").rglob("*.py")), ROOT / "app.py"]


def module_of(path: Path) -> str:
    """Dotted name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in SOURCES}


def imported(path: Path) -> Iterator[str]:
    """Dotted names of the modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)


def part_of(module: str) -> str:
    """The entry of FLOORS that a module belongs to: its own name or its folder's."""
    names = module.split(".")
    candidates = [".".join(names[:length]) for length in range(len(names), 0, -1)]
    found = next((name for name in candidates if name in FLOOR_OF), None)
    if found is None or (found == "gradflow" and module != "gradflow"):
        pytest.fail(f"{module} has no floor: give it one in FLOORS")
    return found


@pytest.mark.parametrize("module", MODULES)
def test_imports_come_from_the_same_floor_or_below(module):
    floor = FLOOR_OF[part_of(module)]
    own = [name for name in imported(MODULES[module]) if name.split(".")[0] in ("gradflow", "app")]
    above = [name for name in own if FLOOR_OF[part_of(name)] > floor]
    assert above == []


@pytest.mark.parametrize("module", MODULES)
def test_imports_from_outside_are_those_of_its_part(module):
    part = part_of(module)
    allowed = OF_PART.get(part, CORE)
    allowed = allowed | READERS.get(module, set())
    if module == "gradflow.models.make_models":
        allowed = CORE | {"torch", "safetensors"}
    names = {name.split(".")[0] for name in imported(MODULES[module])}
    outside = names - sys.stdlib_module_names - {"gradflow"}
    assert outside <= allowed


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("gradflow.ui.")])
def test_pages_hold_all_of_their_own_and_nothing_that_others_use(module):
    folder = module.split(".")[2]
    allowed = {"server", "served_paths", "vendor_internals", folder} | UI_FOLDERS.get(folder, set())
    names = [name.split(".") for name in imported(MODULES[module])]
    used = {parts[2] for parts in names if parts[:2] == ["gradflow", "ui"] and len(parts) > 2}
    assert used <= allowed


def test_no_modules_import_each_other_in_a_circle():
    graph = {
        module: {name for name in imported(path) if name in MODULES and name != module}
        for module, path in MODULES.items()
    }
    assert set(TopologicalSorter(graph).static_order()) >= set(MODULES)


def test_importing_gradflow_loads_numpy_and_nothing_else():
    numpy_alone, with_gradflow = (
        loaded(f"import {names}") for names in ("numpy, numpy.typing", "gradflow, numpy.typing")
    )
    assert with_gradflow - numpy_alone - sys.stdlib_module_names == {"gradflow"}


def loaded(statement: str) -> set[str]:
    """Top-level names of the modules that a fresh interpreter holds after a statement."""
    program = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(answer.stdout.split())
