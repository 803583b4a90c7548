"""The widgets of a record of settings, one a setting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import streamlit as st

from gradflow.ui.shared import words
from gradflow.ui.shared.held_settings import HeldSettings
from gradflow.ui.shared.setting_fields import controls_by_name

# Pixels of a number that stands beside other controls.
NARROW = 220


class Widgets:
    """Draws the widget of a setting by the setting's name.

    Parameters
    ----------
    held : HeldSettings
        Where the widgets find what they hold.
    """

    def __init__(self, held: HeldSettings[Any]) -> None:
        self._held = held
        self._controls = controls_by_name(held.record)

    def slider(
        self,
        name: str,
        disabled: bool = False,
        limits: tuple[float, float, float] | None = None,
    ) -> None:
        """Draw a slider for a number, of its whole range or within other limits and steps."""
        shown = self._number(name)
        if limits is not None:
            shown |= dict(zip(("min_value", "max_value", "step"), limits, strict=True))
        st.slider(**shown, disabled=disabled)

    def follower(self, name: str, other: str, label: str) -> None:
        """Draw the slider of a number that follows another, as that one's slider stands."""
        about, limits = self._controls[name].help, self._limits(other)
        key = f"{self._held.key(name)}_follows"
        st.session_state[key] = self._held.value(other)
        st.slider(label, **limits, key=key, help=about, disabled=True)

    def stand_in(self, name: str, said: str) -> None:
        """Draw what stands where a number's widget would be, if the number is not used."""
        control, key = self._controls[name], f"{self._held.key(name)}_unused"
        st.text_input(control.label, said, key=key, help=control.help, disabled=True)

    def number(
        self, name: str, disabled: bool = False, width: int | Literal["stretch"] = "stretch"
    ) -> None:
        """Draw a field for a number."""
        whole = isinstance(getattr(self._held.record, name), int)
        form = None if whole else "%g"
        st.number_input(**self._number(name), disabled=disabled, format=form, width=width)

    def choice(
        self,
        name: str,
        values: Sequence[Any] | None = None,
        labels: Sequence[str] | None = None,
        disabled: bool = False,
    ) -> None:
        """Draw a list of the setting's values, of some of them, or of others that have labels."""
        control = self._controls[name]
        values = control.values if values is None else values
        shown = dict(zip(values, labels, strict=True)) if labels else dict(control.choices)
        st.selectbox(
            options=values, format_func=shown.__getitem__, **self._common(name), disabled=disabled
        )

    def ranks(self, name: str, labels: Sequence[str], captions: Sequence[str]) -> None:
        """Draw a list whose entries are chosen by their rank, from 1 on."""
        st.radio(
            options=range(1, len(labels) + 1),
            format_func=lambda rank: labels[rank - 1],
            captions=captions,
            **self._common(name),
        )

    def switch(
        self, name: str, disabled: bool = False, on_change: Callable[[], None] | None = None
    ) -> None:
        """Draw a switch."""
        st.toggle(**self._common(name), disabled=disabled, on_change=on_change)

    def target(self, T: int) -> None:
        """Draw the controls of the target step, of a sequence of T steps.

        A step beyond the last is held: it is the target again once the sequence is longer.
        """
        self.switch("last")
        if not self._held.value("last"):
            self.number("t", width=NARROW)
            if self._held.value("t") > T:
                st.caption(words.beyond_last(T), width="content")

    def _common(self, name: str) -> dict[str, Any]:
        control = self._controls[name]
        return {"label": control.label, "help": control.help, "key": self._held.seat(name)}

    def _number(self, name: str) -> dict[str, Any]:
        return self._limits(name) | self._common(name)

    def _limits(self, name: str) -> dict[str, Any]:
        control = self._controls[name]
        return {"min_value": control.low, "max_value": control.high, "step": control.step}
