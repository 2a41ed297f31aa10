"""A program that learns, compiled, with its data: what a training run executes.

Rule: tick n of a run reads row n modulo the number of rows; so data is read again and again, and how ticks are grouped
into calls changes no bit. The number of updates is the number of ends of the segments of the first parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, DiagnosticError, Label, Severity, Span, error
from syncml.ir.equations.parameters import first_values
from syncml.ir.equations.syntax import Fby, Merge, Node, Var
from syncml.ir.types import FLOATS, element, shape
from syncml.networks.weights import read_tensors
from syncml.pipeline import Checked
from syncml.sim.compiled import Simulation, compile_program
from syncml.sim.formats import read_csv
from syncml.sim.trace import Trace

Values = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Data:
    """The rows of the inputs; none for a program without inputs."""

    columns: Mapping[str, Any]
    rows: int
    digest: str

    def window(self, start: int, ticks: int) -> dict[str, Any]:
        """What the inputs are in ``ticks`` ticks from ``start`` on."""
        if not self.columns:
            return {}
        index = np.arange(start, start + ticks) % self.rows
        found: dict[str, Any] = {}
        for name, column in self.columns.items():
            found[name] = column[index] if isinstance(column, np.ndarray) else [column[i] for i in index.tolist()]
        return found


def read_data(path: Path | None, node: Node) -> Data:
    """The inputs of ``node`` from a CSV or NPZ file.

    Raises:
        DiagnosticError: D001, D002 or D004, it cannot be read; S002, an input has no values; U001, there are inputs
            and no file.
    """
    if path is None:
        if node.inputs:
            names = ", ".join(f"`{var.name}`" for var in node.inputs)
            message = f"`{node.label}` has inputs, and nothing gives their values: {names}"
            raise DiagnosticError(error("U001", message, help="give --input data.csv or --input data.npz"))
        return Data({}, 0, "")
    tables: Mapping[str, Any] = read_csv(path, node) if path.suffix == ".csv" else read_tensors(path)
    columns = {var.name: tables[var.name] for var in node.inputs if var.name in tables}
    missing = [var for var in node.inputs if var.name not in columns]
    if missing:
        help_ = f"it has to have {', '.join(f'`{var.name}`' for var in node.inputs)}, one row a tick"
        raise DiagnosticError(
            *(error("S002", f"{path.name} has no values for the input `{v.name}`", v.span, help=help_) for v in missing)
        )
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1 or not min(lengths):
        text = ", ".join(f"`{name}` {len(column)}" for name, column in columns.items())
        message = f"the inputs in {path.name} have no common number of rows: {text}"
        raise DiagnosticError(error("D002", message, Span.point(str(path)), help="write one row a tick of each"))
    return Data(columns, lengths.pop(), sha256(path.read_bytes()).hexdigest())


class Learner:
    """A compiled program in the middle of its run.

    Raises:
        DiagnosticError: U001, no output is the loss.

    Attributes:
        checked: The program.
        simulation: What runs.
        data: Its inputs.
        loss: The output that is watched.
        curves: The outputs that have a curve: numbers, the loss first.
        at: How many ticks have run.
        updates: How many updates there have been.
    """

    def __init__(self, checked: Checked, data: Data, loss: str | None) -> None:
        self.checked = checked
        self.data = data
        main = checked.main
        self.curves = _curves(main, loss)
        self.loss = self.curves[0]
        self._ends = _ends(checked.flat)
        watched = frozenset[str]() if self._ends is None else frozenset({self._ends})
        self.simulation: Simulation = compile_program(checked.program, watched)
        self.at = 0
        self.updates = 0

    def run(self, ticks: int) -> Trace:
        """Run for so many ticks."""
        trace = self.simulation.run(self.data.window(self.at, ticks), ticks)
        self.at += ticks
        if self._ends is not None:
            column = trace.column(self._ends)
            self.updates += int(np.count_nonzero(np.asarray(column.values, np.bool_) & column.present))
        return trace

    @property
    def unlearned(self) -> Diagnostic | None:
        """S019, if there is no parameter to learn, or no update has come since the first segment has not ended."""
        known = self.checked.flat.parameters
        learned = [p for p in known if not p.frozen]
        main = self.checked.main
        if not learned:
            why = "every parameter is frozen" if known else "it has no parameter"
            help_ = "leave out frozen=True" if known else "declare what is learned: w = parameter(batch, init=...)"
            span, label = (known[0].var.span, "it keeps its value") if known else (main.span, "")
            return _warning(f"`{main.label}` has no weights to keep: {why}", Label(span, label), help_)
        if self._ends is None or self.updates:
            return None
        label = f"`{learned[0].name}` changes at the end of a segment, and none has ended"
        message = f"the run of {self.at} ticks is over before the first update"
        help_ = "train for more --steps or --epochs, or write shorter segments"
        return _warning(message, Label(learned[0].var.span, label), help_)

    def weights(self) -> dict[str, Values]:
        """The parameters as they are now, by name; one that nothing reads is as it was at first."""
        state = self.simulation.state()
        found: dict[str, Values] = {}
        for name, first in first_values(self.checked.program).items():
            found[name] = np.asarray(first.machine())
        for parameter in self.simulation.node.parameters:
            if parameter.var.name in state:
                found[parameter.name] = np.asarray(state[parameter.var.name])
        return found

    def digest(self) -> str:
        """A number for the program, its first values and its data."""
        return sha256(f"{self.simulation.digest()} {self.data.digest}".encode()).hexdigest()


def _warning(message: str, label: Label, help_: str) -> Diagnostic:
    return Diagnostic("S019", Severity.WARNING, message, label, help=help_)


def _curves(main: Node, loss: str | None) -> tuple[Var, ...]:
    """The outputs that are numbers, the loss first."""
    numbers = {v.name: v for v in main.outputs if not shape(v.type) and element(v.type) in FLOATS}
    known = ", ".join(f"`{name}`" for name in numbers) or "none"
    if loss is not None and loss not in numbers:
        message = f"`{main.label}` has no output `{loss}` that is one number"
        raise DiagnosticError(error("U001", message, help=f"give --loss one of these: {known}"))
    if not numbers:
        message = f"`{main.label}` has no output that is one number, so nothing shows how it learns"
        raise DiagnosticError(error("U001", message, help="return the loss"))
    chosen = loss or ("loss" if "loss" in numbers else next(iter(numbers)))
    return (numbers[chosen], *(var for name, var in numbers.items() if name != chosen))


def _ends(flat: Node) -> str | None:
    """The stream that is true at the ends of the segments of the first parameter that is learned."""
    definition = {target: e.rhs for e in flat.equations for target in e.targets}
    for parameter in flat.parameters:
        memory = definition.get(parameter.var)
        held = (
            definition.get(memory.following) if isinstance(memory, Fby) and isinstance(memory.following, Var) else None
        )
        if not parameter.frozen and isinstance(held, Merge):
            return held.condition.name
    return None
