"""Write the models beside this file: weights from Flax and MLX, an input x, and their output.

Needs what the tests do not: Flax 0.12.8 with JAX 0.10.2, and MLX 0.32.4, which wrote the files
here.
"""

from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import mlx.core as mx
import mlx.nn
import numpy as np
from flax import nnx
from flax.traverse_util import flatten_dict
from mlx.utils import tree_flatten, tree_map

FOLDER = Path(__file__).parent
T, D, H = 7, 3, 4
GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(1, T, D)).astype(np.float32)

jax.config.update("jax_default_matmul_precision", "highest")


def drawn(array):
    """Numbers of the shape of an array: biases would begin with zero, which hides a misreading."""
    return GENERATOR.normal(size=array.shape).astype(np.float32) / 2


def keep(name, weights, output):
    np.savez(FOLDER / f"{name}.npz", **weights)
    np.savez(FOLDER / f"{name}_run.npz", x=X[0], output=np.asarray(output)[0])


for cell in ("OptimizedLSTMCell", "LSTMCell", "GRUCell", "SimpleCell", "MGUCell"):
    net = nn.RNN(getattr(nn, cell)(H))
    variables = jax.tree.map(drawn, net.init(jax.random.key(0), X))
    weights = {"/".join(path): w for path, w in flatten_dict(variables).items()}
    keep(f"linen_{cell}", weights, net.apply(variables, X))

for cell in ("OptimizedLSTMCell", "LSTMCell", "GRUCell", "SimpleCell"):
    net = nnx.RNN(getattr(nnx, cell)(D, H, rngs=nnx.Rngs(0)), rngs=nnx.Rngs(0))
    state = jax.tree.map(lambda w: jnp.asarray(drawn(w)), nnx.state(net, nnx.Param))
    nnx.update(net, state)
    weights = {".".join(map(str, path)): np.asarray(w[...]) for path, w in nnx.to_flat_state(state)}
    keep(f"nnx_{cell}", weights, net(X))

for kind in ("LSTM", "GRU", "RNN"):
    net = getattr(mlx.nn, kind)(D, H)
    net.update(tree_map(lambda w: mx.array(drawn(w)), net.parameters()))
    output = net(mx.array(X))
    weights = {name: np.array(w) for name, w in tree_flatten(net.parameters())}
    keep(f"mlx_{kind}", weights, np.array(output[0] if kind == "LSTM" else output))
