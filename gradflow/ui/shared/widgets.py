"""The widgets of a record of settings: one a setting, under the setting's key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import streamlit as st

from gradflow.ui.shared.held_settings import HeldSettings
from gradflow.ui.shared.setting_fields import controls_of

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
        self._controls = controls_of(held.record)

    def slider(self, name: str, disabled: bool = False) -> None:
        """A number on a slider."""
        st.slider(**self._number(name), disabled=disabled)

    def number(
        self, name: str, disabled: bool = False, width: int | Literal["stretch"] = "stretch"
    ) -> None:
        """A number to type."""
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
        """One of several values: those of the setting, or some of them, or others with labels."""
        control = self._controls[name]
        values = control.values if values is None else values
        shown = dict(zip(values, labels, strict=True)) if labels else dict(control.choices)
        st.selectbox(
            options=values, format_func=shown.__getitem__, **self._common(name), disabled=disabled
        )

    def ranks(self, name: str, labels: Sequence[str], captions: Sequence[str]) -> None:
        """A list of which one is chosen by its number, counted from 1."""
        st.radio(
            options=range(1, len(labels) + 1),
            format_func=lambda rank: labels[rank - 1],
            captions=captions,
            **self._common(name),
        )

    def switch(self, name: str, disabled: bool = False) -> None:
        """On or off."""
        st.toggle(**self._common(name), disabled=disabled)

    def target(self) -> None:
        """The target step, which stands beside the curves that it moves."""
        self.switch("last")
        if not self._held.value("last"):
            self.number("t", width=NARROW)

    def _common(self, name: str) -> dict[str, Any]:
        control = self._controls[name]
        return {"label": control.label, "help": control.help, "key": self._held.seat(name)}

    def _number(self, name: str) -> dict[str, Any]:
        control = self._controls[name]
        limits = {"min_value": control.low, "max_value": control.high, "step": control.step}
        return limits | self._common(name)
