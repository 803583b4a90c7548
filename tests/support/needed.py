"""What tests need beyond requirements-dev.txt: skipped without it, but not where CI=true."""

import importlib
import os
from types import ModuleType
from typing import NoReturn

import pytest


def needed_module(name: str, reason: str) -> ModuleType:
    """A module that a whole file of tests needs."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        go_without(reason)


def go_without(reason: str) -> NoReturn:
    """Skip what needs something that is missing; where CI=true it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason, allow_module_level=True)
