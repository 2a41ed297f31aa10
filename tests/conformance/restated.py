"""Suites in another syntax: which of our own programs state each of their cases.

Heptagon's `test/bad` holds one ill-formed program in each file. A case is the same if a program of `tests/reject` is
about it and is rejected as its first letters say; what our language has no counterpart of is not comparable. A file
that is not listed is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from syncml.diagnostics import DiagnosticError
from syncml.pipeline import check, load
from tests.conformance.outcome import Outcome, Result

REJECT = Path(__file__).resolve().parents[1] / "reject"
LINEAR = "types of memory that is updated in place; here an update is a value, and the compiler finds the place"
PYTHON = "two parameters of one name are no Python"

HEPTAGON: dict[str, tuple[str, ...] | str] = {
    "bad_array_power": ("l013_shape",),
    "bad_flatten": ("l007_stream_of_a_mode",),
    "bad_merge1": ("t004_another_enumeration",),
    "bad_merge2": ("c003_same_branch_twice", "l021_twice"),
    "bad_merge3": ("c003_merge",),
    "bad_param_ident": PYTHON,
    "causality": ("k001_through_three_calls",),
    "clock_annot": ("c001_equal_conditions",),
    "clock_causality": ("c001_clock_of_a_result", "k001_condition_from_what_it_selects"),
    "clock_dep": ("c001_clock_of_a_result",),
    "clocking": ("c001_memory_of_another_clock",),
    "flatten": ("k001_through_nested_blocks",),
    "linear_acc": LINEAR,
    "linear_autom": LINEAR,
    "linear_causality": LINEAR,
    "linear_fun": LINEAR,
    "linear_init": LINEAR,
    "linear_map": LINEAR,
    "linear_mapfold": LINEAR,
    "side_effect": ("l023_external",),
    "t1": ("l006_twice",),
    "t10-initialization": ("i001_last_without_a_first_value", "i001_memory_of_a_mode"),
    "t11-initialization": ("i001_last_without_a_first_value",),
    "t12-initialization": ("i001_argument_of_a_sum",),
    "t2": ("k001_strong_transition",),
    "t3": ("t004_unknown_mode",),
    "t4": ("l021_other_automaton",),
    "t5": ("l021_from_inside_out",),
    "t6": ("t006_condition_of_a_number",),
    "t7": PYTHON,
    "t8-causality": ("k001_in_one_mode",),
    "t9-initialization": ("i001_bare_pre",),
    "when_merge1": ("c003_enumeration",),
}


def heptagon(folder: Path) -> Iterator[Outcome]:
    """`test/bad`, file by file."""
    for path in sorted(folder.glob("*.ept")):
        stated = HEPTAGON.get(path.stem)
        if stated is None:
            yield Outcome(path.name, Result.NOT_READ, "no program of ours states it")
        elif isinstance(stated, str):
            yield Outcome(path.name, Result.NOT_COMPARED, stated)
        else:
            wrong = [name for name in stated if not _is_rejected(name)]
            yield Outcome(path.name, Result.DIFFERENT if wrong else Result.SAME, ", ".join(wrong or stated))


def _is_rejected(name: str) -> bool:
    """Whether a program is rejected with the code that its name begins with."""
    try:
        check(load(str(REJECT / f"{name}.py")))
    except DiagnosticError as fault:
        return name[:4].upper() in {d.code for d in fault.diagnostics}
    return False
