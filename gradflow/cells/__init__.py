"""Recurrent cells, a module each: parameters, one step forward, one step back.

`Stack` is layers of them; `base` says what every cell has, `gated` what LSTM and GRU share. Imports
numerics alone.
"""

from gradflow.cells.base import Cell, Parameter, Trace
from gradflow.cells.gru import GRU, GRUTrace
from gradflow.cells.lstm import GATES, LSTM, LSTMTrace
from gradflow.cells.rnn import RNN, RNNTrace
from gradflow.cells.stack import Stack, StackTrace

__all__ = [
    "GATES",
    "GRU",
    "LSTM",
    "RNN",
    "Cell",
    "GRUTrace",
    "LSTMTrace",
    "Parameter",
    "RNNTrace",
    "Stack",
    "StackTrace",
    "Trace",
]
