"""What the configuration of a Keras model tells: its recurrent layers, and which feeds which.

References
----------
Keras' documentation of Model.to_json and Model.get_config. Up to Keras 2 "hard_sigmoid" is
max(0, min(1, z / 5 + 1 / 2)), from Keras 3 on max(0, min(1, z / 6 + 1 / 2)).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from gradflow.weights.chains import in_a_row
from gradflow.weights.layers import ACTIVATION_NAMES, Told
from gradflow.weights.tensors import shown

SOURCE = "the model's configuration"
AT_THE_ENDS = (
    "Its model goes on with each direction's last state, which is step 1 of the reverse one; here "
    "both directions' states of the same step are joined."
)
DEPTH_LIMIT = 20
LAYER_LIMIT = 10_000

KIND_OF_CLASS = {
    "LSTM": "lstm", "LSTMCell": "lstm", "CuDNNLSTM": "lstm",
    "GRU": "gru", "GRUCell": "gru", "CuDNNGRU": "gru",
    "SimpleRNN": "rnn", "SimpleRNNCell": "rnn",
}  # fmt: skip
MODELS = ("Sequential", "Functional", "Model")
# What hands on its input as it is, once a model is trained.
TRANSPARENT = (
    "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise",
    "Identity", "SpatialDropout1D",
)  # fmt: skip


@dataclass(frozen=True)
class LayerGraph:
    """The recurrent layers of a model.

    Attributes
    ----------
    told : mapping
        What is told of each, by its name; a cell of several in one layer is "layer/cell".
    feeds : set of pairs
        Names of layers of which the first is the only input of the second, step by step.
    filed : mapping
        Names of all layers by the folders in which Keras 3 files their weights: "lstm_1".
    both_ways : mapping
        Names of bidirectional layers by all names that their two parts have.
    sources : mapping
        By a layer's name that of the only one before it, with nothing between that changes numbers.
    """

    told: Mapping[str, Told]
    feeds: frozenset[tuple[str, str]]
    filed: Mapping[str, str]
    both_ways: Mapping[str, str]
    sources: Mapping[str, str]

    def name_of(self, module: str) -> str | None:
        """The layer that a module of the file belongs to, by its path."""
        *above, last = module.replace(".", "/").split("/")
        for part in [last, *reversed(above)]:
            if f"{part}/{last}" in self.told:
                return f"{part}/{last}"
            if part in self.told:
                return part
        return None

    def told_of(self, module: str) -> Told:
        """What is told of a module of the file; that it is not supported, if nothing is."""
        name = self.name_of(module)
        if name is not None:
            return self.told[name]
        return Told(
            SOURCE,
            unsupported="The layers must be Keras' own, as the model's configuration has them. "
            f"Got {shown(module)}, which is not one of these.",
        )

    def is_before(self, layer: str, module: str) -> bool:
        """Whether a layer, by the path of its weights, is the only one before a module."""
        return self.sources.get(self._outer(module), "") in layer.replace(".", "/").split("/")

    def reads_another(self, layer: str, module: str) -> bool:
        """Whether a layer, by the path of its weights, reads another recurrent layer than this."""
        parts = layer.replace(".", "/").split("/")
        read = {self.sources[part] for part in parts if part in self.sources}
        recurrent = {self._outer(name) for name in self.told} - {self._outer(module)}
        return not read.isdisjoint(recurrent)

    def _outer(self, module: str) -> str:
        """The whole layer that a module is a part of, such as a cell or a direction."""
        name = self.name_of(module) or module
        return self.both_ways.get(name, name).split("/")[0]

    def chain(self, modules: list[str]) -> list[int] | None:
        """The order in which modules feed each other one by one; None if they do not."""
        found = [self.name_of(module) for module in modules]
        names = [None if name is None else self.both_ways.get(name, name) for name in found]
        return in_a_row(names, self.feeds)


def graph_of(config: Any, keras_version: str | None = None) -> LayerGraph:
    """The graph of a configuration.

    Parameters
    ----------
    config : dict or str
        The configuration, or its JSON.
    keras_version : str, optional
        The version that wrote it, where the configuration does not tell.

    Raises
    ------
    ValueError
        If it is none of a model of Keras.
    """
    if isinstance(config, str | bytes):
        try:
            config = json.loads(config)
        except (RecursionError, ValueError) as error:
            raise ValueError(
                "The model's configuration must be JSON. It cannot be read."
            ) from error
    if not isinstance(config, dict):
        raise ValueError(
            f"The model's configuration must be an object. Got {type(config).__name__}."
        )
    version = config.get("keras_version") or keras_version
    if version is None and "module" in config:
        version = "3"
    try:
        return _read(config, str(version) if version else None)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError) as error:
        raise ValueError(
            "The model's configuration must be of a Keras model. It has parts missing."
        ) from error


def _read(config: dict[str, Any], version: str | None) -> LayerGraph:
    told: dict[str, Told] = {}
    feeds: set[tuple[str, str]] = set()
    filed: dict[str, str] = {}
    both_ways: dict[str, str] = {}
    sources: dict[str, str] = {}
    for path, layers, sequential in _models(config, 0, ""):
        by_name = {_name(layer): layer for layer in layers}
        here = dict(_sources(by_name, _inputs(layers, sequential)))
        sources.update(here)
        counts: dict[str, int] = {}
        ends: dict[str, tuple[str, str]] = {}
        for layer in layers:
            name = _name(layer)
            snake = _snake_case(layer["class_name"])
            place = counts.get(snake, 0)
            counts[snake] = place + 1
            filed[path + (f"{snake}_{place}" if place else snake)] = name
            found = _told(layer, version)
            told.update(found)
            names = list(found)
            if layer["class_name"] == "Bidirectional":
                both_ways.update(dict.fromkeys(names, name))
                names = [name]
            feeds.update(pairwise(names))
            if names:
                ends[name] = (names[0], names[-1])
        feeds.update(_direct(by_name, here, ends))
    if len(told) > LAYER_LIMIT:
        raise ValueError(f"The model must have at most {LAYER_LIMIT} layers. Got {len(told)}.")
    return LayerGraph(told, frozenset(feeds), filed, both_ways, sources)


def _models(
    config: dict[str, Any], depth: int, path: str
) -> Iterator[tuple[str, list[dict[str, Any]], bool]]:
    """The layers of a model and of the models inside it, and whether they are in a row."""
    if config["class_name"] not in MODELS or depth > DEPTH_LIMIT:
        raise ValueError(
            "The model's configuration must be of a Sequential or a functional model. "
            f"Got {shown(str(config['class_name']))}."
        )
    inner = config["config"]
    layers = inner if isinstance(inner, list) else inner["layers"]
    yield path, layers, config["class_name"] == "Sequential"
    counts: dict[str, int] = {}
    for layer in layers:
        snake = _snake_case(layer["class_name"])
        place = counts.get(snake, 0)
        counts[snake] = place + 1
        if layer["class_name"] in MODELS:
            yield from _models(layer, depth + 1, f"{path}{snake}{f'_{place}' if place else ''}/")


def _name(layer: dict[str, Any]) -> str:
    return str(layer.get("name") or layer["config"]["name"])


def _snake_case(name: str) -> str:
    """LSTM as lstm, and SimpleRNN as simple_rnn, as Keras 3 files weights."""
    made = ""
    for before, letter, after in zip(f" {name}", name, f"{name[1:]} ", strict=False):
        starts = letter.isupper() and before != " " and (before.islower() or after.islower())
        made += ("_" if starts else "") + letter.lower()
    return made


def _inputs(layers: list[dict[str, Any]], sequential: bool) -> dict[str, list[tuple[str, int]]]:
    """What each layer is called on: layers and numbers of their outputs."""
    if sequential:
        names = [_name(layer) for layer in layers]
        return {name: [(before, 0)] for before, name in pairwise(names)}
    return {_name(layer): list(_references(layer["inbound_nodes"])) for layer in layers}


def _references(node: Any) -> Iterator[tuple[str, int]]:
    """All outputs of layers that are named anywhere in a node, but for masks."""
    if isinstance(node, dict):
        history = node.get("keras_history")
        if history is not None:
            yield str(history[0]), int(history[2])
            return
        for key, value in node.items():
            if key != "mask":  # it says which steps count, and changes no numbers
                yield from _references(value)
    elif isinstance(node, list):
        named = len(node) >= 3 and isinstance(node[0], str)
        if named and all(type(part) is int for part in node[1:3]):
            yield node[0], node[2]
            node = node[3:]
        for value in node:
            yield from _references(value)


def _sources(
    layers: Mapping[str, dict[str, Any]], inputs: Mapping[str, list[tuple[str, int]]]
) -> Iterator[tuple[str, str]]:
    """Each layer with the only one before it that changes numbers, if there is exactly one."""
    for name in layers:
        given = inputs.get(name, [])
        for _ in range(len(layers)):
            if len(given) != 1 or given[0][1] != 0 or given[0][0] not in layers:
                break
            below = given[0][0]
            if layers[below]["class_name"] not in TRANSPARENT:
                yield name, below
                break
            given = inputs.get(below, [])


def _direct(
    layers: Mapping[str, dict[str, Any]],
    sources: Mapping[str, str],
    ends: Mapping[str, tuple[str, str]],
) -> Iterator[tuple[str, str]]:
    """Pairs of recurrent layers with nothing between them that changes the numbers."""
    for name, (first, _) in ends.items():
        below = sources.get(name, "")
        if below in ends and _hands_on_every_step(layers[below]):
            yield ends[below][1], first


def _hands_on_every_step(layer: dict[str, Any]) -> bool:
    """Whether a recurrent layer hands on its states of all steps."""
    config = layer["config"]
    if layer["class_name"] == "Bidirectional":
        config = config["layer"]["config"]
    return bool(config.get("return_sequences"))


def _told(layer: dict[str, Any], version: str | None) -> dict[str, Told]:
    """What is told of the cells in a layer, by name; nothing of one without."""
    class_name, config, name = layer["class_name"], layer["config"], _name(layer)
    if class_name == "Bidirectional":
        told = _told_of_both(config, name, version)
        return told if _hands_on_every_step(layer) else _at_the_ends(told)
    if class_name == "TimeDistributed":
        return _told(config["layer"], version)
    if class_name != "RNN":
        return {name: told_of_class(layer, name, version)} if class_name in KIND_OF_CLASS else {}
    cells = config["cell"]
    if cells["class_name"] != "StackedRNNCells":
        return {name: _with_layer(told_of_class(cells, name, version), config, name)}
    return {
        f"{name}/{cell['config']['name']}": _with_layer(
            told_of_class(cell, name, version), config, name
        )
        for cell in cells["config"]["cells"]
    }


def _told_of_both(config: dict[str, Any], name: str, version: str | None) -> dict[str, Told]:
    """What is told of a bidirectional layer, by all names that its two parts have."""
    layer = config["layer"]
    inner = str(layer["config"]["name"])
    forward = told_of_class(layer, name, version)
    other = told_of_class(config.get("backward_layer") or layer, name, version)
    # The part that runs backwards says so of itself.
    if replace(other, unsupported=forward.unsupported) != forward:
        forward = replace(
            forward,
            unsupported="Both directions must have the same cells and activations. "
            f"Got {shown(name)}, whose directions differ.",
        )
    forward = replace(forward, merge=str(config.get("merge_mode", "concat") or "apart"))
    ending = inner.removeprefix("forward_")
    names = (f"forward_{ending}", f"backward_{ending}", inner, name)
    return dict.fromkeys(names, forward)


def _at_the_ends(told: dict[str, Told]) -> dict[str, Told]:
    """What is told of a bidirectional layer that hands on one state of each direction."""
    return {name: replace(one, notes=(*one.notes, AT_THE_ENDS)) for name, one in told.items()}


def _with_layer(told: Told, config: dict[str, Any], name: str) -> Told:
    """What is told of a cell, with what the layer around it says."""
    return replace(told, unsupported=told.unsupported or _backwards(config, name))


def _backwards(config: dict[str, Any], name: str) -> str:
    if not config.get("go_backwards"):
        return ""
    return (
        "The layers must run forwards: go_backwards is not supported. "
        f"Got {shown(name)} with go_backwards=True."
    )


def told_of_class(layer: dict[str, Any], name: str, version: str | None) -> Told:
    """What the configuration of one of Keras' layers or cells tells; `name` is that in errors."""
    class_name, config = layer["class_name"], layer["config"]
    if class_name not in KIND_OF_CLASS:
        return Told(
            SOURCE,
            unsupported="The cells must be LSTMCell, GRUCell or SimpleRNNCell. "
            f"Got {shown(str(class_name))} in {shown(name)}.",
        )
    if class_name.startswith("CuDNN"):
        activation, recurrent = "tanh", "sigmoid"
    else:
        # Keras 1 called it inner_activation. What is not said is not assumed.
        activation = config.get("activation", "")
        recurrent = config.get("recurrent_activation", config.get("inner_activation", ""))
    said = [
        (_activation(value, version) if value != "" else None) for value in (activation, recurrent)
    ]
    for argument, value in zip(("activation", "recurrent_activation"), said, strict=True):
        if value is not None and value not in ACTIVATION_NAMES and value != "hard_sigmoid":
            return Told(
                SOURCE,
                unsupported=f"{argument} must be one of {', '.join(ACTIVATION_NAMES)}. "
                f"Got {shown(str(value))} in {shown(name)}.",
            )
    known = [None if value == "hard_sigmoid" else value for value in said]
    kind = KIND_OF_CLASS[class_name]
    after = config.get("reset_after", False) or class_name == "CuDNNGRU"
    if kind == "gru" and not after:
        kind = "gru_reset_before"
    time_major = ("The first axis of its input is time (time_major).",)
    return Told(
        SOURCE,
        (None if known[0] is None else f"rnn_{known[0]}") if kind == "rnn" else kind,
        known[0],
        known[1],
        _backwards(config, name),
        time_major if config.get("time_major") else (),
    )


def _activation(value: Any, version: str | None) -> str:
    """An activation by gradflow's name."""
    if isinstance(value, dict):
        value = (
            value.get("config") if value.get("class_name") == "function" else value["class_name"]
        )
    if value is None:
        return "linear"
    if value == "hard_sigmoid" and version is not None:
        return "hard_sigmoid_fifth" if version.split(".")[0] in "012" else "hard_sigmoid_sixth"
    return str(value)
