"""What folding over time gained: the same figures for the program with every window computed as a whole.

Rule: the products are those of sums of products (layers); operations, RAM and ROM are counted as for the package.
The cycles are an estimate by which two forms of one program compare: one for each operation, and `FUNCTION` for each
call of an elementary function.
"""

from __future__ import annotations

from typing import Any

from syncml.dataclass import dataclass
from syncml.export_c.memory import Memory
from syncml.export_c.plan import plan
from syncml.export_c.report.memory import Report, report
from syncml.export_c.report.operations import Operations
from syncml.ir.equations.folding import Folded
from syncml.ir.equations.work import FUNCTION
from syncml.ir.step.schedules import schedule_loops
from syncml.ir.step.schedules.table import LoopTable
from syncml.ir.step.syntax import StepProgram


@dataclass(frozen=True, slots=True)
class Folding:
    """What became of windows.

    Attributes:
        found: What is shared between ticks, and what is not.
        unfolded: The program with every window computed as a whole; None where it is the one that is exported.
        products: The products of a tick, unfolded and as exported.
    """

    found: Folded
    unfolded: StepProgram | None
    products: tuple[int, int]


def folding_document(folding: Folding, exported: Report, memory: Memory, loops: LoopTable) -> dict[str, Any]:
    """The section of the report, as values of JSON."""
    before = exported
    if folding.unfolded is not None:
        before = report(plan(schedule_loops(folding.unfolded, loops), memory))

    def both(unfolded: int, folded: int) -> dict[str, int]:
        return {"unfolded": unfolded, "folded": folded}

    return {
        "products": both(*folding.products),
        "multiplications": both(before.operations.multiplications, exported.operations.multiplications),
        "operations": both(before.operations.total, exported.operations.total),
        "cycles": both(_cycles(before.operations), _cycles(exported.operations)),
        "state": both(before.state, exported.state),
        "ram": both(before.ram, exported.ram),
        "rom": both(before.rom, exported.rom),
        "lines": [
            {"name": s.name, "columns": s.columns, "computed": s.computed, "kept": s.kept, "bytes": s.bytes}
            for s in folding.found.shared
            if s.kept
        ],
        "whole": [{"name": w.name, "line": w.span.line, "reason": w.reason} for w in folding.found.whole],
    }


def folding_lines(section: dict[str, Any]) -> list[str]:
    """The section for a reader."""
    names = {
        "products": "products of layers",
        "multiplications": "multiplications",
        "operations": "operations",
        "cycles": "cycles, by an estimate",
        "state": "bytes of state",
        "ram": "bytes of RAM",
        "rom": "bytes of ROM",
    }
    found = ["Windows, each as a whole and folded"]
    for key, name in names.items():
        found.append(f"  {section[key]['unfolded']:>12,} {section[key]['folded']:>12,} {name}")
    for line in section["lines"]:
        found.append(
            f"  {line['bytes']:>12,} bytes: {line['kept']} of the {line['columns']} columns of {line['name']}, "
            f"{line['computed']} computed in a tick"
        )
    found += [f"  {reader['name']} (line {reader['line']}) {reader['reason']}" for reader in section["whole"]]
    return found


def _cycles(cost: Operations) -> int:
    calls = sum(number for _, number in cost.calls)
    return cost.total + (FUNCTION - 1) * calls
