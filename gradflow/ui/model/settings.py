"""The settings of the page "Your model", which its links hold; the weights are not among them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gradflow.ui.model.shipped import SHIPPED
from gradflow.ui.shared.links import Form
from gradflow.ui.shared.settings import LONGEST, Control, Value

OWN = "own"


def _setting(
    default: Value,
    label: str,
    text: str,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    choices: tuple[tuple[str, str], ...] = (),
) -> Any:
    control = Control(label, text, low, high, step, choices)
    return field(default=default, metadata={"control": control})


@dataclass(frozen=True)
class ModelSettings:
    """One state of the page. Field names are those of the link."""

    model: str = _setting(
        "recall_not_learned",
        "Model",
        "Small models that come with gradflow, or the weights you upload.",
        choices=(*((name, shipped.title) for name, shipped in SHIPPED.items()), (OWN, "my own")),
    )
    sequence: str = _setting(
        "example",
        "Sequence $x$",
        "What the model reads.",
        choices=(
            ("example", "the model's own example"),
            ("text", "my own text"),
            ("noise", "seeded noise"),
            ("own", "my own numbers"),
        ),
    )
    T: int = _setting(100, "Steps $T$", "How many steps of noise.", 1, LONGEST, 1)
    seed: int = _setting(1, "Seed", "Another seed gives other noise.", 0, 9999, 1)
    layer: int = _setting(
        0, "Layer", "Layer 0 is next to the input. Beyond the last it means the last.", 0, 99, 1
    )
    parameter: str = _setting(
        "b",
        "Parameter",
        "Whose gradient is taken apart. The bias shows the signal alone, without the size of what "
        "a weight multiplied; the inputs show how much each input matters to the target.",
        choices=(
            ("b", "bias b: the signal alone"),
            ("w_x", "input weights w_x"),
            ("w_h", "recurrent weights w_h"),
            ("x", "the inputs x themselves"),
        ),
    )
    gate: str = _setting(
        "all",
        "Gate",
        "All gates together is their norm.",
        choices=(
            ("all", "all together"),
            ("i", "input gate i"),
            ("f", "forget gate f"),
            ("c", "candidate c"),
            ("o", "output gate o"),
            ("r", "reset gate r"),
            ("z", "update gate z"),
            ("n", "candidate n"),
        ),
    )
    added: float = _setting(
        2.0,
        "Add to $b_f$",
        "The same weights with this much added to the forget bias of every unit: above 0 they "
        "forget less. In a GRU it is added to the update gate's bias $b_z$, which does the same "
        "work. At 0 there is nothing to compare.",
        -10.0,
        10.0,
        0.25,
    )
    last: bool = _setting(
        True, "The last step as target", "The row that the curves and the measures look at."
    )
    t: int = _setting(
        50, "Target step $t$", "Beyond the last step it means the last.", 1, LONGEST, 1
    )
    window: int = _setting(
        20,
        "Truncation window",
        "Backpropagation cut off after this many steps: how much would it throw away?",
        1,
        LONGEST,
        1,
    )
    relative: bool = _setting(
        True,
        "Relative to lag 1",
        "Each row is divided by its own k = 1 term, so that rows compare.",
    )
    axis: str = _setting(
        "lag",
        "Columns",
        "Lag k counts back from the target; source step j counts from the start.",
        choices=(("lag", "lag k"), ("source", "source step j")),
    )
    floor: int = _setting(
        -6,
        "Colour floor (power of ten)",
        "Terms below this share the darkest colour. Exact zeros stay grey.",
        -4000,
        -1,
        1,
    )
    camera: str = _setting(
        "png",
        "Camera of a chart saves",
        "The camera in the bar above a chart makes a picture in the browser itself.",
        choices=(("png", "PNG"), ("svg", "SVG")),
    )


FORM = Form({"1": ModelSettings()}, ("model",))
