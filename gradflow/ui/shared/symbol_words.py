"""What each symbol of the formulas is, for whoever points at it."""

from __future__ import annotations

# Steps, lags and powers, as they stand at a symbol.
_AT = "[0-9tjkqT+−]*"
_GATE = "[gifco]′?"

# A symbol as a formula spells it (base, index, power; a pattern), its name, and what it is. The
# first that fits counts.
SYMBOLS = (
    (f"w(x{_GATE}|{_GATE}x)", "w_x of a gate", "the weight by which that gate takes the input"),
    (f"wh{_GATE}", "w_h of a gate", "the weight by which that gate takes the last hidden state"),
    ("wx", "w_x", "input weight: what the input is multiplied by at every step"),
    ("wh", "w_h", "the LSTM's recurrent weight, by which its gates take the last hidden state"),
    (f"ws{_AT}", "w_s", "the RNN's recurrent weight: what its state is multiplied by at each step"),
    ("wo", "w_o", "readout weight: from the state to the output"),
    ("w", "w", "the weight that the gradient is of"),
    ("by", "b_y", "bias of the readout"),
    (f"b{_GATE}", "b of a gate", "bias of that gate"),
    ("b", "b", "bias"),
    (f"L{_AT}", "L", "loss of that step"),
    (f"y\\^{_AT}", "ŷ", "output of the network at that step"),
    ("y", "y", "what the loss compares the output with"),
    (f"p{_AT}", "p", "probability that the output stands for"),
    (f"x{_AT}", "x", "input of that step"),
    (f"s{_AT}", "s", "state of the RNN after that step"),
    (f"h{_AT}", "h", "hidden state of the LSTM after that step"),
    (f"c{_AT}′", "c′", "candidate: what the LSTM would write into its cell at that step"),
    (f"c{_AT}", "c", "cell state of the LSTM after that step; of the gates, the candidate"),
    (f"m{_AT}", "m", "tanh of the cell state"),
    (f"z{_AT}({_GATE})?", "z", "pre-activation: the sum that goes into a gate or an activation"),
    (f"i{_AT}", "i", "input gate: how much of the candidate is written into the cell"),
    (f"f{_AT}", "f", "forget gate: how much of the cell is kept"),
    (f"o{_AT}", "o", "output gate: how much of the cell is shown as hidden state"),
    ("g", "g", "one of the gates: input, forget, candidate or output"),
    (f"g{_AT}", "g", "gradient of that step's loss by all parameters together"),
    ("θ", "θ", "clipping threshold: the longest that a gradient may be"),
    ("r", "r", "what clipping multiplies every term of the target by"),
    ("a", "a", "number of paths"),
    (f"n|f{_AT}n", "n", "number of steps back"),
    ("[ϕφ]′", "φ′", "slope of the RNN's activation"),
    ("[ϕφ]", "φ", "activation of the RNN"),
    ("σ", "σ", "sigmoid: from 0 to 1"),
    ("[Δδ].*", "δ", "gradient that reaches a pre-activation"),
    ("t", "t", "target step: the one whose loss is taken"),
    ("k", "k", "lag: k = 1 is the target step itself, k − 1 is the number of steps back"),
    ("[jq]", "j, q", "a step between the source and the target"),
    ("T", "T", "number of steps"),
)
