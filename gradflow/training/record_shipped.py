"""Train the runs that ship: `python -m gradflow.training.record_shipped`, in some minutes."""

from __future__ import annotations

import dataclasses

from gradflow.training.run_files import save_run
from gradflow.training.runs import train
from gradflow.training.seeds import over_seeds, save_curves, seed_curves
from gradflow.training.settings import TrainingSettings
from gradflow.training.shipped import (
    CELLS,
    SEEDS,
    SETTINGS,
    START_SEEDS,
    STARTS,
    WITH_STARTS,
    path,
)


def of_cell(settings: TrainingSettings, cell: str) -> TrainingSettings:
    """The settings of an LSTM, or what an RNN has instead."""
    return dataclasses.replace(
        settings, cell=cell, forget_bias=settings.forget_bias if cell == "lstm" else None
    )


def main() -> None:
    """Write every file beside `gradflow.training.shipped`."""
    _record_runs()
    _record_starts()


def _record_runs() -> None:
    for task, settings in SETTINGS.items():
        for cell in CELLS.values():
            own = of_cell(settings, cell)
            every = [train(dataclasses.replace(own, seed=seed)) for seed in SEEDS]
            save_run(every[0], path(task, cell))
            save_curves(seed_curves(every), path(task, cell, "seeds"))
            print(task, cell, [round(run.checkpoints[-1].accuracy, 2) for run in every])


def _record_starts() -> None:
    for task in WITH_STARTS:
        for network, starts in STARTS.items():
            own = of_cell(SETTINGS[task], CELLS[network])
            for name, changes in starts.items():
                curves = over_seeds(dataclasses.replace(own, **changes), START_SEEDS)
                save_curves(curves, path(task, CELLS[network], name))
                print(task, network, name, curves.curves["accuracy"][:, -1].round(2))


if __name__ == "__main__":
    main()
