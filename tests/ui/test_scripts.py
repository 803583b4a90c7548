"""The scripts of the charts, run by Node."""

import json
import math
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from support.needed import go_without
from support.packed import unpacked

from gradflow.figures.builders.number_words import part
from gradflow.ui.component import assets
from gradflow.ui.component.packing import Triangle, packed

SCRIPTS = Path(assets.__file__).parent / "scripts"

# What JSON lacks travels as text, and a typed array with the name of its kind.
AS_JSON = """
const plain = (value) => {
  if (ArrayBuffer.isView(value)) return { [value.constructor.name]: [...value].map(String) };
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
};
process.stdout.write(JSON.stringify(plain(result)));
"""

KINDS = {"f4": "Float32Array", "f8": "Float64Array", "i4": "Int32Array", "i1": "Int8Array"}


def _node(program):
    node = shutil.which("node")
    if node is None:
        go_without("needs Node")
    command = [node, "--input-type=module"]
    return subprocess.run(command, input=program, capture_output=True, text=True, check=True).stdout


def _result(module, expression):
    """What an expression is in a module that imports nothing."""
    source = (SCRIPTS / module).read_text(encoding="utf-8")
    return json.loads(_node(f"{source}\nconst result = {expression};\n{AS_JSON}"))


def _unpacked(message, offset=0):
    """A message unpacked by the script; it begins at some place of a buffer, as in a browser."""
    whole = [0] * offset + list(message)
    return _result("packing.js", f"unpacked(new Uint8Array({whole}).subarray({offset}))")


def _plain(value):
    """Content as the script has it: a row is a typed array, more of them a list."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if not isinstance(value, np.ndarray):
        return value
    if value.ndim > 1:
        return [_plain(row) for row in value]
    kind = "Uint8Array" if value.dtype == np.uint8 else KINDS[value.dtype.str[1:]]
    return {kind: [_number(number) for number in value.tolist()]}


def _number(number):
    if math.isfinite(number):
        return str(int(number)) if number == int(number) else repr(number)
    return "NaN" if math.isnan(number) else f"{'-' if number < 0 else ''}Infinity"


CONTENTS = [
    {"text": "lag k · ≤ 10⁻⁴ “𝄞”", "number": -1.5, "nothing": None, "list": [1, {"a": True}]},
    {"f8": np.linspace(0.0, 1.0, 5), "after": np.arange(3)},
    {"f4": np.array([[1.5, np.nan, -np.inf], [0.25, -2.0, 4.0]], dtype=np.float32)},
    {"i1": np.array([[-1, 0], [1, 1]], dtype=np.int8), "bool": np.array([True, False, True])},
    {
        "strided": np.arange(6.0).reshape(2, 3).T,
        "empty": np.zeros(0),
        "u1": np.arange(3).astype("u1"),
    },
]


@pytest.mark.slow
@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("offset", [0, 3])
def test_the_script_unpacks_what_was_packed(content, offset):
    message = packed(content)
    assert _unpacked(message, offset) == _plain(unpacked(message))


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_the_script_fills_triangles_up(n):
    below = np.tri(n, dtype=bool)
    sizes = np.where(below, np.arange(n * n).reshape(n, n) / 4, np.nan)
    signs = np.where(below, -1, 0).astype(np.int8)
    content = {"sizes": Triangle(sizes), "signs": Triangle(signs), "after": np.ones(1)}
    expected = {"sizes": _plain(sizes), "signs": _plain(signs), "after": _plain(np.ones(1))}
    assert _unpacked(packed(content)) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("axis", "columns"), [("lag", None), ("source", None), ("log", [1, 2, 3, 6, 8])]
)
@pytest.mark.parametrize("block", [1, 3])
def test_each_term_lies_in_a_cell_that_shows_it_at_its_place(axis, columns, block):
    T = 7
    terms = [(t, k) for t in range(1, T + 1) for k in range(1, t + 1)]
    content = {"T": T, "block": block, "axis": axis, "columns": columns}
    cells = f"new Cells({json.dumps(content)})"
    found = _result("cell_places.js", f"{json.dumps(terms)}.map(([t, k]) => {cells}.cellOf(t, k))")
    places = []
    for (t, k), (row, column) in zip(terms, found, strict=True):
        other = t + 1 - k if axis == "source" else k
        first, end = (columns or range(1, 3 * T, block))[column : column + 2]
        places.append((row, column, (end - first) * ((t - 1) % block) + other - first))
    shown = _result(
        "cell_places.js", f"{json.dumps(places)}.map((place) => {cells}.termOf(...place))"
    )
    assert shown == [list(term) for term in terms]


SIZES = [0.0, -0.0001, -0.7, -2.9, -200.5, -5000.0, 0.6, 0.7, 2.9, math.log10(9.994e5)]


def _said_of_sizes(function):
    """What the readout says of sizes, without its import."""
    source = (SCRIPTS / "readout.js").read_text(encoding="utf-8")
    own = source.replace('import { isTerm } from "./cell_places.js";\n', "")
    return json.loads(_node(f"{own}\nconst result = {SIZES}.map({function});\n{AS_JSON}"))


def test_a_size_is_said_in_three_digits_and_its_power_of_ten():
    assert _said_of_sizes("inDigits") == [
        "1", "1", "0.2", "1.26 × 10⁻³", "3.16 × 10⁻²⁰¹", "1.00 × 10⁻⁵⁰⁰⁰",
        "3.98", "5.01", "794", "9.99 × 10⁵",
    ]  # fmt: skip


def test_the_readout_says_parts_as_the_sentences_do():
    said = dict(zip(SIZES, _said_of_sizes("howMuch"), strict=True))
    for log10 in (0.0, -0.0001, -0.7, -2.9, 0.6, 0.7, 2.9):
        assert said[log10] == part(log10)
    assert said[-200.5] == "3.16 × 10⁻²⁰¹ of"


@pytest.mark.parametrize("entry", ["heatmaps_component", "chart_component", "film_component"])
def test_a_script_has_all_that_it_imports_without_comments_and_imports(tmp_path, entry):
    joined = tmp_path / "joined.mjs"
    joined.write_text(assets.script(entry), encoding="utf-8")
    node = shutil.which("node")
    if node is None:
        go_without("needs Node")
    subprocess.run([node, "--check", str(joined)], check=True)
    lines = [line.strip() for line in assets.script(entry).splitlines()]
    assert not any(line.startswith(("//", "import ")) for line in lines)
    assert [line for line in lines if line.startswith("export")] == [
        line for line in lines if line.startswith("export default")
    ]
    assert sum(line.startswith("export default") for line in lines) == 1


def test_the_charts_bring_nothing_of_the_film_along():
    assert "class Film" in assets.script("film_component")
    assert "class Film" not in assets.script("heatmaps_component")
    assert "class Chart" not in assets.script("heatmaps_component")
    assert "class Heatmaps" not in assets.script("chart_component")
    assert "class Heatmaps" not in assets.script("film_component")


@pytest.mark.parametrize(("count", "width"), [(1, 5), (4, 3)])
def test_the_script_restores_pictures_from_what_each_adds(count, width):
    pictures = np.random.default_rng(0).integers(0, 256, (count, width), dtype=np.uint8)
    added = np.diff(pictures, axis=0, prepend=np.uint8(0)).astype(np.uint8)
    deflated = list(zlib.compress(added.tobytes()))
    call = f"await pictures({{ deflated: new Uint8Array({deflated}), width: {width} }})"
    assert _result("film_pictures.js", call) == _plain(pictures)
