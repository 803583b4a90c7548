"""Models from files and from mappings: the formats, the naming schemes, and the cells they make.

No code in a file is ever run, and what it does not tell is asked for.

- `loading` has `load`, `loads` and `from_state_dict`; `torch_modules` has `from_module`.
- `formats` tells the format by the content and hands on to its reader: `safetensors`, `shards`,
  `npz` and `npy`, `torch_files` with `pickle_stream`, `keras_files` with `keras_graph`,
  `onnx_files` with `onnx_graph` and `onnx_layers`.
- `folding` puts weights together that a file holds in parts; `contents` is what all readers give.
- `pytorch`, `keras`, `flax`, `mlx` and `said_names` find the recurrent layers by their names, with
  `gate_blocks` for gates in any order; `chains` has which feeds which. `readouts` finds the linear
  layers, `embeddings` the tables in front; `layers` makes cells, and `model` is what the user gets.
- `refusals` decides which files are refused whatever their format; each reader refuses what is
  damaged in its own.

Imports cells, losses and numerics.
"""

from gradflow.weights.loading import LIMIT, from_state_dict, load, loads
from gradflow.weights.model import Model
from gradflow.weights.torch_modules import from_module

__all__ = ["LIMIT", "Model", "from_module", "from_state_dict", "load", "loads"]
