"""The command `gradflow report`."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NoReturn

from gradflow.losses import BinaryCrossEntropy, Loss, SoftmaxCrossEntropy, SquaredError, UnitLoss
from gradflow.report.offline_page import html_page
from gradflow.surveys import Survey, survey
from gradflow.surveys.conditions import Condition, condition_of
from gradflow.surveys.data_files import samples_in
from gradflow.surveys.report_contents import summary
from gradflow.surveys.settings import LENGTHS
from gradflow.weights import load

# What the command ends with: a condition of --fail-if holds, and nothing can be told.
FAILED, REFUSED = 3, 2

_LOSSES: Mapping[str, Callable[[Any], Loss]] = {
    "squared": SquaredError,
    "binary": BinaryCrossEntropy,
    "softmax": SoftmaxCrossEntropy,
}

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class SentenceParser(argparse.ArgumentParser):
    """Answers a bad argument with one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(REFUSED, f"{self.prog}: {' '.join(message.split())}\n")


def main(arguments: Sequence[str]) -> None:
    """Survey a file of sequences and write a report.

    Raises
    ------
    SystemExit
        With code 3 where a condition of --fail-if holds, and 2 where something cannot be read.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        seen = _surveyed(options)
        held = [condition.text for condition in options.fail_if if condition.holds(seen)]
        _write(seen, options.output, f"{options.model.name} on {options.sequences.name}")
    except (ValueError, OSError, ImportError) as error:
        parser.error(str(error))
    print(*summary(seen)["verdict"], sep="\n")
    if held:
        parser.exit(FAILED, f"{parser.prog}: {'; '.join(held)}\n")


def _parser() -> argparse.ArgumentParser:
    parser = SentenceParser(
        prog="gradflow report",
        description="Say what a data set shows of a model's gradients, in one file.",
        allow_abbrev=False,
    )
    parser.add_argument("model", type=Path, help="file of weights, as gradflow.load reads it")
    parser.add_argument(
        *("--sequences", "-s"),
        type=Path,
        required=True,
        help=".npy of shape (N, T) or (N, T, D), or .npz of x, lengths, y and mask",
    )
    parser.add_argument(
        *("--output", "-o"), type=Path, help="report.html, report.json or report.npz"
    )
    parser.add_argument("--prefix", help="the recurrent module, where the file has several")
    parser.add_argument("--readout", help="the linear layer of the file to read out with")
    losses = parser.add_mutually_exclusive_group()
    losses.add_argument("--loss", choices=_LOSSES, help="a loss with the targets y of the file")
    losses.add_argument("--output-number", type=int, metavar="N", help="the output that counts")
    parser.add_argument("--last", action="store_true", help="the loss of the last step alone")
    parser.add_argument(
        "--chunk",
        type=int,
        action="append",
        default=[],
        metavar="STEPS",
        help="length to cut gradients at, beside the powers of 2 up to it, or to 512",
    )
    parser.add_argument(
        "--fail-if",
        type=_condition,
        action="append",
        default=[],
        metavar="CONDITION",
        help=f'end with code {FAILED} where it holds in a layer: "share_beyond(64) > 0.05"',
    )
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="default: 1")
    return parser


def _condition(text: str) -> Condition:
    try:
        return condition_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _surveyed(options: argparse.Namespace) -> Survey:
    model = load(options.model, prefix=options.prefix, readout=options.readout)
    outputs = len(model.readout.w_o) if model.readout.w_o.ndim == 2 else 1
    if outputs > 1 and options.loss is None and options.output_number is None:
        raise ValueError(
            f"The readout has {outputs} outputs, whose sum says nothing of a classifier: give "
            "--loss with targets y, or --output-number."
        )
    samples = samples_in(options.sequences, _LOSSES.get(options.loss))
    with _workers(options.processes) as executor:
        return survey(
            model,
            samples,
            UnitLoss(output=options.output_number),
            "last" if options.last else None,
            lengths=_lengths(options),
            executor=executor,
            in_flight=2 * options.processes,
        )


def _lengths(options: argparse.Namespace) -> list[int]:
    """The powers of 2 up to the longest chunk that is asked for, and what is asked for."""
    asked = options.chunk + [
        int(condition.at)
        for condition in options.fail_if
        if condition.at is not None and condition.name != "horizon"
    ]
    most = max(asked, default=LENGTHS[-1])
    return sorted({*asked, *(length for length in LENGTHS if length <= most)})


@contextmanager
def _workers(count: int) -> Iterator[Executor | None]:
    """Processes that work side by side, each with one thread: together they fill the machine."""
    if count < 1:
        raise ValueError(f"--processes must be a whole number from 1 on. Got {count}.")
    if count == 1:
        yield None
        return
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            yield pool
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _write(seen: Survey, path: Path | None, title: str) -> None:
    if path is None:
        return
    if path.suffix == ".npz":
        seen.save(path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(summary(seen), indent=1, allow_nan=False), encoding="utf-8")
    elif path.suffix == ".html":
        path.write_text(html_page(seen, summary(seen), title), encoding="utf-8")
    else:
        raise ValueError(f"--output must end in .html, .json or .npz. Got {str(path)!r}.")
