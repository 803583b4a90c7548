"""The section that takes one cell of the heatmaps apart."""

from __future__ import annotations

import streamlit as st

from gradflow.cells import GATES
from gradflow.figures.builders.factor_bars import Bar, Group, factor_parts
from gradflow.ui.comparison import term_words
from gradflow.ui.comparison.term_parts import Product, Term, term
from gradflow.ui.component.single_chart import chart
from gradflow.ui.shared import sidebar, state
from gradflow.ui.shared.experiment import Experiment
from gradflow.ui.shared.markdown_text import table
from gradflow.ui.shared.settings import Settings


def one_cell(settings: Settings, experiment: Experiment) -> None:
    """Draw the section: both formulas, a bar for each factor, and the LSTM's paths."""
    t = settings.target_step(experiment.T)
    k = settings.lag_within(t)
    cell = term(settings, experiment, t, k)
    another = "" if settings.gate in GATES else cell.names[1]
    st.subheader(term_words.title(t, k, another), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        state.WIDGETS.target(experiment.T)
        sidebar.lag_control(t)
    st.caption(term_words.place(t, k))
    rnn, lstm = st.columns(2, gap="medium")
    with rnn:
        said = term_words.UNSURE if cell.unsure[0] else term_words.why(cell.rnn)
        st.markdown(_formula("RNN", cell, cell.names[0], cell.rnn, said))
        chart(factor_parts(_groups(cell)), "factors")
        st.caption(term_words.BARS)
    with lstm:
        unsure = cell.unsure[1]
        said = term_words.UNSURE if unsure else term_words.why(cell.cell_path)
        formula = _formula("LSTM", cell, cell.names[1], cell.cell_path, said, term_words.CELL_PATH)
        said = term_words.UNSURE_PATHS if unsure else term_words.dominance_said(cell.paths)
        st.markdown(f"{formula}\n\n{said}\n\n{table(term_words.table(cell.paths))}")
        st.caption(term_words.about_paths(settings.gate, cell))


def _formula(
    name: str, cell: Term, parameter: str, product: Product, said: str, path: str = ""
) -> str:
    """Markdown for one product: a heading, its formula, and what is said of it."""
    heading = term_words.heading(name, parameter, cell.t, cell.k, path)
    formula = term_words.formula(product, 4 if path else 5)
    return f"{heading}\n\n$$\n{formula}\n$$\n\n{said}"


def _groups(cell: Term) -> tuple[Group, ...]:
    return (
        _group("RNN", "RNN", term_words.THE_TERM, cell.rnn),
        _group(term_words.LSTM_CELL_PATH, "LSTM", term_words.THE_CELL_PATH, cell.cell_path),
    )


def _group(title: str, colour: str, whole: str, product: Product) -> Group:
    bars = tuple(
        Bar(factor.name, term_words.value_words(factor), factor.log10) for factor in product.factors
    )
    together = Bar(whole, term_words.value_words(product.value), product.value.log10)
    return Group(title, colour, bars, together, product.factors.index(product.decisive))
