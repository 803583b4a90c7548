"""The README, which shows what the benchmarks found."""

from pathlib import Path

_README = Path(__file__).parents[1] / "README.md"


def put(name: str, text: str) -> None:
    """Replace what stands between the marks of a name."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, rest = _README.read_text(encoding="utf-8").split(start)
    _, after = rest.split(end)
    _README.write_text(f"{before}{start}{text}\n{end}{after}", encoding="utf-8")
