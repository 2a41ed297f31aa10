"""Definite assignment: which locals are certainly written before they are read.

Rule: a reading under the tests p1, .., pn is covered if the local was written under some of these tests before, or in
both branches of a test (every case of a switch) under some of them. Two tests are the same if their conditions are
equal expressions and nothing that these read was written in between. Writing one element counts as writing a tensor:
loops write all of it.
"""

from __future__ import annotations

from syncml.dataclass import dataclass
from syncml.ir.step.syntax import Assign, Expr, For, If, Invoke, Machine, Place, Reset, Slot, Stmt, Storage, Switch
from syncml.ir.step.traverse import own_expressions, walk, writes
from syncml.ir.types import EnumType

Test = tuple[Expr, bool | str, int]
"""A condition, the constructor that it equals, and the version of what it reads."""


@dataclass(frozen=True, slots=True)
class _Enter:
    condition: Expr
    constructor: bool | str


@dataclass(frozen=True, slots=True)
class _Leave:
    pass


def unassigned(machine: Machine) -> tuple[Slot, ...]:
    """The locals of ``machine`` that may be read before they are written, in the order of their first such reading."""
    return tuple(_Analysis(machine).found)


class _Analysis:
    def __init__(self, machine: Machine) -> None:
        self.found: dict[Slot, None] = {}
        self._covers: dict[Slot, set[frozenset[Test]]] = {}
        self._versions: dict[Slot, int] = {}
        self._path: list[Test] = []
        stack: list[Stmt | _Enter | _Leave] = list(reversed(machine.body))
        while stack:
            item = stack.pop()
            match item:
                case _Enter():
                    self._path.append((item.condition, item.constructor, self._version(item.condition)))
                case _Leave():
                    self._path.pop()
                case Assign() | Invoke() | Reset():
                    self._read(item)
                    for slot in writes(item):
                        self._write(slot)
                case For():
                    stack.extend(reversed(item.body))
                case If():
                    self._read(item)
                    stack += self._branch(item.condition, False, item.otherwise)
                    stack += self._branch(item.condition, True, item.then)
                case Switch():
                    self._read(item)
                    for name, block in reversed(item.cases):
                        stack += self._branch(item.scrutinee, name, block)

    def _branch(
        self, condition: Expr, constructor: bool | str, block: tuple[Stmt, ...]
    ) -> list[Stmt | _Enter | _Leave]:
        return [_Leave(), *reversed(block), _Enter(condition, constructor)]

    def _version(self, condition: Expr) -> int:
        return sum(self._versions.get(p.slot, 0) for p in walk(condition) if isinstance(p, Place))

    def _read(self, stmt: Stmt) -> None:
        target = stmt.target if isinstance(stmt, Assign) else None
        for expr in own_expressions(stmt):
            for part in walk(expr):
                if isinstance(part, Place) and part is not target and part.slot.storage is Storage.LOCAL:
                    self._check(part.slot)

    def _check(self, slot: Slot) -> None:
        here = set(self._path)
        if not any(cover <= here for cover in self._covers.get(slot, ())):
            self.found.setdefault(slot)

    def _write(self, slot: Slot) -> None:
        self._versions[slot] = self._versions.get(slot, 0) + 1
        if slot.storage is not Storage.LOCAL:
            return
        covers = self._covers.setdefault(slot, set())
        cover = frozenset(self._path)
        # Both sides of the innermost test cover what surrounds it.
        for test in reversed(self._path):
            covers.add(cover)
            rest = cover - {test}
            condition, constructor, version = test
            if not all(rest | {(condition, other, version)} in covers for other in _others(condition, constructor)):
                return
            cover = rest
        covers.add(cover)


def _others(condition: Expr, constructor: bool | str) -> tuple[bool | str, ...]:
    if isinstance(constructor, bool):
        return (not constructor,)
    kind = condition.type
    assert isinstance(kind, EnumType)
    return tuple(name for name in kind.constructors if name != constructor)
