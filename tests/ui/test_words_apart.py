"""What the pages say stands in modules of words, apart from the code that draws it."""

import ast
import re
from pathlib import Path

from gradflow import ui

FOLDER = Path(ui.__file__).parent
DRAWING = [path for path in FOLDER.glob("*/*.py") if "words" not in path.stem]

# What puts text on the page: Streamlit's elements, and our own that take text.
SHOWN = {
    "button", "caption", "code", "error", "expander", "file_uploader", "header", "info", "markdown",
    "progress", "radio", "selectbox", "slider", "subheader", "success", "text_area", "text_input",
    "title", "toggle", "toast", "warning", "write", "download_button", "number_input",
    "opened_section", "heading", "draw_upload", "File", "Measure", "LagNorms",
}  # fmt: skip
MOST_WORDS = 2


def name_of(function):
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def texts(call):
    """The texts that stand in a call."""
    for part in ast.walk(call):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def long_texts(source):
    """The texts of more than a word or two that some code draws."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    shown = [call for call in calls if name_of(call.func) in SHOWN]
    return [
        text
        for call in shown
        for text in texts(call)
        if len(re.findall(r"[^\W\d_]{2,}", text)) > MOST_WORDS and " " in text.strip()
    ]


def test_no_module_of_a_page_draws_text_of_its_own():
    found = {str(path): long_texts(path.read_text(encoding="utf-8")) for path in DRAWING}
    assert {path: texts for path, texts in found.items() if texts} == {}
    assert len(found) > 100


def test_a_text_of_its_own_is_found():
    assert long_texts('st.caption(f"All {count} of these targets")') == [" of these targets"]
    assert long_texts('with st.expander(label="How to read this"): pass') == ["How to read this"]
    assert not long_texts('st.subheader(words.one_row(t)); st.markdown(f"**Loss.** {said}")')
