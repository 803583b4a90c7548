"""What a file holds: tensors by name, and what it tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradflow.weights.chains import in_a_row
from gradflow.weights.folding import folded
from gradflow.weights.keras_graph import LayerGraph, graph_of
from gradflow.weights.layers import Module, Told
from gradflow.weights.tensors import Tensor

# The name under which an .npz keeps the configuration of a Keras model.
CONFIGURATION = "config"


@dataclass(frozen=True)
class Contents:
    """A file, or a mapping, before a model is made of it.

    Attributes
    ----------
    tensors : mapping
        Tensors by name.
    graph : LayerGraph or None
        What the configuration of a Keras model tells.
    told : mapping
        What is told of modules, by their names.
    modules : tuple of Module
        Modules that the file itself names as such.
    feeds : set of pairs
        Names of those of them of which the first feeds the second, with nothing between.
    sources : mapping
        Names of those of them, and of linear layers, with the name of what they read, with nothing
        between that changes numbers.
    tables : set of str or None
        Names of all embeddings, where they are told.
    """

    tensors: Mapping[str, Tensor]
    graph: LayerGraph | None = None
    told: Mapping[str, Told] = field(default_factory=dict)
    modules: tuple[Module, ...] = ()
    feeds: frozenset[tuple[str, str]] = frozenset()
    sources: Mapping[str, str] = field(default_factory=dict)
    tables: frozenset[str] | None = None

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Contents:
        """Tensors as they are named, with a configuration among them if one is there.

        Raises
        ------
        ValueError
            If the configuration cannot be read.
        """
        configuration = tensors.get(CONFIGURATION)
        if configuration is None or configuration.shape or not _is_text(configuration):
            return cls(folded(tensors))
        others = {name: tensor for name, tensor in tensors.items() if name != CONFIGURATION}
        return cls(folded(others), graph_of(str(configuration.read())))

    @property
    def tells_sources(self) -> bool:
        """Whether it is told what each layer reads."""
        return self.graph is not None or bool(self.modules)

    def is_before(self, table: str, module: str) -> bool:
        """Whether an embedding, by the name of its tensor, is all that a module reads."""
        if self.graph is not None:
            return self.graph.is_before(table, module)
        return module in self.sources and table.startswith(f"{self.sources[module]}/")

    def reads_another(self, linear: str, module: str) -> bool:
        """Whether it is told that a linear layer reads another recurrent module than this."""
        if self.graph is not None:
            return self.graph.reads_another(linear, module)
        others = {other.name for other in self.modules} - {module}
        return self.sources.get(linear) in others

    def chain(self, names: list[str]) -> list[int] | None:
        """The order in which modules feed each other one by one; None if that is not known."""
        if self.graph is not None:
            return self.graph.chain(names)
        return in_a_row(names, self.feeds)


def _is_text(tensor: Tensor) -> bool:
    return tensor.dtype.startswith("str")
