"""What the tests of the builders share."""

from __future__ import annotations

import numpy as np
import pytest

from gradflow.figures.builders.lag_profile import Line, Profile


@pytest.fixture
def curves():
    lags = np.arange(1, 5)
    return Profile(
        4,
        lags,
        (
            Line("RNN", np.array([0.0, -3.0, -np.inf, -30.0]), "RNN"),
            Line("LSTM", np.array([0.0, -0.5, -1.0, -1.5]), "LSTM"),
        ),
        -0.3 * (lags - 1),
        {"RNN": {"float16": 2, "float32": None}, "LSTM": {"float16": 4, "bfloat16": 4}},
    )
