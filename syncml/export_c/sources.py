"""Source lines in comments and maps.

Rule: a file is named by its path below the innermost folder that holds all sources of the program, so that the text
does not depend on where the project lies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath

from syncml.diagnostics.model import Span
from syncml.ir.step.syntax import Assign, Invoke, Origin, Slot, StepProgram
from syncml.ir.step.traverse import statements


@dataclass(frozen=True, slots=True)
class Sources:
    """The folder that all sources are below."""

    root: PurePath | None

    def name(self, file: str) -> str:
        """The name of a source file in the package."""
        path = PurePath(file)
        if self.root is not None and path.is_relative_to(self.root):
            return str(PurePosixPath(path.relative_to(self.root)))
        return path.name

    def line(self, span: Span) -> str:
        """``file:line``."""
        return f"{self.name(span.file)}:{span.line}"

    def describe(self, origin: Origin) -> str:
        """``stream [unit], clock: file:line``, without what there is not."""
        unit = f" [{origin.unit}]" if origin.unit else ""
        clock = f", {origin.clock}" if origin.clock and origin.clock != "base" else ""
        return f"{origin.stream}{unit}{clock}: {self.line(origin.span)}"


def origins(program: StepProgram) -> Iterable[Origin]:
    """Every origin in ``program``."""
    for machine in program.machines:
        slots: tuple[Slot, ...] = (*machine.inputs, *machine.outputs, *machine.state, *machine.locals)
        for item in (*slots, *(s for s in statements(machine.body) if isinstance(s, Assign | Invoke))):
            if item.origin is not None:
                yield item.origin


def sources(program: StepProgram) -> Sources:
    """The sources of ``program``."""
    folders = list(dict.fromkeys(PurePath(origin.span.file).parent for origin in origins(program)))
    if not folders:
        return Sources(None)
    root = folders[0]
    while not all(folder.is_relative_to(root) for folder in folders):
        if root == root.parent:
            return Sources(None)
        root = root.parent
    return Sources(root)
