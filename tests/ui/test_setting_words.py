"""The caption of a figure: whatever changes the figure changes the caption."""

from dataclasses import fields, replace

import pytest

from gradflow.ui.shared.setting_words import settings_said
from gradflow.ui.shared.settings import CONTROLS, Settings

# Of what is drawn, these change nothing.
ELSEWHERE = {"axis", "signs", "window", "camera", "lag", "classes", "path", "log_lags"}

# In which of the others a setting counts.
WHERE = {
    "w_h": {"own_w_h": True},
    "period": {"sequence": "sine"},
    "clause": {"sequence": "sentence"},
    "plural": {"sequence": "sentence"},
    "target": {"loss": "squared"},
    "label": {"loss": "binary"},
    "threshold": {"clipping": True},
    "t": {"last": False},
    **{f"w_{kind}{gate}": {"own_gates": True} for kind in "xh" for gate in "ifco"},
}


@pytest.mark.parametrize(
    "name", [field.name for field in fields(Settings) if field.name not in ELSEWHERE]
)
def test_a_caption_has_every_setting(name):
    here = replace(Settings(w_h=0.5), **WHERE.get(name, {}))
    value, control = getattr(here, name), CONTROLS[name]
    if control.choices:
        other = next(choice for choice in control.values if choice != value)
    else:
        other = not value if isinstance(value, bool) else value + control.step
    changed = replace(here, **{name: other})
    assert settings_said(changed, changed.T) != settings_said(here, here.T)


def test_negative_numbers_have_a_minus_sign_and_words_keep_their_hyphens():
    said = " ".join(settings_said(Settings(w_s=-0.9, loss="binary", floor=-8), 50))
    assert "w_s = −0.9" in said
    assert "10^−8" in said
    assert "cross-entropy" in said
