"""Gradient clipping: which targets' gradients a threshold would shorten."""

import numpy as np

from gradflow.flow import GradientFlow, requires_flow
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import finite_number, frozen


@requires_flow
def log10_gradient_norm(flow: GradientFlow) -> Array:
    """log10 of the length of the whole gradient of each target's L_t, right at any magnitude.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.

    Returns
    -------
    array of shape (n,)
        Over every parameter of the cell and of the readout together; minus infinity where all are
        exactly zero.

    See Also
    --------
    clip_factors : What clipping makes of it.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
    >>> gf.analysis.log10_gradient_norm(flow).round(3)
    array([-0.141, -0.118, -0.422])
    """
    names = (*flow.cell.weights, "readout.w_o", "readout.b_o")
    sizes = np.stack([flow.log10_total(name) for name in names])
    top = sizes.max(axis=0)
    base = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return frozen(base + 0.5 * np.log10((10.0 ** (2.0 * (sizes - base))).sum(axis=0)))


@requires_flow
def clip_factors(flow: GradientFlow, threshold: float) -> Array:
    """What clipping by norm would multiply the gradient of each L_t by.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    threshold : float
        Longest gradient let through, above 0.

    Returns
    -------
    array of shape (n,)
        1 where the gradient is no longer than the threshold, else threshold / length.

    Raises
    ------
    ValueError
        If the threshold is not a finite number above 0.

    See Also
    --------
    log10_clip_factors : The same at any magnitude.

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks".

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
    >>> gf.analysis.clip_factors(flow, threshold=0.5).round(3)
    array([0.691, 0.656, 1.   ])
    """
    return frozen(10.0 ** log10_clip_factors(flow, threshold))


@requires_flow
def log10_clip_factors(flow: GradientFlow, threshold: float) -> Array:
    """log10 of `clip_factors`, right where the factor is too small for float64.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    threshold : float
        Longest gradient let through, above 0.

    Returns
    -------
    array of shape (n,)
        0 where the gradient is no longer than the threshold.

    Raises
    ------
    ValueError
        If the threshold is not a finite number above 0.

    See Also
    --------
    clip_factors : The factors themselves.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
    >>> gf.analysis.log10_clip_factors(flow, threshold=0.5).round(3)
    array([-0.16 , -0.183,  0.   ])
    """
    limit = finite_number("threshold", threshold)
    if limit <= 0.0:
        raise ValueError(f"threshold must be a number above 0. Got {threshold!r}.")
    return frozen(np.minimum(np.log10(limit) - log10_gradient_norm(flow), 0.0))


@requires_flow
def log10_clipped(
    flow: GradientFlow, parameter: str, layer: int | None = None, *, threshold: float
) -> Array:
    """log10 of the magnitudes of the terms that are left after clipping by norm.

    Every term of a row is multiplied by the one factor of its target, so that no ratio of two terms
    of a row changes.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    parameter : str
        As for `GradientFlow.log10`.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.
    threshold : float
        Longest gradient let through, above 0.

    Returns
    -------
    array of shape (n, T)
        Minus infinity where exactly zero, nan where k > t.

    Raises
    ------
    ValueError
        If the name or the layer is unknown, or the threshold is not a finite number above 0.

    See Also
    --------
    GradientFlow.log10 : The terms before.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
    >>> gf.analysis.log10_clipped(flow, "w_x", threshold=0.5).round(2)
    array([[-0.6 ,   nan,   nan],
           [ -inf, -0.81,   nan],
           [-0.85,  -inf, -1.12]])
    """
    return frozen(flow.log10(parameter, layer) + log10_clip_factors(flow, threshold)[:, None])
