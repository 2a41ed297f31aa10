"""The results of a sweep, for who wants one of its runs again.

Rule: a run is made again from the files that the sweep was made from; where one of them has changed, it is refused.
What the run shows has to be what the sweep recorded, in every cell of its row and, where it was kept, at every tick.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.scenario.closed_loop import Ran
from syncml.sim.monitor import stream_names
from syncml.sweep.manifest import Manifest
from syncml.sweep.plan import Plan, Sweep, opened
from syncml.sweep.run import Settings, digest_of, manifest_of, table_of
from syncml.sweep.store import MANIFEST, damaged, read_manifest

Row = dict[str, str]
MOST_SHOWN = 8
"""How many cells that differ are told."""


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """A sweep with its results."""

    folder: Path
    manifest: Manifest
    sweep: Sweep

    @property
    def target(self) -> str:
        """The program as the command line names it."""
        path = os.path.relpath(self.sweep.plan.program)
        return f"{path}:{self.manifest.node}" if self.manifest.node else path

    def row(self, number: int) -> Row:
        """What the sweep recorded of a run.

        Raises:
            DiagnosticError: U001, there is no such run, or not yet; S008, constraints leave it out; S014, the file is
                damaged.
        """
        if not 0 <= number < self.manifest.runs:
            help_ = f"its runs are 0 to {self.manifest.runs - 1}"
            raise DiagnosticError(error("U001", f"the sweep in {self.folder} has no run {number}", help=help_))
        if not self.sweep.is_admitted(number):
            message = f"constraints leave out run {number} of the sweep in {self.folder}"
            raise DiagnosticError(error("S008", message, help="choose another one"))
        part = next((p for p in self.manifest.parts if p.number == number // self.manifest.part), None)
        if part is None:
            message = f"the results in {self.folder} do not have run {number} yet"
            raise DiagnosticError(error("U001", message, help="let the sweep go on: give its command again"))
        path = self.folder / part.file
        try:
            content = path.read_bytes()
        except OSError as fault:
            raise DiagnosticError(error("D001", f"cannot read {path}: {fault.strerror or fault}")) from fault
        if sha256(content).hexdigest() != part.sha256:
            raise damaged(path, f"it is not as {MANIFEST} says")
        rows = table_of(self.sweep, self.manifest.form).read(content)
        return next(row for row in rows if row["run"] == str(number))

    def check(self, number: int, row: Row, ran: Ran) -> str:
        """Hold a run against what was recorded; what was compared.

        Raises:
            DiagnosticError: S015, something differs.
        """
        (found,) = table_of(self.sweep, self.manifest.form).shown(self.sweep.row(number, ran))
        notes = [
            f"{name} was {row.get(name)} and is {value}" for name, value in found.items() if row.get(name) != value
        ]
        compared = f"{len(found)} columns"
        kept = next((trace for trace in self.manifest.traces if trace.run == number), None)
        if kept is not None:
            compared += ", the trace"
            if digest_of(ran.trace.only(stream_names(self.sweep.flat))) != kept.sha256:
                notes.append(f"the trace is not that in {self.folder / kept.file}")
        if notes:
            message = f"run {number} differs from what the sweep in {self.folder} recorded"
            help_ = "look for what differs between the machines: the processor, the versions of NumPy and SciPy"
            raise DiagnosticError(error("S015", message, notes=notes[:MOST_SHOWN], help=help_))
        return compared


def open_recorded(folder: Path) -> Recorded:
    """The sweep in a folder.

    Raises:
        DiagnosticError: D001, there is none; S014, it is damaged; S013, the program or the scenario has changed; and
            what is wrong with these.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        help_ = "name the folder that was the --out of `syncml sweep`"
        raise DiagnosticError(error("D001", f"there are no results of a sweep in {folder}", help=help_))
    connection = manifest.connection
    plan = Plan(
        (folder / manifest.program).resolve(),
        manifest.node,
        tuple(manifest.settings.items()),
        folder / manifest.scenario,
        None if connection is None else folder / connection,
        manifest.seed,
        manifest.runs,
    )
    sweep = opened(plan)
    now = manifest_of(sweep, Settings(folder, manifest.form, traces=manifest.most_traces, part=manifest.part))
    differing = manifest.differences(now)
    if differing:
        what, _, _, undo = differing[0]
        message = f"a run of the sweep in {folder} cannot be made again: {what} has changed"
        raise DiagnosticError(error("S013", message, help=f"{undo}, or begin anew with --restart"))
    return Recorded(folder, manifest, sweep)
