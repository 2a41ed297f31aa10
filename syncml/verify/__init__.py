"""Verification: verdicts on the contracts and run-time checks of a program.

z3 is loaded when `verify` is called, not when this package is imported; and as every worker process imports the
package, it loads nothing but the verdicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncml.verify.verdicts import (
    Counterexample,
    Proved,
    Result,
    Semantics,
    Stream,
    Unknown,
    Verdict,
    VerificationReport,
    VerifyOptions,
    Violated,
)

if TYPE_CHECKING:
    from syncml.ir.equations.syntax import Program
    from syncml.verify.replay import Replay


def verify(program: Program, options: VerifyOptions, replay: Replay) -> VerificationReport:
    """Decide every contract clause and run-time check of a clocked program; see `syncml.verify.driver.verify`."""
    from syncml.verify import driver

    return driver.verify(program, options, replay)


def opened(program: Program, chosen: frozenset[str] = frozenset()) -> Program:
    """The main node with contracts in place of abstract nodes; see `syncml.verify.abstraction.opened`."""
    from syncml.verify import abstraction

    return abstraction.opened(program, chosen)


__all__ = [
    "Counterexample", "Proved", "Result", "Semantics", "Stream", "Unknown", "Verdict", "VerificationReport",
    "VerifyOptions", "Violated", "opened", "verify",
]  # fmt: skip
