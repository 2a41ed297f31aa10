"""Operands that get a name of their own, declared before the statement that uses them.

Rule: an operand is named where a checker of MISRA C:2012 (or a reader) would otherwise have to know an implicit
conversion or a precedence: a comparison that is chosen or compared as a value (rule 10.4), a sum that is cast to a wider
or another type (rule 10.8), and an operation without parentheses inside that is the first choice of a conditional
expression (rule 12.1). It is computed whether or not the choice falls on it, which step code allows: expressions have no
effect and are total.
"""

from __future__ import annotations

from dataclasses import field

from syncml.dataclass import dataclass
from syncml.export_c.ctree import CExpr, CStmt, Declare, Infix, Name, Variable
from syncml.export_c.naming import NameScope
from syncml.export_c.printer import print_expression
from syncml.ir.step.syntax import Origin

_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
_LOGICAL = frozenset({"&&", "||"})


@dataclass(frozen=True, slots=True)
class Asides:
    """The declarations before one statement: ``names`` is the scope of its block, ``stem`` begins each name."""

    names: NameScope
    stem: str
    origin: Origin | None = None
    declared: list[CStmt] = field(default_factory=list[CStmt])

    def truth(self, operand: CExpr, role: str) -> CExpr:
        """A Boolean operand, by name if it is a comparison."""
        named = isinstance(operand, Infix) and operand.op in _COMPARISONS
        return self._named(operand, "bool", role) if named else operand

    def whole(self, operand: CExpr, ctype: str) -> CExpr:
        """What is cast, by name if it is a sum or the like."""
        named = isinstance(operand, Infix) and operand.op not in _COMPARISONS | _LOGICAL
        return self._named(operand, ctype, "whole") if named else operand

    def first_choice(self, operand: CExpr, ctype: str) -> CExpr:
        """What a conditional expression chooses first, by name if it is one operation."""
        named = isinstance(operand, Infix) and "(" not in print_expression(operand)
        return self._named(operand, ctype, "if") if named else operand

    def _named(self, operand: CExpr, ctype: str, role: str) -> CExpr:
        name = self.names.claim(f"{self.stem}_{role}")
        self.declared.append(Declare(Variable(ctype, name, const=True), operand, self.origin))
        return Name(name)
