"""Counterexamples as regression tests: a property is judged on given inputs by the interpreter alone.

Rule: the program is prepared as `driver` prepares it (contracts for abstract nodes, run-time checks), run on the
inputs, and the property looked up by name; so a test passes as soon as the program is repaired.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pprint import pformat
from typing import Any

from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.equations.syntax import Program, PropertyKind
from syncml.verify.abstraction import opened
from syncml.verify.instrument import instrumented
from syncml.verify.replay import Replay, first_failure, qualified
from syncml.verify.verdicts import Result, Violated


def first_violation(
    program: Program,
    property_: str,
    inputs: Mapping[str, Sequence[Any]],
    ticks: int,
    replay: Replay,
    abstract: Sequence[str] = (),
) -> int | None:
    """The first tick at which a property of the main node is false on a run; None if there is none.

    A run on which an assumption fails before that violates nothing.

    Args:
        program: Clocked equations that passed the checks.
        property_: The name of the property, as reports write it.
        inputs: For each input (and each output of an abstract node) one value a tick; None where absent.
        ticks: The length of the run.
        replay: The interpreter.
        abstract: Nodes to leave abstract, besides those declared so.

    Raises:
        DiagnosticError: V003 an unknown property, S001 to S003 inputs that do not fit.
    """
    flat = opened(program, frozenset(abstract))
    node = instrumented(flat.node(flat.main))[0].node
    clauses = [p for p in node.properties if p.kind is not PropertyKind.ASSUME and qualified(p) == property_]
    if not clauses:
        raise DiagnosticError(error("V003", f"there is no property {property_!r}", node.span))
    outcome = first_failure(Program((node,), node.name), clauses[0], inputs, ticks, replay)
    return outcome if isinstance(outcome, int) else None


def regression_test(target: str, settings: Mapping[str, str], result: Result, abstract: Sequence[str] = ()) -> str:
    """The text of a file for pytest that fails as long as the counterexample violates the property.

    Args:
        target: ``FILE`` or ``FILE:NODE``, as on the command line.
        settings: Node parameters, as given with ``--set``.
        result: A violated property.
        abstract: Nodes that were left abstract on the command line.

    Raises:
        ValueError: the property is not violated.
    """
    if not isinstance(result.verdict, Violated):
        raise ValueError(f"{result.name} has no counterexample")
    found = result.verdict.counterexample
    name = re.sub(r"\W+", "_", result.name).strip("_").lower() or "property"
    inputs = pformat(dict(found.inputs), width=110, compact=True, sort_dicts=False)
    return f'''"""A counterexample to {result.kind} {result.name!r} of {result.node}, found by `syncml verify`.

The run violates the property at tick {found.tick}; the test passes once the program is repaired.
"""

from syncml.pipeline import check_file
from syncml.sim.interpreter import interpret
from syncml.verify import first_violation

TARGET = {target!r}
SETTINGS = {dict(settings)!r}
ABSTRACT = {tuple(abstract)!r}

# One value for each of {found.ticks} ticks; None where a stream is absent.
INPUTS = {inputs}


def replay(program, inputs, ticks):
    """Run the reference interpreter."""
    return interpret(program, inputs, ticks).trace


def test_{name}() -> None:
    """The property holds on the run that once violated it."""
    program = check_file(TARGET, SETTINGS).program
    tick = first_violation(program, {result.name!r}, INPUTS, {found.ticks}, replay, ABSTRACT)
    assert tick is None, f"violated at tick {{tick}}"
'''
