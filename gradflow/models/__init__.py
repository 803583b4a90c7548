"""The small trained models that ship, what each was trained on, and the script that trains them.

`python -m gradflow.models.make_models` trains them anew; it alone needs PyTorch.
"""

from pathlib import Path

from gradflow.numerics.validation import one_of

_FOLDER = Path(__file__).parent

NAMES = ("character", "recall_learned", "recall_not_learned")


def path(name: str) -> Path:
    """The file of a shipped model, for `gradflow.load`.

    Parameters
    ----------
    name : {"character", "recall_learned", "recall_not_learned"}
        Its name.

    Raises
    ------
    ValueError
        If no shipped model has that name.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.load(gf.models.path("recall_learned"), readout="readout").cell.H
    16
    """
    one_of("name", name, NAMES)
    return _FOLDER / f"{name}.safetensors"
