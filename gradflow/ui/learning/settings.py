"""The settings of the page Learning, which its links hold."""

from __future__ import annotations

from dataclasses import dataclass

from gradflow.ui.shared.links import Form
from gradflow.ui.shared.setting_fields import LinkedSettings, setting


@dataclass(frozen=True)
class LearningSettings(LinkedSettings):
    """All settings of the page."""

    task: str = setting(
        "recall",
        "Task",
        "Each asks at the last step for what was read long before it.",
        choices=(
            ("recall", "Recall: which of four symbols came first?"),
            ("agreement", "Agreement: is the noun before the clause singular or plural?"),
            ("adding", "Adding: what is the sum of the two marked numbers?"),
        ),
    )


FORM = Form({"1": LearningSettings()}, ("task",))
