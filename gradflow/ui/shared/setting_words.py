"""All settings that a figure depends on, in words, for its caption."""

from __future__ import annotations

from gradflow.ui.shared.experiment import lstm_weights
from gradflow.ui.shared.settings import CONTROLS, Settings
from gradflow.ui.shared.words import minus


def settings_said(settings: Settings, T: int) -> tuple[str, ...]:
    """Sentences on the networks, their input and loss, and on what is shown.

    Parameters
    ----------
    settings : Settings
        The page's settings.
    T : int
        Steps of the sequence, which may bring its own length.
    """
    lines = (
        _rnn_words(settings),
        _lstm_words(settings),
        _input_words(settings, T),
        _loss_words(settings),
        _view_words(settings, T),
    )
    return tuple(minus(line) for line in lines)


def _rnn_words(settings: Settings) -> str:
    return (
        f"RNN: w_s = {settings.w_s:g}, w_x = {settings.w_x:g}, b = {settings.b:g}, "
        f"{settings.activation}, s_0 = {settings.s_0:g}."
    )


def _lstm_words(settings: Settings) -> str:
    w_x, w_h = lstm_weights(settings)
    if settings.own_gates:
        weights = ", ".join(
            f"w_{kind}{gate} = {by_gate[gate]:g}"
            for kind, by_gate in (("x", w_x), ("h", w_h))
            for gate in "ifco"
        )
    else:
        weights = f"w_h = {w_h['f']:g}, w_x = {w_x['f']:g} in all gates"
    biases = ", ".join(f"b_{gate} = {getattr(settings, f'b_{gate}'):g}" for gate in "ifco")
    return f"LSTM: {weights}, {biases}, h_0 = {settings.h_0:g}, c_0 = {settings.c_0:g}."


def _input_words(settings: Settings, T: int) -> str:
    cats = "several cats" if settings.plural else "one cat"
    said = {
        "signs": f" (seed {settings.seed})",
        "noise": f" (seed {settings.seed})",
        "sine": f" of period {settings.period:g}",
        "sentence": f" ({settings.clause} words between, {cats}, seed {settings.seed})",
    }
    name = CONTROLS["sequence"].shown(settings.sequence)
    return f"Input: {name}{said.get(settings.sequence, '')}, T = {T}."


def _loss_words(settings: Settings) -> str:
    against = {
        "squared": f" against {settings.target:g}",
        "binary": f" against class {settings.label}",
        "softmax": f" against class {settings.label}",
    }
    name = CONTROLS["loss"].shown(settings.loss)
    return (
        f"Readout: w_o = {settings.w_o:g}, bias {settings.readout_b_o:g}. "
        f"Loss: {name}{against.get(settings.loss, '')}."
    )


def _view_words(settings: Settings, T: int) -> str:
    parameter = CONTROLS["parameter"].shown(settings.parameter)
    gate = CONTROLS["gate"].shown(settings.gate)
    divided = "each row over its k = 1 term" if settings.relative else "terms as they are"
    clip = f" Clipping threshold {settings.threshold:g}." if settings.clipping else ""
    return (
        f"Shown: {parameter}; of the LSTM: {gate}; {divided}; one colour below "
        f"10^{settings.floor}; curves at t = {settings.target_step(T)}.{clip}"
    )
