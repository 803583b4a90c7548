"""Train the runs that ship: `python -m gradflow.training.record_shipped`, in some minutes."""

from __future__ import annotations

import dataclasses

from gradflow.training.run_files import save_run
from gradflow.training.runs import train
from gradflow.training.seeds import save_curves, seed_curves
from gradflow.training.settings import TrainingSettings
from gradflow.training.shipped import CELLS, SEEDS, SETTINGS, path


def of_cell(settings: TrainingSettings, cell: str) -> TrainingSettings:
    """The settings of an LSTM, or what an RNN has instead."""
    return dataclasses.replace(
        settings, cell=cell, forget_bias=settings.forget_bias if cell == "lstm" else None
    )


def main() -> None:
    """Write every file beside `gradflow.training.shipped`."""
    for task, settings in SETTINGS.items():
        for cell in CELLS.values():
            own = of_cell(settings, cell)
            every = [train(dataclasses.replace(own, seed=seed)) for seed in SEEDS]
            save_run(every[0], path(task, cell))
            save_curves(seed_curves(every), path(task, cell, "seeds"))
            print(task, cell, [round(run.checkpoints[-1].accuracy, 2) for run in every])


if __name__ == "__main__":
    main()
