"""The transition system: what a program does in one base tick, as SMT-LIB text.

    system ::= inputs, states (initial, next), definitions in order, facts, assumptions, goals

Every term speaks of the constants of one instant; a definition reads inputs, states and earlier definitions. Facts
hold at every instant by construction, assumptions are the user's. A system is plain text, so that it goes to a worker
process, or to another solver, without the program that it came from.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from syncml.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Input:
    """A constant that is arbitrary at each instant: an element of an input stream, or an unknown result."""

    name: str
    sort: str


@dataclass(frozen=True, slots=True)
class State:
    """A register. ``initial`` is None where the first value is undefined; ``following`` is its next value."""

    name: str
    sort: str
    initial: str | None
    following: str


@dataclass(frozen=True, slots=True)
class Definition:
    """``name = term``; ``named`` tells whether the user gave the name, or it is a clause."""

    name: str
    sort: str
    term: str
    named: bool = False


@dataclass(frozen=True, slots=True)
class Nearest:
    """``result`` is the number of a binary format nearest to ``exact``; a number that the format holds is its own.

    Attributes:
        format: The name of the format.
        exact: The name of a constant, in bars if it needs them, or a numeral.
        result: The same.
        shape: The operation, the same for operations that differ in streams only; empty where there is none.
        relative: The result differs by at most this part of its exact value, and ``tiny``; both as numerals.
    """

    format: str
    exact: str
    result: str
    shape: str = ""
    relative: str = "0"
    tiny: str = "0"

    @property
    def names(self) -> frozenset[str]:
        """The constants that it speaks of."""
        return frozenset(t.strip("|") for t in (self.exact, self.result) if not t[0].isdigit() and t[0] not in "(-")


@dataclass(frozen=True, slots=True)
class System:
    """A transition system; ``assumptions`` and ``goals`` are names of Boolean definitions.

    ``nonlinear`` tells whether a product or quotient of two unknowns occurs; ``nearest`` what is rounded. The facts
    bound each rounding by itself; that rounding is monotone relates any two of them.
    """

    inputs: tuple[Input, ...]
    states: tuple[State, ...]
    definitions: tuple[Definition, ...]
    facts: tuple[str, ...]
    assumptions: tuple[str, ...]
    goals: tuple[str, ...]
    nonlinear: bool = False
    nearest: tuple[Nearest, ...] = ()

    def to_json(self) -> str:
        """One line of JSON text."""
        return json.dumps(self, default=_fields)

    @staticmethod
    def from_json(text: str) -> System:
        """The system that `to_json` wrote."""
        data: dict[str, Any] = json.loads(text)
        return System(
            tuple(Input(**x) for x in data["inputs"]),
            tuple(State(**x) for x in data["states"]),
            tuple(Definition(**x) for x in data["definitions"]),
            tuple(data["facts"]),
            tuple(data["assumptions"]),
            tuple(data["goals"]),
            bool(data["nonlinear"]),
            tuple(Nearest(**x) for x in data["nearest"]),
        )


def _fields(item: Any) -> dict[str, Any]:
    return {field.name: getattr(item, field.name) for field in fields(item)}


def sort_text(name: str) -> str:
    """The SMT-LIB spelling of a sort: ``Bool``, ``Int``, ``Real`` or ``BitVec<width>``."""
    return f"(_ BitVec {name.removeprefix('BitVec')})" if name.startswith("BitVec") else name
