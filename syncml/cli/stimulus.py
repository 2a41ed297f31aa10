"""What drives a run: a scenario file, a CSV file, or both, and for how many ticks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from syncml.cli.declared import Option
from syncml.dataclass import dataclass
from syncml.diagnostics import DiagnosticError, error

if TYPE_CHECKING:
    from syncml.ir.equations.syntax import Node
    from syncml.scenario.closed_loop import Scene
    from syncml.scenario.model import Connection
    from syncml.sim.inputs import Raw

ScenarioOption = Annotated[
    Path | None,
    Option(
        "--scenario", metavar="F", help="Signals for the inputs, roads and actors: .yaml or .xosc.", show_default=False
    ),
]
ConnectionOption = Annotated[
    Path | None,
    Option(
        "--connection",
        metavar="F.yaml",
        help="How the program meets actors; connection.yaml beside it.",
        show_default=False,
    ),
]
InputOption = Annotated[
    Path | None,
    Option("--input", metavar="F.csv", help="Values of inputs, one row a tick.", show_default=False),
]
StepsOption = Annotated[
    int | None,
    Option("--steps", metavar="N", min=1, help="Base ticks; the length of the inputs.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class Stimulus:
    """The inputs of a run, and the actors among which it takes place."""

    values: Raw
    ticks: int
    scene: Scene | None = None


def stimulus(
    node: Node,
    scenario: Path | None,
    table: Path | None,
    steps: int | None,
    seed: int | None,
    connection: Connection | None = None,
    run: int = 0,
) -> Stimulus:
    """Read the files that drive a run; a column of the CSV file takes the place of a signal of the scenario.

    Raises:
        DiagnosticError: a file is missing, malformed or does not fit the node (D001, D002, S001 to S003), or nothing
            says how long the run is (U001).
    """
    import numpy as np

    from syncml.scenario.templates import read_template
    from syncml.sim.formats import read_csv

    rows = {} if table is None else read_csv(table, node)
    ticks = steps
    values: Raw = rows
    scene: Scene | None = None
    if scenario is not None:
        template = read_template(scenario, connection)
        if run >= template.runs.count:
            help_ = f"its runs are 0 to {template.runs.count - 1}"
            raise DiagnosticError(error("U001", f"{scenario.name} has no run {run}", help=help_))
        if not template.runs.admitted(np.array([run]))[0]:
            message = f"constraints leave out run {run} of {scenario.name}"
            chosen = ", ".join(f"{n} = {v}" for n, v in template.runs.settings(run).items())
            raise DiagnosticError(error("S008", message, notes=[chosen], help="choose another one by --run"))
        ticks = ticks or template.ticks(node, run)
        values = template.values(node, ticks, run, seed) | rows
        scene = template.scene(node, run)
    elif ticks is None and rows:
        ticks = min(len(column) for column in rows.values())
    if ticks is None:
        advice = "give --scenario F.yaml, --input F.csv, or --steps N for a node without inputs"
        raise DiagnosticError(error("U001", "nothing says how long to run", help=advice))
    return Stimulus(values, ticks, scene)
