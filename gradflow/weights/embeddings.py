"""Tables of vectors in front of a recurrent layer: a token is looked up, not multiplied."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

from gradflow.weights.tensors import FLOATS, Tensor

# embedding.weight, enc_emb, word_embeddings.weight, embed/embedding, embedding/embeddings:0, wte
NAME = re.compile(
    r"(^|.*[./_])(wte|emb(ed(d(ing|er))?)?s?(_tokens|_in|_layer)?)(_\d+)?"
    r"([./_](weight|embeddings?|kernel|table))?(:0)?",
    re.IGNORECASE | re.DOTALL,
)


def embedding_tables(
    tensors: Mapping[str, Tensor], told: Set[str] | None = None
) -> dict[str, Tensor]:
    """The tables of a file, as they are told or by the names that tell them.

    Parameters
    ----------
    tensors : mapping
        All tensors of the file.
    told : set of str, optional
        Their names, where it is known which tensors are embeddings.
    """
    return {
        name: tensor
        for name, tensor in tensors.items()
        if len(tensor.shape) == 2 and (NAME.fullmatch(name) if told is None else name in told)
    }


def table_in_front(tables: Mapping[str, Tensor], D: int, stem: str) -> Tensor | None:
    """The embedding of a layer of D inputs; None where no table fits, or it is not known which.

    Parameters
    ----------
    tables : mapping
        All embeddings of the file.
    D : int
        Inputs of the layer.
    stem : str
        How the names of what lies beside the layer begin; a table there comes first.
    """
    fitting = [t for t in tables.values() if t.shape[1] == D and t.dtype in FLOATS and t.shape[0]]
    beside = [table for table in fitting if stem and table.name.startswith(stem)]
    found = beside or fitting
    return found[0] if len(found) == 1 else None
