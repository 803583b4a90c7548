"""A record of settings between two runs of a page: in session state, and in the address bar."""

from __future__ import annotations

from typing import Any, Generic

import streamlit as st

from gradflow.ui.shared import links
from gradflow.ui.shared.links import Record
from gradflow.ui.shared.setting_fields import as_mapping
from gradflow.ui.vendor_internals import told_by_browser

# Session state's own names for the page drawn last, and for the keys of the widgets whose value a
# browser has not confirmed, and of the query that it was sent last, beside those of the settings.
_PAGE = "page_drawn"
_ADDRESS = "address_sent"
_UNCONFIRMED = "unconfirmed"


class HeldSettings(Generic[Record]):
    """The settings that one page has, or that several share, between two runs.

    Parameters
    ----------
    form : links.Form
        What the pages' links hold.
    name : str
        What these settings are called in session state.
    prefix : str
        What the keys of the widgets have before the settings' names.
    """

    def __init__(self, form: links.Form[Record], name: str, prefix: str = "") -> None:
        self._form = form
        self._held, self._notices = f"held_{name}", f"notices_{name}"
        self._seated = f"seated_{name}"
        self._prefix = prefix

    @property
    def record(self) -> type[Record]:
        """The class of the settings."""
        return self._form.record

    def begin(self, page: str) -> None:
        """Take the settings from the link, or as they were.

        Parameters
        ----------
        page : str
            Name of the page that is drawn.
        """
        if self._held not in st.session_state:
            query = {name: st.query_params.get_all(name) for name in st.query_params}
            # A visitor who comes from another page still has the query of that page.
            came = st.session_state.get(_PAGE) is not None
            settings, notices = links.from_query({} if came else query, self._form)
            st.session_state[self._held] = as_mapping(settings)
            st.session_state[self._notices] = notices
            st.session_state[self._seated] = set()
        if st.session_state.get(_PAGE) != page:
            # Streamlit draws every widget of another page anew, without its value.
            st.session_state.setdefault(_UNCONFIRMED, set())
            for name in st.session_state[self._seated]:
                self._set(name, st.session_state[self._held][name])
        st.session_state[_PAGE] = page

    def key(self, name: str) -> str:
        """The key of a setting's widget."""
        return self._prefix + name

    def seat(self, name: str) -> str:
        """The key of a setting's widget, once its value is put there; call it to draw the widget.

        Streamlit forgets the value of a widget that one run does not draw, so it is held here. The
        settings of widgets that are not drawn have no keys: a slider looks through all keys.

        A browser is told a value until it confirms it. If the next run follows at once, a browser
        may draw that run's widget alone; Streamlit would not say the value again, and the browser
        would show the lowest one, and send it.
        """
        key = self.key(name)
        unconfirmed: set[str] = st.session_state.setdefault(_UNCONFIRMED, set())
        if key in unconfirmed and told_by_browser(key):
            unconfirmed.remove(key)
        if key not in st.session_state or key in unconfirmed:
            self._set(name, self.value(name))
            st.session_state[self._seated].add(name)
        return key

    def _set(self, name: str, value: Any) -> None:
        """Set what a widget holds that a browser does not know yet."""
        st.session_state[self.key(name)] = value
        st.session_state[_UNCONFIRMED].add(self.key(name))

    def value(self, name: str) -> Any:
        """The value of a setting, as its widget has it or had it last."""
        try:
            return st.session_state[self.key(name)]
        except KeyError:
            return st.session_state[self._held][name]

    def change(self, **values: Any) -> None:
        """Change some settings; only before this run draws their widgets, as a callback does."""
        if self._held in st.session_state:
            st.session_state[self._held] = st.session_state[self._held] | values
        for name, value in values.items():
            if self.key(name) in st.session_state:
                st.session_state[self.key(name)] = value

    def settings(self) -> Record:
        """The settings with the values that the widgets have now."""
        seated, drawn = st.session_state[self._seated], {}
        for name in tuple(seated):
            try:
                drawn[name] = st.session_state[self.key(name)]
            except KeyError:
                seated.remove(name)
        return self.record(**st.session_state[self._held] | drawn)

    def remember(self, current: Record) -> None:
        """Hold the settings, so that a run that draws none of their widgets has them."""
        st.session_state[self._held] = as_mapping(current)

    def keep(self, current: Record) -> None:
        """Remember the settings and write them into the address bar.

        What a browser told that stands there may be older than what it was sent since.
        """
        self.remember(current)
        query = links.to_query(current, self._form)
        if not st.query_params.to_dict() == query == st.session_state.get(_ADDRESS):
            st.query_params.from_dict(query)
            st.session_state[_ADDRESS] = query

    def put(self, new: Record) -> None:
        """Set every setting; only before this run draws the widgets, as a callback does."""
        self.change(**as_mapping(new))
        st.session_state[self._notices] = ()

    def notices(self) -> tuple[str, ...]:
        """Sentences on the entries of the link that could not be used."""
        found: tuple[str, ...] = st.session_state.get(self._notices, ())
        return found
