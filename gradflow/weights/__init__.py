"""Models from files and from mappings: the formats, the naming schemes, and the cells they make.

A file is never unpickled, and what it does not tell is asked for. Imports cells, losses, numerics.
"""

from gradflow.weights.loading import LIMIT, from_state_dict, load, loads
from gradflow.weights.model import Model

__all__ = ["LIMIT", "Model", "from_state_dict", "load", "loads"]
