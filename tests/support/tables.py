"""Tables of a page, as a test reads them."""

import re


def columns(markdown):
    """The columns of a table in Markdown, by their heads."""
    heads, _, *rows = [
        [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in markdown.splitlines()
    ]
    return dict(zip(heads, map(list, zip(*rows, strict=True)), strict=True))
