"""Recurrent cells, a module each: parameters, one step forward, one step back.

`Stack` is layers of them, and `BidirectionalStack` layers that read both ways; `base` says what
every cell has, `gated` what LSTM and GRU share. Imports numerics alone.
"""

from gradflow.cells.base import Cell, Parameter, Trace
from gradflow.cells.bidirectional import Bidirectional, BidirectionalStack, BidirectionalTrace
from gradflow.cells.gru import GRU, GRUTrace
from gradflow.cells.lstm import LSTM, LSTMTrace
from gradflow.cells.lstm_gates import GATES
from gradflow.cells.projected_lstm import ProjectedLSTM, ProjectedLSTMTrace
from gradflow.cells.rnn import RNN, RNNTrace
from gradflow.cells.stack import Stack, StackTrace

__all__ = [
    "GATES",
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
    "BidirectionalStack",
    "BidirectionalTrace",
    "Cell",
    "GRUTrace",
    "LSTMTrace",
    "Parameter",
    "ProjectedLSTM",
    "ProjectedLSTMTrace",
    "RNNTrace",
    "Stack",
    "StackTrace",
    "Trace",
]
