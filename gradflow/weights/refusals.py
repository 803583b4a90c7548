"""Which files are refused whatever their format: too long, one part of several, or not understood.

A file is believed only as far as it accounts for all that lies beside the cells.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Set
from pathlib import PurePath

from gradflow.weights.conversions import KERAS_LINES
from gradflow.weights.layers import Module
from gradflow.weights.left_out import NORMALISATION
from gradflow.weights.readouts import Linear
from gradflow.weights.said_names import example_line
from gradflow.weights.tensors import Tensor, listed, shown

# Bytes of a float64.
DOUBLE = 8
# What Keras 3 calls weights inside its own files, which do not say which is which.
NUMBERED = re.compile(r"(^|/)vars/\d+$")
# What the parts of a model are called: model-00001-of-00002.safetensors.
PART = re.compile(r"-\d{5}-of-(\d{5})\.")
# What TensorFlow and Keras call the weights from the cell state to the gates.
PEEPHOLE = re.compile(r"peephole|(^|[/._])w_[ifo]_diag", re.IGNORECASE)
# The state of a random generator, which only dropout uses.
HARMLESS = re.compile(r"(^|[/._])seed_generator(_\d+)?[/._]seed_generator_state(:0)?$")


def check_size(size: int, name: str, limit: int) -> None:
    """Raise ValueError if a file is longer than the limit."""
    if size > limit:
        raise ValueError(f"{shown(name)} must have at most {limit} bytes. Got {size}.")


def check_whole(name: str) -> None:
    """Raise ValueError if a file's name says that it is one part of several."""
    found = PART.search(PurePath(name).name)
    if found is not None and int(found[1]) > 1:
        raise ValueError(
            f"{shown(name)} must be a whole model. Its name says that it is one part of "
            f"{int(found[1])}: load the folder that has all of them, or its index.json."
        )


def check_names(tensors: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless all names can be written: JSON can hold half a character."""
    for name in tensors:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise ValueError(f"Names of weights must be whole text. Got {shown(name)}.") from None


def check_expanded(used: Iterable[Tensor], most: int | None) -> None:
    """Raise ValueError if numbers that are stored small would take too much memory once read."""
    tensors = {id(one): one for one in used}
    needed = sum(math.prod(one.shape) for one in tensors.values()) * DOUBLE
    if most is not None and needed > most:
        raise ValueError(
            "The recurrent layers, the embedding and the readout must have at most "
            f"{most} bytes as float64. Got {needed}."
        )


def check_accounted(
    tensors: Mapping[str, Tensor],
    modules: Iterable[Module],
    known: Set[str],
    linear: Mapping[str, Linear],
) -> None:
    """Raise ValueError if a tensor lies beside the weights of a module and is not used.

    Parameters
    ----------
    tensors : mapping
        All tensors of the file.
    modules : iterable of Module
        Those that are read.
    known : set of str
        Names of the tensors that are accounted for: of all modules of the file, and of embeddings.
    linear : mapping
        The linear layers that could be the readout. They account for tensors beside a cell that
        has no name of its own.
    """
    offered = {name for layer in linear.values() for name in layer.used}
    for module in modules:
        accounted = known if module.stem else known | offered
        for name in tensors:
            if name.startswith(module.stem) and name not in accounted and not HARMLESS.search(name):
                raise ValueError(_unaccounted(module, name))


def _unaccounted(module: Module, name: str) -> str:
    rest = name.removeprefix(module.stem)
    if PEEPHOLE.search(name):
        return no_peepholes(shown(name))
    if NORMALISATION.search(rest):
        return f"The cells must have no normalisation, which is not supported. Got {shown(name)}."
    place = f"the weights of {shown(module.name)}" if module.name else "its weights"
    return (
        f"The layer must have no weights but those of a plain RNN, LSTM or GRU. Got {shown(name)} "
        f"beside {place}: what it does is not known."
    )


def check_no_peepholes(tensors: Mapping[str, Tensor]) -> None:
    """Raise ValueError if there are weights from the cell state to the gates."""
    found = next(filter(PEEPHOLE.search, tensors), None)
    if found is not None:
        raise ValueError(no_peepholes(shown(found)))


def no_peepholes(found: str) -> str:
    """The sentence that refuses weights from the cell state to the gates."""
    return f"The cells must have no peepholes, which are not supported. Got {found}."


def nothing_found(tensors: Mapping[str, Tensor]) -> str:
    """What is said of a file without a recurrent layer by a name that is known."""
    numbered = next(filter(NUMBERED.search, tensors), None)
    if numbered is not None:
        return (
            "The weights must be named kernel, recurrent_kernel and bias, as these lines of Keras "
            f"do. Got {shown(numbered)}:\n{KERAS_LINES}"
        )
    held = f"Got {listed(tensors)}." if tensors else "Got nothing."
    said = (
        "The file must hold a recurrent layer by PyTorch's names (weight_ih_l0, weight_hh_l0) "
        f"or Keras' (kernel, recurrent_kernel). {held}"
    )
    line = example_line(tensors)
    if line is None:
        return said
    return f"{said} Say which tensor is which, and the order of the gates as it is:\n{line}"
