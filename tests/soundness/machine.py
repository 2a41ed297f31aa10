"""A program as compiled C that shows, at every tick, whether each clause of a contract holds.

What runs is what ships: step code, printed as C and compiled. A clause is true where it is absent.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.export_c.package import Package, package
from syncml.export_c.runner import build
from syncml.export_c.vectors import Vectors, decode_results, encode
from syncml.ir.equations.syntax import Node, Program, Property, PropertyKind, Var
from syncml.pipeline import Checked, on_machine, step_code
from syncml.verify.additions import Additions
from syncml.verify.instrument import instrumented
from syncml.verify.replay import qualified

Arrays = Mapping[str, NDArray[Any]]
"""Values by name; the first axis is the tick."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The executable of a flat node.

    Attributes:
        node: The node with its run-time checks; the run is judged by its clauses.
        shown: For each clause the name of the output that says whether it holds.
    """

    node: Node
    shown: Mapping[Property, str]
    exported: Package
    folder: Path
    executable: Path

    @staticmethod
    def of(node: Node, folder: Path) -> Machine:
        """Compile a flat node and its clauses in ``folder``."""
        checked = instrumented(node)[0].node
        made = Additions(checked)
        lifted: dict[Property, Var] = {p: made.lifted(p) for p in checked.properties}
        observed = replace(
            checked,
            outputs=tuple(dict.fromkeys(lifted.values())),
            equations=tuple(made.equations),
            properties=(),
            clocks=MappingProxyType(made.clocks),
        )
        program = on_machine(Checked(Program((observed,), observed.name)))
        exported = package(step_code(program, flat=True))
        shown = {p: v.name for p, v in lifted.items()}
        return Machine(checked, shown, exported, folder, build(exported, folder, "gcc", ("-O1",)))

    def run(self, inputs: Arrays, ticks: int) -> Mapping[Property, NDArray[np.bool_]]:
        """Whether each clause holds at each tick."""
        vectors, results = self.folder / "vectors.bin", self.folder / "results.bin"
        vectors.write_bytes(encode(self.exported.leaves, Vectors(ticks, inputs)))
        subprocess.run([str(self.executable), str(vectors), str(results)], check=True, capture_output=True)
        outputs = decode_results(self.exported.leaves, results.read_bytes()).outputs
        return {p: np.asarray(outputs[name], dtype=np.bool_) for p, name in self.shown.items()}

    def clauses(self) -> dict[str, Property]:
        """What is to be proved, by the names of reports."""
        return {qualified(p): p for p in self.shown if p.kind is not PropertyKind.ASSUME}


def within(held: Mapping[Property, NDArray[np.bool_]], ticks: int) -> int:
    """For how many ticks a run meets all assumptions."""
    broken = [int(np.argmin(h)) for p, h in held.items() if p.kind is PropertyKind.ASSUME and not h.all()]
    return min(broken, default=ticks)
