"""The fields of a record of settings: default, range and purpose of each, and its text in links."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

Value = bool | int | float | str

LONGEST = 2000

# The longest sequence of which the tables hold all: 500 steps are 0.6 million rows of a CSV.
LONGEST_WHOLE = 500


@dataclass(frozen=True)
class LinkedSettings:
    """A record of settings that a link holds, by the names of its fields."""

    # The version of the links that hold these settings.
    link_version: ClassVar[str] = "1"


@dataclass(frozen=True)
class Control:
    """The text, the range and the choices of the widget of one setting.

    Attributes
    ----------
    label, help : str
        Markdown for the widget.
    low, high, step : number or None
        Range and step of a number.
    choices : mapping of value to its label, empty for numbers and switches
        What a choice can be.
    """

    label: str
    help: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def values(self) -> list[str]:
        return [value for value, _ in self.choices]

    def shown(self, value: str) -> str:
        """The label of a choice."""
        return dict(self.choices)[value]


def setting(
    default: Value,
    label: str,
    text: str,
    limits: tuple[float, float, float] | None = None,
    choices: tuple[tuple[str, str], ...] = (),
) -> Any:
    """A field of a record of settings, with its default and its control.

    A number has limits: the lowest, the highest, and the widget's step.
    """
    low, high, step = limits or (None, None, None)
    control = Control(label, text, low, high, step, choices)
    return field(default=default, metadata={"control": control})


def with_default(record: type[Any], name: str, default: Value) -> Any:
    """The field of another record of settings, with a default of its own."""
    (found,) = (one for one in fields(record) if one.name == name)
    return field(default=default, metadata=found.metadata)


def controls_by_name(record: type[Any]) -> dict[str, Control]:
    """The controls of a record of settings, by the names of its fields."""
    return {f.name: f.metadata["control"] for f in fields(record)}


def parsed(name: str, text: str, record: type[Any]) -> Value:
    """One setting of a record from text.

    Raises
    ------
    ValueError
        If the text is not a value that the setting's widget could have; the message says which
        values are.
    """
    control, default = controls_by_name(record)[name], getattr(record, name)
    if control.choices:
        if text in control.values:
            return text
        raise ValueError(f"one of {', '.join(control.values)}")
    if isinstance(default, bool):
        if text in ("0", "1"):
            return text == "1"
        raise ValueError("0 or 1")
    assert control.low is not None
    assert control.high is not None
    kind = "a whole number" if isinstance(default, int) else "a number"
    rule = f"{kind} from {control.low:g} to {control.high:g}"
    try:
        # int() and float() also take underscores, spaces and other alphabets' digits.
        if len(text) > 30 or not set(text) <= set("0123456789+-.eE"):
            raise ValueError
        number = int(text) if isinstance(default, int) else float(text)
    except ValueError:
        raise ValueError(rule) from None
    if not (math.isfinite(number) and control.low <= number <= control.high):
        raise ValueError(rule)
    return number


def as_text(value: Value) -> str:
    """A setting as text that `parsed` reads back to the same value."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def as_mapping(settings: Any) -> dict[str, Value]:
    """All settings by name."""
    return dict(vars(settings))
