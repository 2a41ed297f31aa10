"""Templates: what a scenario file says of all of its runs, whichever form the file has.

Rule: run number i of a template is a road and a storyboard, chosen by the values of parameters that are texts, and the
numbers of the storyboard, chosen by the others. Storyboards are compiled once for each choice of texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.ir.equations.syntax import Node
from syncml.scenario.closed_loop import Scene, meeting
from syncml.scenario.connection import Ego
from syncml.scenario.expressions import Expression, Values
from syncml.scenario.load import CONNECTION, Loaded, load, load_connection
from syncml.scenario.lowered import Lowering
from syncml.scenario.model import Connection
from syncml.scenario.parameters import Setting, Variation
from syncml.scenario.points import Bits, random_bits
from syncml.scenario.quantities import read
from syncml.scenario.roads import Road
from syncml.scenario.signals import Signal
from syncml.scenario.storyboard import Storyboard
from syncml.scenario.tables import Compiled, compiled
from syncml.scenario.values import base_rate, runs_of, signal_values

MOST_TICKS = 20_000_000
"""The longest run in base ticks: more than two days at 100 Hz."""

Stage = Callable[[Mapping[str, Setting]], tuple[Road, Storyboard]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Runs of one storyboard; they differ in numbers alone.

    Attributes:
        board: The storyboard as arrays.
        runs: The numbers of the runs.
        numbers: A row for each of them: `Table.numbers`.
    """

    board: Compiled
    runs: NDArray[np.int64]
    numbers: NDArray[np.float64]


@dataclass(slots=True)
class Template:
    """A scenario file.

    Attributes:
        name: A title.
        path: The file.
        runs: The values of parameters.
        duration: The longest run, in seconds.
        seed: The seed of random inputs.
        stage: The road and the storyboard for a choice of texts; None where there are no actors.
        ego_name: The actor that the program drives.
        ego: How it drives it, and ``inputs``: what it gets; from the file, or from a connection.
    """

    name: str
    path: Path
    runs: Variation
    duration: Expression
    seed: int = 0
    stage: Stage | None = None
    ego_name: str = "ego"
    ego: Ego | None = None
    inputs: Mapping[str, Signal] = field(default_factory=dict[str, Any])
    _staged: dict[tuple[tuple[str, str], ...], Compiled] = field(default_factory=dict[Any, Compiled])

    def ticks(self, node: Node, run: int = 0) -> int:
        """The longest a run may be, in base ticks; see `lengths`."""
        return int(self.lengths(node, self.runs.numbers(run), 1)[0])

    def lengths(self, node: Node, numbers: Values, runs: int) -> NDArray[np.int64]:
        """The longest that runs may be, in base ticks, from the parameters that are numbers.

        Raises:
            DiagnosticError: S001, the node has no rate; S008, a run is no longer than nothing, or too long.
        """
        rate = float(base_rate(node))
        seconds = np.broadcast_to(self.duration.value(numbers), (runs,))
        impossible = np.flatnonzero((seconds <= 0.0) | (seconds * rate > MOST_TICKS))
        if impossible.size:
            message = f"a run of {self.path.name} lasts {seconds[impossible[0]]:g} s"
            help_ = f"a run is longer than 0 s, and has at most {MOST_TICKS:,} ticks: {MOST_TICKS / rate:,.0f} s"
            raise DiagnosticError(error("S008", message, self.duration.span or Span.point(str(self.path)), help=help_))
        return np.maximum(np.rint(seconds * rate), 1.0).astype(np.int64)

    def values(self, node: Node, ticks: int, run: int = 0, seed: int | None = None) -> dict[str, Any]:
        """The values of inputs; those that sense something are zero."""
        numbers = self.runs.numbers(run)
        return signal_values(self.inputs, node, ticks, self.seed if seed is None else seed, numbers)

    def seeds(self, runs: NDArray[np.int64], seed: int | None = None, *, own: bool = True) -> Bits:
        """The seed of each of some runs: made from that of the scenario, or another, or all the same."""
        given = self.seed if seed is None else seed
        return random_bits(given, runs.astype(np.uint64)) if own else np.full(len(runs), given, dtype=np.uint64)

    def scene(self, node: Node, run: int = 0) -> Scene | None:
        """The actors of a run, and where the program meets them; None where there are none.

        Raises:
            DiagnosticError: S007 to S012, what is wrong with the scenario for these values; S001, nothing says how the
                program meets the actors.
        """
        if self.stage is None:
            return None
        if self.ego is None:
            help_ = "write `ego: {speed: <output>}`, or name a file that says it: `--connection F.yaml`"
            message = f"nothing says how {node.label} drives the ego of {self.path.name}"
            raise DiagnosticError(error("S001", message, Span.point(str(self.path)), help=help_))
        settings = self.runs.settings(run)
        board = self._compiled(settings)
        numbers = self.runs.numbers(run)
        met = meeting(node, self.ego, self.inputs)
        return Scene(board, board.numbers(numbers), numbers, met, 1.0 / float(base_rate(node)))

    def batches(self, runs: NDArray[np.int64]) -> Iterator[Batch]:
        """The runs by storyboard: each batch has one storyboard and a row of numbers for each of its runs.

        Raises:
            DiagnosticError: S007 to S012, what is wrong with the scenario for these values.
        """
        columns = self.runs.columns(runs)
        texts = [columns[name].tolist() for name in sorted(columns.keys() - self.runs.fixed)
                 if columns[name].dtype == object]  # fmt: skip
        found: dict[tuple[Setting, ...], list[int]] = {}
        for place, key in enumerate(zip(*texts, strict=True) if texts else [()] * len(runs)):
            found.setdefault(key, []).append(place)
        for places in found.values():
            chosen = runs[places]
            settings = self.runs.settings(int(chosen[0]))
            numbers = self.runs.numeric_columns(chosen)
            board = self._compiled(settings)
            matrix = np.broadcast_to(board.numbers(numbers), (len(chosen), len(board.expressions)))
            yield Batch(board, chosen, np.ascontiguousarray(matrix))

    def stage_all(self) -> None:
        """Read what every choice of texts needs; what is wrong with one of them is told when a run takes it."""
        first = self.runs.settings(0)
        for texts in self.runs.texts() if self.stage is not None else ():
            with suppress(DiagnosticError):
                self._compiled({**first, **texts})

    def _compiled(self, settings: Mapping[str, Setting]) -> Compiled:
        texts = tuple((name, value) for name, value in sorted(settings.items()) if isinstance(value, str))
        if texts not in self._staged:
            assert self.stage is not None
            road, board = self.stage(settings)
            self._staged[texts] = compiled(road, board, self.ego_name, self.ego)
        return self._staged[texts]

    def meets(self, connection: Connection | None) -> Template:
        """The template with what a connection says where the file says nothing."""
        if connection is not None and self.stage is not None:
            self.ego = self.ego or connection.ego
            self.inputs = {**connection.inputs, **self.inputs}
        return self


def read_template(path: Path, connection: Connection | None = None) -> Template:
    """Read a scenario file: YAML or JSON, or OpenSCENARIO XML.

    Raises:
        DiagnosticError: the file, or something in it, is wrong; with its line.
    """
    if path.suffix.lower() == ".xosc":
        from syncml.scenario.openscenario.document import read_openscenario

        return read_openscenario(path).meets(connection)
    return of_scenario(load(path)).meets(connection)


def of_scenario(loaded: Loaded) -> Template:
    """The template of a scenario file of the project's own form."""
    scenario = loaded.scenario

    def stage(settings: Mapping[str, Setting]) -> tuple[Road, Storyboard]:
        lowering = Lowering(loaded, settings)
        return lowering.road(), lowering.storyboard()

    runs = runs_of(scenario)
    found = Template(
        scenario.name,
        loaded.source.path,
        runs,
        read(scenario.duration, "s", loaded.source.span("duration")),
        scenario.seed,
        stage if scenario.actors else None,
        "ego",
        scenario.ego,
        scenario.inputs,
    )
    if found.stage is not None:
        # A fault of the file is told before anything runs.
        road, board = found.stage(runs.settings(0))
        driven = "ego" if scenario.ego is not None else None
        _ = compiled(road, board, driven, scenario.ego).numbers(runs.numbers(0))
    return found


def find_connection(given: Path | None, program: Path) -> Connection | None:
    """How a program meets actors: the file that was given, or ``connection.yaml`` beside the program."""
    if given is not None:
        return load_connection(given)
    beside = program.parent / CONNECTION
    return load_connection(beside) if beside.is_file() else None
