"""Where the figures go: the tables to benchmarks/README.md, one sentence of each to the README."""

from pathlib import Path

_TABLES = Path(__file__).with_name("README.md")
_README = Path(__file__).parents[1] / "README.md"


def put(name: str, text: str, headline: str | None = None) -> None:
    """Replace the tables of a benchmark, and the sentence that the README has of it.

    Parameters
    ----------
    name : str
        Of the benchmark, as the marks have it.
    text : str
        The tables and what is said of them.
    headline : str, optional
        One sentence with a ratio.
    """
    _replace(_TABLES, name, text)
    if headline is not None:
        _replace(_README, name, headline)


def _replace(path: Path, name: str, text: str) -> None:
    """Replace what stands between the marks of a name."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, rest = path.read_text(encoding="utf-8").split(start)
    _, after = rest.split(end)
    path.write_text(f"{before}{start}{text.strip()}\n{end}{after}", encoding="utf-8")
