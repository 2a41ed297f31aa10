"""Verification: verdicts on the contracts and run-time checks of a program.

z3 is loaded when `verify` is called, not when this package is imported; and as every worker process imports the
package, it loads nothing but the verdicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncml.verify.verdicts import (
    Core,
    Counterexample,
    Floats,
    Modular,
    Proofs,
    Proved,
    Reached,
    Reason,
    Result,
    Semantics,
    Stream,
    Tube,
    Unknown,
    Unreachable,
    Verdict,
    VerificationReport,
    VerifyOptions,
    Violated,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from syncml.diagnostics.model import Diagnostic
    from syncml.ir.equations.syntax import Node, Program
    from syncml.verify.replay import Replay


def verify(program: Program, options: VerifyOptions, replay: Replay) -> VerificationReport:
    """Decide every contract clause and run-time check of a clocked program; see `syncml.verify.driver.verify`."""
    from syncml.verify import driver

    return driver.verify(program, options, replay)


def constant_conditions(program: Program, options: VerifyOptions, replay: Replay) -> tuple[Diagnostic, ...]:
    """Conditions that never change, as warnings; see `syncml.verify.vacuity.constant_conditions`."""
    from syncml.verify import vacuity

    return vacuity.constant_conditions(program, options, replay)


def concretised(program: Program, chosen: Sequence[str]) -> Program:
    """Bodies in place of contracts; see `syncml.verify.abstraction.concretised`."""
    from syncml.verify import abstraction

    return abstraction.concretised(program, chosen)


def verify_network(flat: Node, path: Path, options: VerifyOptions, replay: Replay) -> VerificationReport:
    """Decide a VNN-LIB specification about a network; see `syncml.verify.networks.verify.verify_network`."""
    from syncml.verify.networks import verify as networks

    return networks.verify_network(flat, path, options, replay)


def with_cores(report: VerificationReport) -> VerificationReport:
    """What each proof needs; see `syncml.verify.core.with_cores`."""
    from syncml.verify import core

    return core.with_cores(report)


def opened(program: Program, chosen: frozenset[str] = frozenset()) -> Program:
    """The main node with contracts in place of abstract nodes; see `syncml.verify.abstraction.opened`."""
    from syncml.verify import abstraction

    return abstraction.opened(program, chosen)


def unknown_nodes(program: Program, chosen: Sequence[str]) -> list[Diagnostic]:
    """A fault for each name of no node; see `syncml.verify.abstraction.unknown_nodes`."""
    from syncml.verify import abstraction

    return abstraction.unknown_nodes(program, chosen)


def abstract_nodes(program: Program) -> tuple[Node, ...]:
    """The called nodes that are declared abstract; see `syncml.verify.abstraction.abstract_nodes`."""
    from syncml.verify import abstraction

    return abstraction.abstract_nodes(program)


def first_violation(
    program: Program,
    property_: str,
    inputs: Mapping[str, Sequence[Any]],
    ticks: int,
    replay: Replay,
    abstract: Sequence[str] = (),
) -> int | None:
    """The first tick at which a property is false on a run; see `syncml.verify.regression.first_violation`."""
    from syncml.verify import regression

    return regression.first_violation(program, property_, inputs, ticks, replay, abstract)


def regression_test(target: str, settings: Mapping[str, str], result: Result, abstract: Sequence[str] = ()) -> str:
    """A counterexample as a file for pytest; see `syncml.verify.regression.regression_test`."""
    from syncml.verify import regression

    return regression.regression_test(target, settings, result, abstract)


__all__ = [
    "Core",
    "Counterexample",
    "Floats",
    "Modular",
    "Proofs",
    "Proved",
    "Reached",
    "Reason",
    "Result",
    "Semantics",
    "Stream",
    "Tube",
    "Unknown",
    "Unreachable",
    "Verdict",
    "VerificationReport",
    "VerifyOptions",
    "Violated",
    "concretised",
    "constant_conditions",
    "first_violation",
    "opened",
    "regression_test",
    "verify",
    "verify_network",
    "with_cores",
]  # fmt: skip
