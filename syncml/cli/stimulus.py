"""What drives a run: a scenario file, a CSV file, or both, and for how many ticks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncml.diagnostics import DiagnosticError, error

if TYPE_CHECKING:
    from syncml.ir.equations.syntax import Node
    from syncml.sim.inputs import Raw

ScenarioOption = Annotated[
    Path | None,
    typer.Option("--scenario", metavar="F.yaml", help="Signals over time for the inputs.", show_default=False),
]
InputOption = Annotated[
    Path | None,
    typer.Option("--input", metavar="F.csv", help="Values of inputs, one row a tick.", show_default=False),
]
StepsOption = Annotated[
    int | None,
    typer.Option("--steps", metavar="N", min=1, help="Base ticks; the length of the inputs.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class Stimulus:
    """The inputs of a run."""

    values: Raw
    ticks: int


def stimulus(node: Node, scenario: Path | None, table: Path | None, steps: int | None, seed: int | None) -> Stimulus:
    """Read the files that drive a run; a column of the CSV file takes the place of a signal of the scenario.

    Raises:
        DiagnosticError: a file is missing, malformed or does not fit the node (D001, D002, S001 to S003), or nothing
            says how long the run is (U001).
    """
    from syncml.sim.formats import read_csv
    from syncml.sim.scenario import inputs_of, load_scenario, ticks_of

    rows = {} if table is None else read_csv(table, node)
    ticks = steps
    values: Raw = rows
    if scenario is not None:
        loaded = load_scenario(scenario)
        ticks = ticks or ticks_of(loaded, node)
        values = inputs_of(loaded, node, ticks, seed) | rows
    elif ticks is None and rows:
        ticks = min(len(column) for column in rows.values())
    if ticks is None:
        advice = "give --scenario F.yaml, --input F.csv, or --steps N for a node without inputs"
        raise DiagnosticError(error("U001", "nothing says how long to run", help=advice))
    return Stimulus(values, ticks)
