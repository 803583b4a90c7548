"""Models from files and from mappings: the formats, the naming schemes, and the cells they make.

No code in a file is ever run, and what it does not tell is asked for. Imports cells, losses and
numerics.
"""

from gradflow.weights.loading import LIMIT, from_state_dict, load, loads
from gradflow.weights.model import Model
from gradflow.weights.torch_modules import from_module

__all__ = ["LIMIT", "Model", "from_module", "from_state_dict", "load", "loads"]
