"""What folding over time gained, and whether it is worth its memory.

Rule: a program is folded if it takes fewer instructions by a greater factor than it takes more RAM,

    instructions as a whole / instructions folded  >  RAM folded / RAM as a whole

where RAM below what the target may have on the stack counts as that much: so much is there in any case. The products
are those of sums of products (layers); operations, RAM and ROM are counted as for the package, and instructions are
the estimate for the target.
"""

from __future__ import annotations

from typing import Any

from syncml.dataclass import dataclass
from syncml.export_c.memory import Memory
from syncml.export_c.plan import plan
from syncml.export_c.report.instructions import estimate
from syncml.export_c.report.memory import Report, report
from syncml.export_c.targets import TargetMachine
from syncml.ir.equations.folding import Folded
from syncml.ir.step.schedules import schedule_loops
from syncml.ir.step.syntax import StepProgram


@dataclass(frozen=True, slots=True)
class Folding:
    """What became of windows.

    Attributes:
        found: What is shared between ticks, and what is not.
        unfolded: The program with every window computed as a whole; None where it is the one that is exported.
        products: The products of a tick, unfolded and folded.
        declined: The folded program where it is not exported, since it takes too much memory.
    """

    found: Folded
    unfolded: StepProgram | None
    products: tuple[int, int]
    declined: StepProgram | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """Instructions and bytes of RAM of a program as a whole and folded, and whether it is to be folded."""

    instructions: tuple[int, int]
    ram: tuple[int, int]
    worth: bool


def weigh(unfolded: StepProgram, folded: StepProgram, memory: Memory, target: TargetMachine) -> Weighed:
    """Compare two forms of one program, by the rule of this module."""
    both = [_report(code, memory, target) for code in (unfolded, folded)]
    before, after = (estimate(found.work, target.instructions) for found in both)
    ram = (both[0].ram, both[1].ram)
    floored = [max(bytes_, memory.stack) for bytes_ in ram]
    return Weighed((before, after), ram, before * floored[0] > after * floored[1])


def _report(code: StepProgram, memory: Memory, target: TargetMachine) -> Report:
    return report(plan(schedule_loops(code, target.loops), memory))


def folding_document(folding: Folding, exported: Report, memory: Memory, target: TargetMachine) -> dict[str, Any]:
    """The section of the report, as values of JSON."""
    before = exported if folding.unfolded is None else _report(folding.unfolded, memory, target)
    after = exported if folding.declined is None else _report(folding.declined, memory, target)

    def both(unfolded: int, folded: int) -> dict[str, int]:
        return {"unfolded": unfolded, "folded": folded}

    return {
        "exported": "unfolded" if folding.declined is not None or not folding.found.shared else "folded",
        "products": both(*folding.products),
        "multiplications": both(before.operations.multiplications, after.operations.multiplications),
        "operations": both(before.operations.total, after.operations.total),
        "instructions": both(estimate(before.work, target.instructions), estimate(after.work, target.instructions)),
        "state": both(before.state, after.state),
        "ram": both(before.ram, after.ram),
        "rom": both(before.rom, after.rom),
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
        "instructions": "instructions, by an estimate",
        "state": "bytes of state",
        "ram": "bytes of RAM",
        "rom": "bytes of ROM",
    }
    found = [f"Windows, each as a whole and folded; exported is the {section['exported']} form"]
    for key, name in names.items():
        found.append(f"  {section[key]['unfolded']:>12,} {section[key]['folded']:>12,} {name}")
    for line in section["lines"]:
        found.append(
            f"  {line['bytes']:>12,} bytes: {line['kept']} of the {line['columns']} columns of {line['name']}, "
            f"{line['computed']} computed in a tick"
        )
    found += [f"  {reader['name']} (line {reader['line']}) {reader['reason']}" for reader in section["whole"]]
    return found
