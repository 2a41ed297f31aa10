"""Operands that get a name of their own, declared before the statement that uses them.

Rule: an operand is named where a checker of MISRA C:2012 (or a reader) would otherwise have to know an implicit
conversion or a precedence: a sum that is cast to a wider or another type (rule 10.8), and an operation without
parentheses inside that is the first choice of a conditional expression (rule 12.1). It is then computed whether or not
a choice falls on it, so it must have a value in any case: one that divides integers, shifts, converts or reads an
element stays where it is, as a condition around it may be what makes it defined. Such a first choice becomes the second
one, of the negated condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from syncml.dataclass import dataclass
from syncml.export_c.ctree import (
    Call,
    Cast,
    CExpr,
    Conditional,
    CStmt,
    Declare,
    Infix,
    Member,
    Name,
    Number,
    Prefix,
    Subscript,
    Variable,
)
from syncml.export_c.naming import NameScope
from syncml.export_c.printer import print_expression
from syncml.export_c.scalars import constant
from syncml.export_c.uses import names_in
from syncml.ir.step.syntax import Origin

_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^"})
_PARTIAL = frozenset({"/", "%", "<<", ">>"})


def _is_total(expr: CExpr, *, reads: bool = False) -> bool:
    """Whether ``expr`` has a value in C whatever the values of its variables are, as far as its form tells.

    With ``reads``, elements of arrays have one: an index in step code is in range wherever its statement is reached.
    """

    def total(part: CExpr) -> bool:
        return _is_total(part, reads=reads)

    match expr:
        case Number() | Name():
            return True
        case Member():
            return total(expr.object)
        case Prefix():
            return total(expr.operand)
        case Infix():
            defined = expr.op not in _PARTIAL or constant(expr.right) is not None
            return defined and total(expr.left) and total(expr.right)
        case Conditional():
            return all(map(total, (expr.condition, expr.then, expr.otherwise)))
        case Call():
            return constant(expr) is not None
        case Subscript():
            return reads and total(expr.array) and total(expr.index)
        case Cast():
            return False


@dataclass(frozen=True, slots=True)
class Asides:
    """The declarations before one statement: ``names`` is the scope of its block, ``stem`` begins each name."""

    names: NameScope
    stem: str
    origin: Origin | None = None
    declared: list[CStmt] = field(default_factory=list[CStmt])

    def whole(self, operand: CExpr, ctype: str) -> CExpr:
        """What is cast, by name if it is a sum or the like."""
        named = isinstance(operand, Infix) and operand.op in _ARITHMETIC and _is_total(operand, reads=True)
        return self._named(operand, ctype, "whole") if named else operand

    def choice(self, condition: CExpr, then: CExpr, otherwise: CExpr, ctype: str) -> CExpr:
        """A conditional expression, its first choice by name if it is an operation without parentheses."""
        if not isinstance(then, Infix) or "(" in print_expression(then):
            return Conditional(condition, then, otherwise)
        if _is_total(then):
            return Conditional(condition, self._named(then, ctype, "if"), otherwise)
        opposite = (
            condition.operand if isinstance(condition, Prefix) and condition.op == "!" else Prefix("!", condition)
        )
        return Conditional(opposite, otherwise, then)

    def before(self, statement: Sequence[CStmt]) -> list[CStmt]:
        """The declarations that ``statement`` uses, itself or by each other: of some, simplification leaves no use."""
        needed = set(names_in(statement))
        kept: list[CStmt] = []
        for each in reversed(self.declared):
            if isinstance(each, Declare) and each.variable.name in needed:
                kept.append(each)
                needed |= names_in((each,))
        return kept[::-1]

    def _named(self, operand: CExpr, ctype: str, role: str) -> CExpr:
        name = self.names.claim(f"{self.stem}_{role}")
        self.declared.append(Declare(Variable(ctype, name, const=True), operand, self.origin))
        return Name(name)
