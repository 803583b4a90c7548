"""The models that come with gradflow."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import gradflow as gf
from gradflow import models

_FOLDER = Path(models.__file__).parent


@dataclass(frozen=True)
class Shipped:
    """A model of `gradflow.models`.

    Attributes
    ----------
    name : str
        Its file, without the ending.
    title : str
        What it is.
    symbols : str
        Input d is 1 where the sequence has symbol d, else 0.
    example : str
        A sequence of such symbols.
    measured : mapping
        What was measured when it was trained.
    """

    name: str
    title: str
    symbols: str
    example: str
    measured: Mapping[str, Any]


def _all() -> Mapping[str, Shipped]:
    records = json.loads((_FOLDER / "models.json").read_text(encoding="utf-8"))
    return MappingProxyType({name: Shipped(name, **record) for name, record in records.items()})


SHIPPED = _all()
READOUT = "readout"


@functools.cache
def shipped_model(name: str, readout: str | None) -> gf.Model:
    """A shipped model, read once."""
    return gf.load(_FOLDER / f"{name}.safetensors", readout=readout)
