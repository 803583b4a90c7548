"""`fit_callback`: what has `Model.fit` call a watch."""

from __future__ import annotations

from typing import Any

import keras

from gradflow.watching import Watch


def fit_callback(watch: Watch) -> keras.callbacks.Callback:
    """A callback that counts the updates of `Model.fit`.

    Parameters
    ----------
    watch : Watch
        Of the model that is trained. It goes on from one call of `fit` to the next, until it is
        closed.

    Returns
    -------
    keras.callbacks.Callback
        For `fit(.., callbacks=[..])`. With gradients accumulated over several batches an update is
        counted where the optimizer changes the weights.

    See Also
    --------
    gradflow.keras.watch : An example.
    """
    return _FitCallback(watch)


class _FitCallback(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch
        self._before = 0  # updates of the optimizer that the watch has not counted

    def on_train_begin(self, logs: Any = None) -> None:
        self._before = self._updates() - self._watch.updates

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        while self._watch.updates < self._updates() - self._before:
            self._watch.step()

    def _updates(self) -> int:
        return int(self.model.optimizer.iterations)
