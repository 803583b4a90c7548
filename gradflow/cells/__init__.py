"""Recurrent cells."""

from gradflow.cells.base import Cell, Parameter, Trace
from gradflow.cells.lstm import GATES, LSTM, LSTMTrace
from gradflow.cells.rnn import RNN, RNNTrace

__all__ = ["GATES", "LSTM", "RNN", "Cell", "LSTMTrace", "Parameter", "RNNTrace", "Trace"]
