"""A program that calls each inline function of the exported code with chosen arguments and knows the results.

Rule: the program includes the exported source, so it tests the functions that ship, also where no run of the node
reaches a decision in them (a NaN that the node keeps away from a ``tanh``).
"""

from __future__ import annotations

import re

from syncml.dataclass import dataclass
from syncml.export_c.draft import Draft
from syncml.export_c.evidence.value_tests import Suite, function_suite, helper_suite, test_program
from syncml.export_c.helpers import HELPERS

_INLINE = re.compile(r"static inline \w+ (\w+)\(")


@dataclass(frozen=True, slots=True)
class FunctionTests:
    """The program and the number of calls that it makes; ``untested`` are functions whose domain is not known here."""

    text: str
    cases: int
    untested: tuple[str, ...]


def function_tests(draft: Draft) -> FunctionTests:
    """The test program of a package's inline functions."""
    printed = [m.group(1) for line in draft.code[f"src/{draft.node}.c"] if (m := _INLINE.match(line.text))]
    pure = {name: each for each, name in draft.plan.functions.items()}
    suites: list[Suite] = []
    untested: list[str] = []
    for name in printed:
        if name in HELPERS:
            suites.append(helper_suite(name))
        elif name in pure and (suite := function_suite(name, pure[name])) is not None:
            suites.append(suite)
        else:
            untested.append(name)
    head = (f'#include "../src/{draft.node}.c"',)
    text = "\n".join(test_program(f"Values of the inline functions of node {draft.label}.", head, suites))
    return FunctionTests(f"{text}\n", sum(len(s.rows) for s in suites), tuple(untested))
