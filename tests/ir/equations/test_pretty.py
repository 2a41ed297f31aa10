"""The text of clocked equations."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from syncml.clock_calculus import infer_clocks
from syncml.ir.clocks import word
from syncml.ir.equations.pretty import print_program
from syncml.ir.equations.syntax import Apply, Fby, Program, PropertyKind
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, F32, I32, EnumType, Scalar, TensorType
from tests.support.ir import NodeBuilder, const

MODE = EnumType("Mode", ("CRUISE", "FOLLOW"))

GOLDEN = """\
node gain
  input x    : f32[2] :: base
  output out : f32[2] :: base

  out        : f32[2] :: base = f32[2][1.0, 0.5] * x

node top at 100 Hz
  input mode   : Mode      :: base
  input x      : f32[2]    :: base
  output y     : f32       :: base
  output slow  : f32       :: base every (1000)

  pace         : bool      :: base                 = word (1000)
  (gain_1_out) : (f32[2])  :: base                 = gain(x) as gain_1
  first        : f32       :: base                 = index[0](gain_1_out)
  slow         : f32       :: base every (1000)    = first when pace
  rest         : f32       :: base every (0111)    = first when not pace
  cruise       : f32       :: base on CRUISE(mode) = first when CRUISE(mode)
  y            : f32       :: base                 = merge mode (CRUISE -> cruise) (FOLLOW -> 1.5f32)
  n            : i32       :: base                 = 0i32 fby t1
  t1           : i32       :: base                 = n + 1i32
  before       : f32       :: base                 = pre y
  minus        : f32       :: base                 = -before
  wide         : f64       :: base                 = cast[f64](minus)
  weights      : f32[3, 4] :: base                 = copy(array#29e18891)
  is_cruise    : bool      :: base                 = mode == Mode.CRUISE
  ensure is_cruise 'cruising'
"""


def golden() -> Program:
    f = NodeBuilder("gain")
    x = f.input("x", TensorType(F32, (2,)))
    gain = f.node([f.op(Op.MUL, const([1.0, 0.5], F32), x, name="out")])
    b = NodeBuilder("top", Fraction(100))
    mode, x = b.input("mode", MODE), b.input("x", TensorType(F32, (2,)))
    pace = b.wave(word((), (1, 0, 0, 0)), name="pace")
    (scaled,) = b.call(gain, x)
    first = b.op(Op.INDEX, scaled, attribute=(0,), name="first")
    slow = b.when(first, pace, name="slow")
    b.when(first, pace, False, name="rest")
    cruise = b.when(first, mode, "CRUISE", name="cruise")
    y = b.merge(mode, ("CRUISE", cruise), ("FOLLOW", const(1.5, F32)), name="y")
    n, following = b.declare("n", I32), b.declare("t1", I32)
    b.define(n, Fby(const(0, I32), following))
    b.define(following, Apply(Op.ADD, (n, const(1, I32))))
    before = b.fby(None, y, name="before")
    minus = b.op(Op.NEG, before, name="minus")
    b.op(Op.CAST, minus, attribute=Scalar.F64, name="wide")
    b.op(Op.COPY, const(np.arange(12).reshape(3, 4), F32), name="weights")
    cruising = b.op(Op.EQ, mode, const("CRUISE", MODE), name="is_cruise")
    b.property(PropertyKind.ENSURE, "cruising", cruising)
    return Program((gain, b.node([y, slow])), "top")


def test_the_text_of_a_program() -> None:
    assert print_program(infer_clocks(golden())) == GOLDEN


def test_clocks_that_are_not_known_are_question_marks() -> None:
    text = print_program(golden())
    assert "  input x    : f32[2] :: ?\n" in text
    assert ":: ? = word (1000)" in text


def test_equal_programs_print_the_same_and_different_weights_do_not() -> None:
    def weights(values: np.ndarray) -> str:
        b = NodeBuilder("n")
        return print_program(Program((b.node([b.op(Op.COPY, const(values, F32))]),), "n"))

    assert weights(np.arange(20)) == weights(np.arange(20))
    assert weights(np.arange(20)) != weights(np.arange(1, 21))


def test_one_long_name_does_not_move_the_table() -> None:
    b = NodeBuilder("n")
    b.op(Op.COPY, const(True, BOOL), name="x" * 80)
    y = b.op(Op.COPY, const(True, BOOL), name="y")
    lines = print_program(Program((b.node([y]),), "n")).splitlines()
    assert lines[-1] == f"  {'y':<32} : bool :: ? = copy(true)"
