"""What an argument cannot be is refused in a sentence that names it, and not by Python itself."""

import numpy as np
import pytest

import gradflow as gf

PATH = gf.models.path("recall_learned")
X = [1.0, -1.0]
SCALAR = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5), X)
STACK = gf.gradient_flow(gf.Stack([gf.RNN(0.5, 0.5), gf.LSTM.scalar(0.5, 0.5)]), X)
GRADIENT = gf.training_gradient(gf.RNN(0.5, 0.5), X, gf.UnitLoss())
ASKED = {
    "load path": gf.load,
    "load limit": lambda limit: gf.load(PATH, limit=limit),
    "load readout": lambda readout: gf.load(PATH, readout=readout),
    "loads data": gf.loads,
    "loads name": lambda name: gf.loads(PATH.read_bytes(), name),
    "loads limit": lambda limit: gf.loads(PATH.read_bytes(), limit=limit),
    "training_gradient model": lambda model: gf.training_gradient(model, X, gf.UnitLoss()),
    "TrainingGradient.value parameter": GRADIENT.value,
    "keeping_gate cell": gf.analysis.keeping_gate,
    "path_count parameter": lambda parameter: gf.analysis.path_count(2, parameter),
    "half_life_of row": gf.memory.half_life_of,
    "rounds_to_zero row": gf.memory.rounds_to_zero,
    "parse_numbers most_rows": lambda rows: gf.sequences.parse_numbers("1 2", most_rows=rows),
    "log10 parameter": SCALAR.log10,
    "log10_row parameter": lambda parameter: SCALAR.log10_row(parameter, 2),
    "total parameter": SCALAR.total,
    "global_norm both_biases": GRADIENT.global_norm,
    "global_norm readout": lambda readout: GRADIENT.global_norm(readout=readout),
    "gradient_flow on_step": lambda call: gf.gradient_flow(gf.RNN(0.5, 0.5), X, on_step=call),
    "sweep_inputs on_step": SCALAR.sweep_inputs,
    "refined on_step": SCALAR.refined,
    "by_lag on_step": lambda call: GRADIENT.by_lag([1], call),
    "truncation_curve on_step": GRADIENT.truncation_curve,
    "chunk_curve on_step": lambda call: GRADIENT.chunk_curve([1], on_step=call),
    "signals on_step": lambda call: gf.signals(SCALAR, 1, on_step=call),
    "unit_signals on_step": lambda call: gf.analysis.unit_signals(SCALAR, 1, on_step=call),
    "survey on_progress": lambda call: gf.survey(
        gf.RNN(0.5, 0.5), [X], gf.UnitLoss(), on_progress=call
    ),
    "train on_checkpoint": lambda call: gf.training.train(
        gf.training.TrainingSettings(delay=1, hidden=1, updates=1), call
    ),
    "by_detours parameter": lambda parameter: STACK.by_detours(parameter, layer=1),
}


@pytest.mark.parametrize("name", ASKED)
def test_it_is_named_with_its_rule_and_the_value(name):
    argument = name.split()[1]
    for wrong in (3.5, [[1]], {"a": 1}, np.ones((2, 2)), object()):
        with pytest.raises(ValueError, match=rf"^{argument} must .* Got "):
            ASKED[name](wrong)


@pytest.mark.parametrize("limit", [None, "a", -1, 10**30])
def test_a_limit_is_a_number_of_bytes(limit):
    with pytest.raises(ValueError, match=r"^limit must be a whole number from 0 "):
        gf.load(PATH, limit=limit)
