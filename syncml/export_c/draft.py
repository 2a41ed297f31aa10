"""What every file of a package is made from, and the one form in which a file is added.

Rule: a package is the union of what its parts give. A `Part` is a pure function from the `Draft` to files by their
paths inside of the package (``src/pid.c``); no part sees another's files, and no two give the same path. To add
a file, write a part and put it into `syncml.export_c.package.PARTS`, or, where it needs what this layer does not know,
hand it over in `Options.parts`. Rules of make go into a file ``harness/*.mk`` or ``evidence/*.mk``, which the makefile
includes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from importlib.resources import files
from types import MappingProxyType
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.export_c.integers import Integers
from syncml.export_c.leaves import Leaves
from syncml.export_c.memory import Memory
from syncml.export_c.plan import Plan
from syncml.export_c.printer import Line
from syncml.export_c.regions import Placed
from syncml.export_c.report.folding import Folding
from syncml.export_c.report.memory import Report
from syncml.export_c.sources import Sources
from syncml.export_c.targets import HOST, TargetMachine
from syncml.export_c.vectors import Vectors

Files: TypeAlias = Mapping[str, bytes]
"""The contents of files by their paths in the package, with ``/`` between folders."""


@dataclass(frozen=True, slots=True)
class Options:
    """What an export may be asked for.

    Attributes:
        vectors: The recorded run that ``make check`` replays.
        target: The machine that the package is made for.
        memory: How memory is laid out.
        folding: What became of the windows of the program, for the report.
        integers: What the inputs and outputs of quantised networks stand for, by name.
        parts: Parts beside those that every package has.
    """

    vectors: Vectors | None = None
    target: TargetMachine = HOST
    memory: Memory = Memory()
    folding: Folding | None = None
    integers: Mapping[str, Integers] = field(default_factory=lambda: MappingProxyType({}))
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A package before it is files.

    Attributes:
        plan: All names and interfaces.
        origins: How source files are named.
        leaves: What goes in, comes out and is remembered.
        code: The lines of C by path: ``include/<node>.h``, ``src/<node>.c``, and those of constant arrays.
        links_math: Whether the code calls ``sqrt`` or ``sqrtf``.
        report: What it costs.
        regions: Where state and constants lie, where regions are given.
        options: What was asked for.
    """

    plan: Plan
    origins: Sources
    leaves: Leaves
    code: Mapping[str, tuple[Line, ...]]
    links_math: bool
    report: Report
    regions: tuple[Placed, ...]
    options: Options

    @property
    def node(self) -> str:
        """The name of the node in C."""
        return self.plan.prefix

    @property
    def label(self) -> str:
        """The name of the node in the program."""
        return self.plan.main.machine.label or self.plan.main.machine.name

    @property
    def compiled(self) -> tuple[str, ...]:
        """The paths of the files that a compiler is given, in order."""
        saving = [f"src/{self.node}_state.c"] if self.leaves.stored else []
        return tuple(sorted([*(path for path in self.code if path.endswith(".c")), *saving]))


Part: TypeAlias = Callable[[Draft], Files]


def template(name: str, values: Mapping[str, str]) -> bytes:
    """The file ``name`` of ``templates``, with a value in the place of each ``@KEY@``."""
    text = (files("syncml.export_c") / "templates" / name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text.encode()
