"""What visitors who ask much cost the others: the moves of a crowd without them, and beside them.

    python -m benchmarks.heavy_run --sessions 10 --moves 30

A heavy visitor opens a link to "Your model" with T = 2000, begins the run, and asks for another as
soon as it has ended. Quick movers drag `w_s` at T = 2000 as a hand does that never rests for long:
each session asks for the next picture when it has the last. The crowd moves `w_s` as in `visitors`.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from benchmarks import machine, report, side_load
from benchmarks.heavy_visitors import heavy_visitor, quick_movers
from tests.browser.serving import served

_MOVERS = 6


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    side_load.add_options(parser, rounds=3)
    parser.add_argument("--heavy-T", type=int, default=2000)
    asked = parser.parse_args()
    run, movers = "one heavy run", f"six quick movers at T = {asked.heavy_T}"
    kinds = {
        run: lambda server: heavy_visitor(server, asked.heavy_T),
        movers: lambda server: quick_movers(server, _MOVERS, asked.heavy_T),
    }
    with tempfile.TemporaryDirectory() as home, served("app.py", Path(home)) as server:
        pairs = asyncio.run(side_load.in_turns(server, kinds, asked))
    ended = sum(one.visitor.ended for one in pairs[run])
    pictures = sum(one.visitor.pictures for one in pairs[movers])
    text = "\n\n".join(
        [
            side_load.table(pairs),
            f"The aim is a ratio of at most {side_load.AIM:g} beside a heavy run. "
            f"{side_load.told(asked)} The heavy runs are those of a shipped model at "
            f"T = {asked.heavy_T}, {ended} of which ended meanwhile; the movers were sent "
            f"{pictures} pictures. On {machine.name()}, with {machine.load()}.",
        ]
    )
    errors = [
        error for several in pairs.values() for one in several for error in one.visitor.errors
    ]
    print(text, *sorted(set(errors))[:20], sep="\n")
    report.put("heavy run", text)


if __name__ == "__main__":
    main()
