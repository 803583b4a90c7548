"""`watch`: the flow of the recurrent layers of a model of Keras while it is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras

from gradflow.keras.recurrent_layers import layers_of_model
from gradflow.numerics.validation import shown
from gradflow.watching import Probe, Watch, Writer
from gradflow.watching.probe_batch import probe_lengths
from gradflow.watching.training_watch import WatchedLayers


def watch(
    model: keras.Model,
    probe: Probe | Callable[[keras.Model], Any],
    every: int = 1000,
    *,
    chunk: int = 20,
    worker: bool = True,
    writers: Sequence[Writer] = (),
) -> Watch:
    """Watch the recurrent layers of a model of Keras while it is trained.

    Parameters
    ----------
    model : keras.Model
        A built model with an `LSTM`, `GRU`, `SimpleRNN`, or an `RNN` of their cells somewhere in
        it, also inside `Bidirectional`. Keras runs on PyTorch.
    probe : Probe or callable
        A fixed batch and its loss; or a callable from the model to the loss.
    every, chunk, worker, writers
        As for `gradflow.torch.watch`.

    Returns
    -------
    Watch
        For `fit_callback`; in a loop of your own call its `step()` after each update.

    Raises
    ------
    ValueError
        If Keras does not run on PyTorch, an argument is not such, or no recurrent layer is
        supported.

    See Also
    --------
    gradflow.torch.watch : The same for a network of PyTorch.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> import gradflow.keras
    >>> x, y = np.ones((4, 6, 3)), np.zeros((4, 2))
    >>> model = keras.Sequential([keras.Input((6, 3)), keras.layers.LSTM(2)])
    >>> model.compile("adam", "mse")
    >>> probe = gradflow.keras.Probe((x,), lambda made: model.compute_loss(y=y, y_pred=made))
    >>> with gradflow.keras.watch(model, probe, every=2, worker=False) as watch:
    ...     callback = gradflow.keras.fit_callback(watch)
    ...     _ = model.fit(x, y, batch_size=2, verbose=0, callbacks=[callback])
    ...     watch.record
    WatchRecord(1 layer, 2 passes)
    """
    if keras.config.backend() != "torch":
        raise ValueError(
            "Keras must run on PyTorch to be watched: set KERAS_BACKEND=torch before it is "
            f"imported. Got {keras.config.backend()!r}."
        )
    if not isinstance(model, keras.Model) or not model.built:
        raise ValueError(
            "model must be a keras.Model that is built: call it once, or begin it with an Input. "
            f"Got {shown(model)}."
        )
    # PyTorch is there, and not needed before.
    from gradflow.keras.probe_pass import probed_layers
    from gradflow.torch.wrappers import is_first_rank

    layers, left_out = layers_of_model(model)
    if not layers:
        reasons = "".join(f" {name}: {why}" for name, why in left_out.items())
        raise ValueError(
            "model must hold a recurrent layer of Keras that is supported. "
            f"Got {model.name}.{reasons}"
        )
    watched = WatchedLayers(
        tuple(name for layer in layers for name in layer.names),
        left_out,
        partial(probed_layers, model, layers, probe, probe_lengths(probe)),
        is_first_rank(),
    )
    return Watch(watched, every, chunk, worker, writers)
