"""Many runs of one program at once, for what the command line says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from syncml.cli.stimulus import Stimulus

if TYPE_CHECKING:
    from syncml.pipeline import Checked

TOGETHER = 256
"""Runs whose inputs are in memory together."""


def clean_runs(checked: Checked, drive: Callable[[int], Stimulus], runs: int) -> frozenset[int]:
    """The runs in which no clause of a contract fails, nor any input lacks a value.

    Args:
        checked: The program.
        drive: The inputs of a run.
        runs: How many runs there are.

    Raises:
        DiagnosticError: S001 to S003 where the inputs do not fit, U001 where there are actors.
    """
    from syncml.scenario.runners import without_actors
    from syncml.sim.inputs import prepare
    from syncml.sim.lanes.many import compile_many

    program = compile_many(checked.program, contracts=True)

    def groups() -> Iterator[range]:
        for first in range(0, runs, TOGETHER):
            yield range(first, min(runs, first + TOGETHER))

    clean: set[int] = set()
    for group in groups():
        driven = [drive(number) for number in group]
        for each in driven:
            without_actors(each.scene)
        ticks = driven[0].ticks
        columns = [prepare(checked.main, each.values, ticks) for each in driven]
        inputs = {v.name: np.stack([c[v].values for c in columns]) for v in checked.main.inputs}
        found = program.run(inputs, len(group), ticks)
        complete = [all(column.present.all() for column in c.values()) for c in columns]
        for place, number in enumerate(group):
            if complete[place] and not any(counts[place] for counts in found.failures.values()):
                clean.add(number)
    return frozenset(clean)
