"""`lightning_callback`: what has Lightning's Trainer call a watch."""

from __future__ import annotations

from typing import Any

from gradflow.watching import Watch


def lightning_callback(watch: Watch) -> Any:
    """A callback that counts the updates of a Lightning Trainer, and closes the watch at the end.

    Parameters
    ----------
    watch : Watch
        Of the module that is trained.

    Returns
    -------
    lightning.pytorch.Callback
        For `Trainer(callbacks=[..])`. With gradients accumulated over several batches an update is
        counted where the optimizer is stepped.
    """
    from lightning.pytorch import Callback

    class WatchCallback(Callback):  # type: ignore[misc, unused-ignore]
        def on_train_batch_end(self, trainer: Any, *arguments: Any, **named: Any) -> None:
            while watch.updates < trainer.global_step:
                watch.step()

        def on_fit_end(self, trainer: Any, *arguments: Any, **named: Any) -> None:
            watch.close()

    return WatchCallback()
