"""Weights from files: the formats, the names of PyTorch and Keras, and the cells they make."""

from gradflow.weights.loading import LIMIT, from_state_dict, load, loads

__all__ = ["LIMIT", "from_state_dict", "load", "loads"]
