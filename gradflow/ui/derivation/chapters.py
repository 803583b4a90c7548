"""The order of the page: each prediction comes after the equations that it needs."""

from __future__ import annotations

from gradflow.ui.derivation import clipping_step, lstm_steps, rnn_steps
from gradflow.ui.derivation.lstm_questions import CLIPPED, FORGETTING, GROWING
from gradflow.ui.derivation.prediction import Question
from gradflow.ui.derivation.rnn_questions import HALVING, HEALTHY, SATURATION, SHORT, SILENCE
from gradflow.ui.derivation.step import Step

Part = Step | Question

CHAPTERS: tuple[tuple[str, tuple[Part, ...]], ...] = (
    (
        "The RNN: from one loss to a sum over all inputs",
        (
            rnn_steps.LOSS,
            rnn_steps.READOUT,
            rnn_steps.DIRECT,
            rnn_steps.RECURSION,
            rnn_steps.BOTTOM,
            rnn_steps.THREE,
            HALVING,
            rnn_steps.GENERAL,
            SATURATION,
            rnn_steps.FACTORS,
            SILENCE,
            rnn_steps.SUM,
            HEALTHY,
            SHORT,
            rnn_steps.SEQUENCE,
        ),
    ),
    (
        "The LSTM: four ways back, and 24 paths",
        (
            lstm_steps.GATES,
            lstm_steps.WAYS,
            lstm_steps.PATHS,
            lstm_steps.CARRIES,
            FORGETTING,
            GROWING,
        ),
    ),
    (
        "Clipping: what it mends and what it does not",
        (clipping_step.CLIPPING, CLIPPED),
    ),
)

PARTS: tuple[Part, ...] = tuple(part for _, parts in CHAPTERS for part in parts)
QUESTIONS: tuple[Question, ...] = tuple(part for part in PARTS if isinstance(part, Question))
STEPS: tuple[Step, ...] = tuple(part for part in PARTS if isinstance(part, Step))
