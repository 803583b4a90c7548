"""A model read from a file: its cell, its readout, and where each came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradflow.losses import Readout
from gradflow.numerics.activations import ACTIVATIONS
from gradflow.numerics.scaled import Array
from gradflow.weights.tensors import listed, shown

# Where it is known from that an embedding lies in front.
TOLD = "The file tells that it lies in front."
ASSUMED = "That it lies in front is assumed, as its vectors are as long as the layer's inputs."


@dataclass(frozen=True)
class LayerSource:
    """One recurrent layer, as it stood in the file.

    Attributes
    ----------
    name : str
        Where it stands in the file.
    kind : str
        "lstm", "gru", "gru_reset_before" (the reset gate before the recurrent product), or "rnn_"
        and the activation: "rnn_tanh".
    D, H : int
        Input size and hidden size.
    dtype : str
        How its recurrent weights are stored; all is computed in float64.
    known_from : tuple of str
        Where the order of its gates and its activations are known from, or what they are assumed
        from: sentences.
    both_ways : bool
        Whether it is bidirectional; H is that of one direction then.
    proj_size : int or None
        To how many numbers an LSTM's hidden state is projected, where it is; H counts its units.
    """

    name: str
    kind: str
    D: int
    H: int
    dtype: str
    known_from: tuple[str, ...] = ()
    both_ways: bool = False
    proj_size: int | None = None

    @property
    def size(self) -> str:
        """Its hidden units, in words: "6 projected to 4"."""
        return f"{self.H}" if self.proj_size is None else f"{self.H} projected to {self.proj_size}"


@dataclass(frozen=True, eq=False)
class Model:
    r"""What `load` and `from_state_dict` return and `gradient_flow` takes.

    Attributes
    ----------
    cell : Cell or BidirectionalStack
        The cell, or the stack of several.
    readout : Readout
        The linear layer that was asked for or is the only one; without one, the sum of the hidden
        units.
    readout_layer : str or None
        The name of that linear layer.
    layers : tuple of LayerSource
        The recurrent layers, the one next to the input first.
    linear_layers : tuple of str
        Names of all layers in the file that could be the readout: they take H numbers, of a
        bidirectional layer of states side by side 2 H, and are no embedding.
    direction : {"forward", "reverse"}
        "reverse" if the layers read the sequence from its end: hand in x[::-1].
    initial_state : mapping
        Starting states that the file has, as `gradient_flow` takes them; it uses them unless it is
        given others.
    embedding : array of shape (tokens, D) or None
        The vectors of all tokens, where an embedding lies in front.
    embedding_name : str or None
        Its name in the file.
    readout_assumed : bool
        Whether the readout was not said.
    other_modules : tuple of str
        Names of the file's recurrent layers that are not part of the model.
    left_out : tuple of str
        The file's layers that no gradient is carried through, with what they are where names tell.
    embedding_told : bool
        Whether the file tells which embedding lies in front; else it is assumed.

    See Also
    --------
    load, loads, from_state_dict : Make it.

    Examples
    --------
    >>> import gradflow as gf
    >>> model = gf.load(gf.models.path("recall_learned"), readout="readout")
    >>> model
    Model(LSTM(H=16, D=6), readout_layer='readout')
    >>> print(*model.description, sep="\n")
    LSTM lstm layer 0: inputs D = 6, hidden units H = 16, stored as float32. Gates in the order
    i, f, g, o: assumed from the names. Activations tanh and sigmoid: assumed from the names, which
    are PyTorch's.
    Readout: linear layer readout, outputs 4.
    """

    cell: Any
    readout: Readout
    readout_layer: str | None
    layers: tuple[LayerSource, ...]
    linear_layers: tuple[str, ...]
    direction: str = "forward"
    initial_state: Mapping[str, Array] = field(default_factory=dict)
    embedding: Array | None = None
    embedding_name: str | None = None
    readout_assumed: bool = False
    other_modules: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    embedding_told: bool = False

    def __repr__(self) -> str:
        return f"Model({self.cell!r}, readout_layer={self.readout_layer!r})"

    def looked_up(self, x: Any) -> Any:
        """The vectors of token ids, shape (T, D); what is no ids is returned as it is.

        Parameters
        ----------
        x : array of shape (T,) of whole numbers
            Token ids, where the model has an embedding.

        Raises
        ------
        ValueError
            If an id is not one of the embedding's.
        """
        if self.embedding is None:
            return x
        ids = np.asarray(x)
        if ids.ndim != 1 or ids.dtype.kind not in "iu":
            return x
        tokens = len(self.embedding)
        wrong = ids[(ids < 0) | (ids >= tokens)]
        if wrong.size:
            raise ValueError(
                f"x must have token ids from 0 to {tokens - 1}, for each vector of the "
                f"embedding. Got {wrong[0]}."
            )
        return self.embedding[ids]

    @property
    def description(self) -> tuple[str, ...]:
        """The architecture as read.

        A sentence on the embedding, if there is one, one for each recurrent layer, one on the
        readout, and one each on recurrent and on other layers that are not part of it.
        """
        return (
            *self._embedding_sentence(),
            *map(_sentence, self.layers),
            self._readout_sentence(),
            *self._sentences_on_the_rest(),
        )

    def _readout_sentence(self) -> str:
        if self.readout_layer is None:
            return f"Readout: the sum of the hidden units, {self._why_the_sum()}."
        outputs = self.readout.w_o.shape[0]
        said = f"Readout: linear layer {shown(self.readout_layer)}, outputs {outputs}."
        if not self.readout_assumed:
            return said
        return f"{said} Assumed: it is the only one in the file that takes the hidden units."

    def _why_the_sum(self) -> str:
        if self.readout_assumed and self.linear_layers:
            return f"as no linear layer is named. These take them: {listed(self.linear_layers)}"
        return "as no linear layer is named"

    def _sentences_on_the_rest(self) -> list[str]:
        sentences = []
        if self.other_modules:
            names = listed(name or "the one without a name" for name in self.other_modules)
            sentences.append(f"Recurrent layers of the file that are not looked at: {names}.")
        if self.left_out:
            sentences.append(
                f"Left out: {listed(self.left_out)}. No gradient is carried through these: x is "
                "what goes into the first recurrent layer, and step t is a step of this layer, "
                "which after a convolution or an attention need not be one of the whole model."
            )
        return sentences

    def _embedding_sentence(self) -> tuple[str, ...]:
        if self.embedding is None:
            return ()
        tokens, D = self.embedding.shape
        return (
            f"Embedding {self.embedding_name}: {tokens} tokens as vectors of D = {D}, looked up "
            f"for token ids (T,). {TOLD if self.embedding_told else ASSUMED}",
        )


def _sentence(layer: LayerSource) -> str:
    kind = KIND_WORDS[layer.kind]
    name = f" {shown(layer.name)}" if layer.name else ""
    H = f"{layer.size} in each direction" if layer.both_ways else layer.size
    sizes = f"inputs D = {layer.D}, hidden units H = {H}, stored as {layer.dtype}."
    way = "Bidirectional " if layer.both_ways else ""
    return " ".join((f"{way}{kind}{name}: {sizes}", *layer.known_from))


KIND_WORDS = {
    **{f"rnn_{name}": f"RNN ({name})" for name in ACTIVATIONS},
    "lstm": "LSTM",
    "gru": "GRU",
    "gru_reset_before": "GRU (reset gate before the recurrent product)",
}
