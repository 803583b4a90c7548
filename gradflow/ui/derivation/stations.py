"""The order of the page: each prediction comes before the step that bears on it."""

from __future__ import annotations

from gradflow.ui.derivation import gates, shortening, unrolling
from gradflow.ui.derivation.lstm_questions import CLIPPED, FORGETTING, GROWING
from gradflow.ui.derivation.question import Question
from gradflow.ui.derivation.rnn_questions import HALVING, HEALTHY, SATURATION, SHORT, SILENCE
from gradflow.ui.derivation.step import Step

Station = Step | Question

PARTS: tuple[tuple[str, tuple[Station, ...]], ...] = (
    (
        "The RNN: from one loss to a sum over all inputs",
        (
            unrolling.LOSS,
            unrolling.READOUT,
            unrolling.DIRECT,
            unrolling.RECURSION,
            unrolling.BOTTOM,
            unrolling.THREE,
            HALVING,
            unrolling.GENERAL,
            SATURATION,
            unrolling.FACTORS,
            SILENCE,
            HEALTHY,
            unrolling.SUM,
            SHORT,
        ),
    ),
    (
        "The LSTM: four ways back, and 24 paths",
        (
            FORGETTING,
            gates.WAYS,
            gates.PATHS,
            GROWING,
            gates.CARRIES,
        ),
    ),
    (
        "Clipping: what it mends and what it does not",
        (CLIPPED, shortening.CLIPPING),
    ),
)

STATIONS: tuple[Station, ...] = tuple(station for _, part in PARTS for station in part)
QUESTIONS: tuple[Question, ...] = tuple(s for s in STATIONS if isinstance(s, Question))
STEPS: tuple[Step, ...] = tuple(s for s in STATIONS if isinstance(s, Step))
