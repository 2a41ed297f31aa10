"""Verdicts in one word, of properties and of requirements.

Rule: a requirement is `violated` if one of its properties is or one of its goals is unreachable; else `unknown` if one
of them is; else `unreachable` if it speaks of a mode that is never active; else `proved`.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context
from typing import Literal, TypeAlias, assert_never

from syncml.dataclass import dataclass
from syncml.verify import (
    Floats,
    Proved,
    Reached,
    Result,
    Unknown,
    Unreachable,
    Verdict,
    VerificationReport,
    Violated,
)
from syncml.verify.verdicts import proof_of

VerdictName: TypeAlias = Literal["proved", "violated", "reached", "unreachable", "unknown"]

TINTS: dict[VerdictName, str] = {
    "proved": "green",
    "reached": "green",
    "violated": "bold red",
    "unreachable": "bold red",
    "unknown": "yellow",
}


def verdict_name(verdict: Verdict) -> VerdictName:
    """Return the verdict in one word."""
    match verdict:
        case Proved():
            return "proved"
        case Violated():
            return "violated"
        case Reached():
            return "reached"
        case Unreachable():
            return "unreachable"
        case Unknown():
            return "unknown"
        case _:
            assert_never(verdict)


FLOATS: dict[Floats, str] = {"": "", "machine": "machine floats", "reals": "real numbers"}
"""What the table of verdicts says of the floats in a proof."""

BROKEN_BY_ROUNDING = "proved with real numbers for floats: rounding breaks it"


def rounded_down(margin: float) -> str:
    """A margin with four digits, and no more than it is."""
    return f"{Context(prec=4, rounding=ROUND_FLOOR).create_decimal_from_float(margin).normalize():g}"


def counted(report: VerificationReport) -> str:
    """How many properties have each verdict."""
    names = [verdict_name(result.verdict) for result in report.results]
    counts = [f"{names.count(name)} {name}" for name in TINTS if name in names]
    return ", ".join(counts) or "nothing to verify"


def proofs_by_floats(report: VerificationReport) -> str:
    """How many proofs hold for machine floats and how many for real numbers only; empty where none has floats."""
    found = [proof.floats for r in report.results if (proof := proof_of(r.verdict)) is not None]
    parts = [f"{found.count('machine')} for machine floats"] if "machine" in found else []
    parts += [f"{found.count('reals')} for real numbers in their place, rounding not shown"] if "reals" in found else []
    return f"proofs: {', '.join(parts)}" if parts else ""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement and the properties that name it."""

    id: str
    results: tuple[Result, ...]

    @property
    def verdict(self) -> VerdictName:
        """The verdict in one word."""
        found = {verdict_name(result.verdict) for result in self.results}
        idle = {r.kind for r in self.results if isinstance(r.verdict, Unreachable)}
        if "violated" in found or idle - {"mode"}:
            return "violated"
        return "unknown" if "unknown" in found else "unreachable" if idle else "proved"


def requirements(report: VerificationReport) -> list[Requirement]:
    """The requirements of a report, in the order of the program."""
    found: dict[str, list[Result]] = {}
    for result in report.results:
        if result.requirement:
            found.setdefault(result.requirement, []).append(result)
    return [Requirement(name, tuple(results)) for name, results in found.items()]
