"""What the quiz calls right is what automatic differentiation finds."""

from dataclasses import replace

import numpy as np
import pytest
from ui.derivation.shown_numbers import lstm_row, rnn_row

from gradflow.ui.derivation.lstm_questions import CLIPPED, FORGETTING, GROWING
from gradflow.ui.derivation.rnn_questions import HALVING, HEALTHY, SATURATION, SHORT, SILENCE
from gradflow.ui.shared.experiment import inputs, run


def test_halving_the_weight_leaves_what_autograd_leaves():
    after = HALVING.settings
    before = replace(after, w_s=2.0 * after.w_s)
    change = rnn_row(after)["w_x"][19] / rnn_row(before)["w_x"][19]
    assert abs(change) < 1e-4
    assert HALVING.prove().right == "power"


def test_saturation_leaves_what_autograd_leaves():
    row = rnn_row(SATURATION.settings)["b"]
    assert SATURATION.settings.w_s == 1.0
    assert abs(row[9] / row[0]) < 1e-5
    assert SATURATION.prove().right == "nothing"


def test_a_zero_input_silences_its_own_term_alone():
    settings = SILENCE.settings
    x = inputs(settings, None).x
    [*_, j] = np.flatnonzero(x[:-1] == 0.0) + 1
    terms = rnn_row(settings)
    k = settings.T + 1 - j
    assert terms["w_x"][k - 1] == 0.0
    assert terms["w_x"][k] != 0.0
    assert terms["b"][k - 1] != 0.0
    assert SILENCE.prove().right == "passes"


def test_a_healthy_total_has_few_terms():
    row = np.abs(rnn_row(HEALTHY.settings)["w_x"])
    assert 0.1 < row.sum() < 10.0
    count = int((row >= 0.01 * row.max()).sum())
    assert count <= 10
    proof = HEALTHY.prove()
    assert proof.right == "few"
    assert proof.why.startswith(f"{count} of 50")


def test_half_precision_rounds_the_signal_to_zero_where_numpy_does():
    row = np.abs(rnn_row(SHORT.settings)["b"])
    first = int(np.flatnonzero(row.astype(np.float16) == 0.0)[0]) + 1
    assert 8 <= first < 35
    proof = SHORT.prove()
    assert proof.right == "middle"
    assert f"float16: from k = {first}" in proof.why


def test_the_forget_gates_are_not_what_carries_the_gradient():
    settings = FORGETTING.settings
    whole = abs(lstm_row(settings)["b"][-1, 2])
    trace = run(settings).lstm.trace
    f, (i, _, candidate, _) = trace.gates[1:, 1, 0], trace.gates[0, :, 0]
    ends = trace.gates[-1, 3, 0] * (1.0 - np.tanh(trace.c[-1, 0]) ** 2)
    along = abs(ends * np.prod(f) * i * (1.0 - candidate**2))
    assert whole / along > 1e3
    assert FORGETTING.prove().right == "far"


def test_an_lstm_can_explode():
    row = np.linalg.norm(lstm_row(GROWING.settings)["b"], axis=1)
    assert run(GROWING.settings).lstm.trace.gates[:, 1].max() < 1.0
    assert row[-1] > 1e6 * row[0]
    assert GROWING.prove().right == "exploding"


def test_clipping_leaves_the_ratio_as_it_was():
    settings = CLIPPED.settings
    terms = rnn_row(settings)
    length = np.sqrt(sum(v.sum() ** 2 for v in terms.values()))
    assert length > settings.threshold
    proof = CLIPPED.prove()
    assert proof.right == "same"
    ratio = terms["b"][9] / terms["b"][0]
    assert f"{ratio:.1e}".split("e")[0] in proof.why
    assert proof.shown[0].panel.clip[-1] == pytest.approx(settings.threshold / length, rel=1e-9)
