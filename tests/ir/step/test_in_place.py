"""Arrays that are state are changed where they are, unless something still has to read the old value."""

from __future__ import annotations

from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Fby, Program, Var
from syncml.ir.operators import Op
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import lower
from syncml.ir.step.syntax import For
from syncml.ir.step.traverse import statements
from syncml.ir.types import BOOL, F32, I32, TensorType
from syncml.pipeline import check
from tests.support.ir import NodeBuilder, const

EMPTY = Const(0.0, F32)


def loops(b: NodeBuilder, *outputs: Var) -> int:
    """How many loops one tick runs."""
    code = lower(check(Program((b.node(list(outputs)),), b.name)).program)
    check_step(code)
    return sum(isinstance(s, For) for m in code.machines for s in statements(m.body))


def ring() -> tuple[NodeBuilder, Var, Var, Var]:
    """A register of 1,000 cells, a value, an index."""
    b = NodeBuilder("ring")
    return b, b.declare("cells", TensorType(F32, (1000,))), b.input("x", F32), b.input("i", I32)


def test_an_update_of_a_register_is_one_store() -> None:
    b, cells, x, i = ring()
    oldest = b.op(Op.AT, cells, i, name="oldest")
    b.define(cells, Fby(EMPTY, b.op(Op.UPDATE, cells, x, i, name="written")))
    assert loops(b, oldest) == 0


def test_updates_one_after_another_are_stores() -> None:
    b, cells, x, i = ring()
    once = b.op(Op.UPDATE, cells, x, i, name="once")
    between = b.op(Op.AT, once, i, name="between")
    twice = b.op(Op.UPDATE, once, between, const(0, I32), name="twice")
    newest = b.op(Op.AT, twice, i, name="newest")
    b.define(cells, Fby(EMPTY, twice))
    assert loops(b, newest) == 0


def test_a_choice_between_an_array_and_its_update_is_a_store() -> None:
    for sides in (1, -1):
        b, cells, x, i = ring()
        choose = b.input("choose", BOOL)
        both = (b.op(Op.UPDATE, cells, x, i), cells)[::sides]
        b.define(cells, Fby(EMPTY, b.op(Op.WHERE, choose, *both)))
        assert loops(b, b.op(Op.AT, cells, i, name="first")) == 0


def test_an_update_in_a_branch_of_a_merge_is_a_store() -> None:
    b, cells, x, i = ring()
    choose = b.input("choose", BOOL)
    here = [b.when(v, choose) for v in (cells, x, i)]
    merged = b.merge(choose, (True, b.op(Op.UPDATE, *here)), (False, b.when(cells, choose, False)))
    b.define(cells, Fby(EMPTY, merged))
    assert loops(b, b.op(Op.AT, cells, i, name="first")) == 0


def test_an_old_value_that_depends_on_the_new_one_is_kept() -> None:
    b, cells, x, i = ring()
    written = b.op(Op.UPDATE, cells, x, i, name="written")
    where = b.op(Op.CAST, b.op(Op.AT, written, i), attribute=I32)
    late = b.op(Op.AT, cells, where, name="late")
    b.define(cells, Fby(EMPTY, written))
    assert loops(b, late) == 2


def test_rows_that_are_exchanged_are_read_before_they_are_written() -> None:
    b = NodeBuilder("rows")
    rows = b.declare("rows", TensorType(F32, (2, 3)))
    i = b.input("i", I32)
    backwards = b.op(Op.SLICE, b.op(Op.INDEX, rows, attribute=(0,)), attribute=(0, 2, 3, -1))
    b.define(rows, Fby(EMPTY, b.op(Op.UPDATE, rows, backwards, i)))
    assert loops(b, b.op(Op.INDEX, rows, attribute=(0, 0), name="corner")) == 5
