"""Tables of vectors in front of a recurrent layer: a token is looked up, not multiplied."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gradflow.weights.tensors import Tensor

# embedding.weight, enc_emb, word_embeddings.weight, embed/embedding, embedding/embeddings:0, wte
NAME = re.compile(
    r"(^|.*[./_])(wte|emb(ed(d(ing|er))?)?s?(_tokens|_in|_layer)?)(_\d+)?"
    r"([./_](weight|embeddings?|kernel|table))?(:0)?",
    re.IGNORECASE | re.DOTALL,
)


def embedding_tables(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tables of a file, by the names that tell them.

    Parameters
    ----------
    tensors : mapping
        All tensors of the file.
    """
    return {
        name: tensor
        for name, tensor in tensors.items()
        if len(tensor.shape) == 2 and NAME.fullmatch(name)
    }
