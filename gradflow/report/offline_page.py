"""A survey as one page that opens without a network: pictures, measures, a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from gradflow.surveys import Survey

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem }}
table {{ border-collapse: collapse }}
td, th {{ padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #ddd }}
td:first-child, th:first-child {{ text-align: left }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def html_page(survey: Survey, found: Mapping[str, Any], title: str) -> str:
    """The page of a survey and its `summary`, with Plotly in it."""
    parts = [f"<p>{escape(sentence)}</p>" for sentence in found["verdict"]]
    for failure in found["failures"]:
        parts.append(f"<p>{escape(failure['name'])} failed: {escape(failure['why'])}</p>")
    if survey.count:
        parts += _pictures(survey)
        parts += [_table(layer, found["quantiles"]) for layer in found["layers"]]
    return _PAGE.format(title=escape(title), body="\n".join(parts))


def _pictures(survey: Survey) -> list[str]:
    """The figures; the first brings Plotly along."""
    from gradflow.figures import plot_survey, plot_survey_errors

    figures = [plot_survey(survey, n) for n in range(len(survey.layers))]
    return [
        figure.to_html(full_html=False, include_plotlyjs=number == 0)
        for number, figure in enumerate([*figures, plot_survey_errors(survey)])
    ]


def _table(layer: Mapping[str, Any], quantiles: Sequence[float]) -> str:
    heads = "".join(f"<th>{100 * q:g}%</th>" for q in quantiles)
    rows = "".join(
        f"<tr><td>{escape(name)}</td>{''.join(map(_cell, values))}</tr>"
        for name, values in layer["measures"].items()
    )
    title = f"<h2>{escape(layer['layer'])}: quantiles of the measures</h2>"
    return f"{title}\n<table><tr><th>measure</th>{heads}</tr>{rows}</table>"


def _cell(value: float | str | None) -> str:
    if value is None:
        return "<td>–</td>"
    return f"<td>{value if isinstance(value, str) else f'{value:.4g}'}</td>"
