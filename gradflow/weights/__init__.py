"""Models from files and from mappings: the formats, the naming schemes, and the cells they make.

No code in a file is ever run, and what it does not tell is asked for.

- `loading` has `load`, `loads` and `from_state_dict`, whose arrays `state_dicts` takes in;
  `torch_modules` has `from_module`.
- `formats` tells the format by the content and hands on to its reader: `safetensors`, `shards`,
  `npz` and `npy`, `torch_files` with `pickle_stream`, `keras_files` with `keras_graph`,
  `onnx_files` with `onnx_graph` and `onnx_layers`. `conversions` has the lines that write another.
- `folding` puts weights together that a file holds in parts; `contents` is what all readers give.
- `pytorch`, `keras`, `flax`, `mlx` and `said_names` find the recurrent modules by their names, with
  `gate_blocks` for gates in any order; `chains` has which feeds which, and `module_choice` those
  that are read. `readouts` finds the linear layers, `embeddings` the tables in front.
- `assembly` makes the model, with the cells of `layers`; `model` is what the user gets.
- `refusals` decides which files are refused whatever their format; `formats` refuses the formats
  that are not read, and each reader what is damaged in its own.

Imports cells, losses and numerics.
"""

from gradflow.weights.loading import LIMIT, from_state_dict, load, loads
from gradflow.weights.model import Model
from gradflow.weights.torch_modules import from_module

__all__ = ["LIMIT", "Model", "from_module", "from_state_dict", "load", "loads"]
