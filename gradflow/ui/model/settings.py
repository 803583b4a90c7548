"""The settings of the page "Your model", which its links hold; the weights are not among them."""

from __future__ import annotations

from dataclasses import dataclass

from gradflow.ui.model.shipped import SHIPPED
from gradflow.ui.shared.links import Form
from gradflow.ui.shared.setting_fields import LONGEST, setting, with_default
from gradflow.ui.shared.view_settings import ViewSettings

OWN = "own"

# Losses whose targets stand in a column of the user's numbers.
WITH_TARGETS = ("classes", "squared", "binary")


@dataclass(frozen=True)
class ModelSettings(ViewSettings):
    """All settings of the page."""

    model: str = setting(
        "recall_learned",
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
            ("many", "many sequences of mine"),
        ),
    )
    number: int = setting(
        1,
        "Sequence shown",
        "Which of your sequences the heatmaps are of. Beyond the last it means the last.",
        (1, 1000, 1),
    )
    T: int = setting(100, "Steps $T$", "How many steps the seeded sequence has.", (1, LONGEST, 1))
    seed: int = setting(1, "Seed", "Another seed gives another sequence.", (0, 9999, 1))
    loss: str = setting(
        "fits",
        "Loss $L_t$",
        "What the gradient is of. A file does not tell which loss its model was trained with.",
        choices=(
            ("fits", "the first choice"),
            ("output", "one output, as it is"),
            ("next", "the next symbol: softmax cross-entropy"),
            ("classes", "classes beside my numbers: softmax cross-entropy"),
            ("squared", "targets beside my numbers: squared error"),
            ("binary", "0 or 1 beside my numbers: binary cross-entropy"),
        ),
    )
    output: int = setting(
        -1,
        "Output",
        "Numbered from 0. Unless one is chosen, it is the largest at the last step.",
        (-1, 999_999, 1),
    )
    steps: str = setting(
        "every",
        "Steps with a loss",
        "Which losses make up the loss of all steps together.",
        choices=(("every", "every step"), ("last", "the last step alone")),
    )
    weights: str = setting(
        "one",
        "Weight of each step",
        "By which its loss is multiplied in the loss of all steps together.",
        choices=(
            ("one", "1: the sum"),
            ("mean", "1 over their number: the mean"),
            ("column", "the last column of my numbers"),
        ),
    )
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
            ("w_p", "projection w_p"),
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
    skip: int = setting(
        0,
        "Mask the first steps",
        "So many steps at the beginning count for nothing: they keep the state and have no loss.",
        (0, LONGEST, 1),
    )
    padding: bool = setting(
        False,
        "Mask padding",
        "Steps whose inputs are all 0 count for nothing, as where sequences are padded.",
    )
    cut: str = setting(
        "window",
        "Truncation",
        "A sliding window gives every target as many steps. Chunks cut the graph between them and "
        "carry the state on, as a loop that detaches the state does.",
        choices=(
            ("window", "sliding: each target sees so many steps"),
            ("chunks", "chunks: cut every so many steps"),
        ),
    )
    signal: str = setting(
        "x",
        "Gradient of",
        "Whose gradient is drawn against the source steps.",
        choices=(("x", "the inputs x"), ("h", "the hidden units h"), ("c", "the cell states c")),
    )
    floor: int = with_default(ViewSettings, "floor", -6)
    t: int = with_default(ViewSettings, "t", 50)
    window: int = with_default(ViewSettings, "window", 20)

    @property
    def has_targets(self) -> bool:
        """Whether a column of the user's numbers has targets."""
        return self.loss in WITH_TARGETS

    @property
    def has_weights(self) -> bool:
        """Whether a column of the user's numbers has the weights of the steps."""
        return self.weights == "column"


FORM = Form({"1": ModelSettings()}, ("model",))
