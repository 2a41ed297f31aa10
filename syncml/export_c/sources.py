"""Source lines in comments and maps.

Rule: a file below the folder of the program is named by its path from there, a file of the library by its import path
``syncml/...``, and any other by its name alone. So the text does not depend on where project and library lie.
"""

from __future__ import annotations

from pathlib import PurePath, PurePosixPath

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.step.syntax import Origin, StepProgram

_LIBRARY = PurePath(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Sources:
    """The folder of the program."""

    root: PurePath

    def name(self, file: str) -> str:
        """The name of a source file in the package."""
        path = PurePath(file)
        if path.is_relative_to(_LIBRARY):
            return str(PurePosixPath(_LIBRARY.name, path.relative_to(_LIBRARY)))
        if path.is_relative_to(self.root):
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


def sources(program: StepProgram) -> Sources:
    """The sources of ``program``, whose folder is that of the main node."""
    return Sources(PurePath(program.machines[-1].span.file).parent)
