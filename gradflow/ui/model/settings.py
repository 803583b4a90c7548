"""The settings of the page "Your model", which its links hold; the weights are not among them."""

from __future__ import annotations

from dataclasses import dataclass

from gradflow.ui.model.shipped import SHIPPED
from gradflow.ui.shared.links import Form
from gradflow.ui.shared.setting_fields import LONGEST, setting, with_default
from gradflow.ui.shared.view_settings import ViewSettings

OWN = "own"


@dataclass(frozen=True)
class ModelSettings(ViewSettings):
    """All settings of the page."""

    model: str = setting(
        "recall_not_learned",
        "Model",
        "Small models that come with gradflow, or the weights you upload.",
        choices=(*((name, shipped.title) for name, shipped in SHIPPED.items()), (OWN, "my own")),
    )
    sequence: str = setting(
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
    T: int = setting(100, "Steps $T$", "How many steps of noise.", (1, LONGEST, 1))
    seed: int = setting(1, "Seed", "Another seed gives other noise.", (0, 9999, 1))
    layer: int = setting(
        0, "Layer", "Layer 0 is next to the input. Beyond the last it means the last.", (0, 99, 1)
    )
    parameter: str = setting(
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
    gate: str = setting(
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
    added: float = setting(
        2.0,
        "Add to $b_f$",
        "The same weights with this much added to the forget bias of every unit: above 0 they "
        "forget less. In a GRU it is added to the update gate's bias $b_z$, which does the same "
        "work. At 0 there is nothing to compare.",
        (-10.0, 10.0, 0.25),
    )
    floor: int = with_default(ViewSettings, "floor", -6)
    t: int = with_default(ViewSettings, "t", 50)
    window: int = with_default(ViewSettings, "window", 20)


FORM = Form({"1": ModelSettings()}, ("model",))
