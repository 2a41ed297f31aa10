"""Formulas as a person would write them."""

from __future__ import annotations

from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Equation, Fby
from syncml.verify.formula import Formulas
from tests.verify.build import BASE, I32, SPAN, Builder, Op


def test_a_register_without_a_name_is_an_ellipsis_where_its_definition_reads_it_again() -> None:
    b = Builder()
    change = b.input("change", I32)
    total = b.var("t", I32, BASE, user=False)
    following = b.op(Op.ADD, total, change)
    b.equations.append(Equation((total,), Fby(Const(0, I32), following), SPAN, BASE))
    twice = b.op(Op.MUL, total, total, name="twice")
    formulas = Formulas({t: e for e in b.equations for t in e.targets})
    register = "pre(… + change, init=0)"
    assert formulas.of(total) == register
    assert formulas.of(twice) == f"{register} * {register}"


def test_a_formula_ends() -> None:
    b = Builder()
    found = b.input("x", I32)
    for _ in range(100):
        found = b.op(Op.ADD, found, 1)
    formulas = Formulas({t: e for e in b.equations for t in e.targets})
    assert formulas.of(found).count("+") == 24
    assert "…" in formulas.of(found)
