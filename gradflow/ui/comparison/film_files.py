"""A film as one web page that opens without a network."""

from __future__ import annotations

import base64
from html import escape

from gradflow.figures.builders.colours import INK, PAPER
from gradflow.ui.component import assets
from gradflow.ui.component.film import ENTRY, STYLE

# What Streamlit gives a component's style, here by the visitor's own choice of light or dark.
_THEME = """
:root {{
  color-scheme: {scheme};
  --st-font: system-ui, sans-serif;
  --st-base-radius: 0.5rem;
  --st-border-color: rgba(128, 128, 128, 0.5);
  --st-secondary-background-color: rgba(128, 128, 128, 0.12);
  --st-primary-color: {accent};
  --st-background-color: {paper};
  --st-text-color: {ink};
}}
"""
_LIGHT = _THEME.format(scheme="light", accent="#0072B2", paper=PAPER[False], ink=INK[False])
_DARK = _THEME.format(scheme="dark", accent="#3B8FD4", paper=PAPER[True], ink=INK[True])

_BODY = """
body {
  max-width: 80rem;
  margin: 1rem auto;
  padding: 0 1rem;
  background: var(--st-background-color);
  color: var(--st-text-color);
  font-family: var(--st-font);
}
h1 {
  font-size: 1.25rem;
}
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{player}
<p>{said}</p>
<p>{settings}</p>
</main>
<script type="text/plain" id="pictures">{pictures}</script>
<script type="module">
{script}
const text = document.getElementById("pictures").textContent;
const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
mountFilm({{ data, parentElement: document.body }});
</script>
</body>
</html>
"""


def film_page(title: str, message: bytes, said: str, settings: str) -> bytes:
    """A page with a film and its slider, in light or dark as the system has it.

    Parameters
    ----------
    title : str
        Plain text for the heading and the browser's tab.
    message : bytes
        The film's message.
    said, settings : str
        Plain text: how it is to be read, and what it was made of.
    """
    style = f"{_LIGHT}@media (prefers-color-scheme: dark) {{{_DARK}}}{_BODY}{assets.css(STYLE)}"
    page = _PAGE.format(
        title=escape(title),
        style=style,
        player=assets.file_text("film.html"),
        said=escape(said),
        settings=escape(settings),
        pictures=base64.b64encode(message).decode(),
        script=assets.script(ENTRY),
    )
    return page.encode()
