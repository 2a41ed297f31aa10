"""The golden text of lowered programs: each test shows one decision."""

from __future__ import annotations

from textwrap import dedent

from syncml.clock_calculus import infer_clocks
from syncml.ir.clocks import word
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Fby, Node, Program
from syncml.ir.operators import Op
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import Observe, Observed, lower
from syncml.ir.step.pretty import print_expr, print_machine
from syncml.ir.step.syntax import Machine
from syncml.ir.step.traverse import machine_functions
from syncml.ir.types import F32, I32, EnumType, TensorType
from tests.support.ir import NodeBuilder, const

MODE = EnumType("Mode", ("CRUISE", "FOLLOW", "DEGRADED"))


def machines(*nodes: Node, observe: Observed = Observe.OUTPUTS) -> tuple[Machine, ...]:
    program = lower(infer_clocks(Program(nodes, nodes[-1].name)), observe)
    check_step(program)
    return program.machines


def step(*nodes: Node, observe: Observed = Observe.OUTPUTS) -> str:
    """The statements of the main machine."""
    lines = print_machine(machines(*nodes, observe=observe)[-1])
    return dedent("\n".join(lines[lines.index("  step") + 1 :])) + "\n"


def expect(text: str) -> str:
    return dedent(text).lstrip("\n")


def test_a_register_whose_old_value_is_read_once_is_updated_in_place() -> None:
    b = NodeBuilder("integrator")
    x = b.input("x", F32)
    total = b.declare("total", F32)
    following = b.op(Op.ADD, total, x)
    b.define(total, Fby(const(0.0, F32), following))
    doubled = b.op(Op.MUL, following, const(2.0, F32), name="doubled")
    assert step(b.node([doubled])) == expect("""
        self.total := self.total + in.x
        out.doubled := self.total * 2.0f32
    """)


def test_a_register_that_is_an_output_is_copied_before_its_update() -> None:
    b = NodeBuilder("delay")
    x = b.input("x", F32)
    assert step(b.node([b.fby(const(0.0, F32), x, name="late")])) == expect("""
        out.late := self.late
        self.late := in.x
    """)


def test_registers_that_exchange_their_values_need_one_copy() -> None:
    b = NodeBuilder("swap")
    x, y = b.declare("x", I32), b.declare("y", I32)
    b.define(x, Fby(const(1, I32), y))
    b.define(y, Fby(const(2, I32), x))
    assert step(b.node([x])) == expect("""
        out.x := self.x
        y_before := self.y
        self.y := self.x
        self.x := y_before
    """)


def test_expressions_leave_updates_that_read_each_other() -> None:
    b = NodeBuilder("rotate")
    x, y = b.declare("x", I32), b.declare("y", I32)
    b.define(x, Fby(const(1, I32), b.op(Op.SUB, x, y)))
    b.define(y, Fby(const(2, I32), b.op(Op.ADD, x, y)))
    assert step(b.node([x])) == expect("""
        t1 := self.x - self.y
        t2 := self.x + self.y
        out.x := self.x
        self.x := t1
        self.y := t2
    """)


def test_a_shift_register_is_not_overwritten_while_it_is_read() -> None:
    b = NodeBuilder("shift")
    x = b.input("x", F32)
    window = b.declare("window", TensorType(F32, (3,)))
    older = b.op(Op.SLICE, window, attribute=(0, 0, 2, 1))
    newest = b.op(Op.STACK, x)
    b.define(window, Fby(const([0.0, 0.0, 0.0], F32), b.op(Op.CONCAT, newest, older, attribute=(0,))))
    total = b.op(Op.SUM, window, attribute=(0,), name="total")
    assert step(b.node([total])) == expect("""
        t3[0] := in.x
        for i < 2
          t3[i + 1] := self.window[i]
        total_total := 0.0f32
        for i < 3
          total_total := total_total + self.window[i]
        out.total := total_total
        for i < 3
          self.window[i] := t3[i]
    """)


def test_a_sampled_and_held_stream_is_one_test() -> None:
    b = NodeBuilder("slow")
    x = b.input("x", F32)
    tick = b.wave(word((), (1, 0, 0, 0)), name="tick")
    slow = b.op(Op.MUL, b.when(x, tick), const(3.0, F32))
    held = b.declare("held", F32)
    current = b.merge(tick, (True, slow), (False, b.when(held, tick, False)))
    b.define(held, Fby(const(1.5, F32), current))
    out = b.op(Op.ADD, current, x, name="out")
    assert step(b.node([out])) == expect("""
        tick := self.count_4 == 0u32
        self.count_4 := (self.count_4 >= 3u32) ? 0u32 : (self.count_4 + 1u32)
        if tick
          self.held := in.x * 3.0f32
        out.out := self.held + in.x
    """)


def test_words_of_one_length_share_a_counter_and_complements_a_condition() -> None:
    b = NodeBuilder("phases")
    x = b.input("x", F32)
    first, second = b.wave(word((), (1, 0, 0))), b.wave(word((), (0, 1, 1)))
    third = b.wave(word((), (0, 0, 1)))
    outputs = [
        b.merge(first, (True, b.when(x, first)), (False, const(0.0, F32)), name="a"),
        b.merge(second, (True, const(1.0, F32)), (False, b.when(x, second, False)), name="b"),
        b.merge(third, (True, const(2.0, F32)), (False, const(3.0, F32)), name="c"),
    ]
    assert step(b.node(outputs)) == expect("""
        t1 := self.count_3 == 0u32
        t3 := self.count_3 == 2u32
        self.count_3 := (self.count_3 >= 2u32) ? 0u32 : (self.count_3 + 1u32)
        if t1
          out.a := in.x
          out.b := in.x
        else
          out.a := 0.0f32
          out.b := 1.0f32
        if t3
          out.c := 2.0f32
        else
          out.c := 3.0f32
    """)


def test_an_irregular_word_reads_a_table() -> None:
    b = NodeBuilder("irregular")
    irregular = b.wave(word((), (1, 0, 1, 1, 0)), name="irregular")
    assert step(b.node([irregular])) == expect("""
        out.irregular := pattern[clamp_u32_5(self.count_5)]
        self.count_5 := (self.count_5 >= 4u32) ? 0u32 : (self.count_5 + 1u32)
    """)


def test_a_prefix_is_left_for_good() -> None:
    b = NodeBuilder("start")
    assert step(b.node([b.wave(word((1, 1), (0,)), name="start")])) == expect("""
        out.start := self.count_3 != 2u32
        self.count_3 := (self.count_3 >= 2u32) ? 2u32 : (self.count_3 + 1u32)
    """)


def test_a_merge_on_an_enumeration_is_a_switch() -> None:
    b = NodeBuilder("modes")
    mode, x = b.input("mode", MODE), b.input("x", F32)
    cruise = b.op(Op.ADD, b.when(x, mode, "CRUISE"), const(1.0, F32))
    follow = b.op(Op.NEG, b.when(x, mode, "FOLLOW"))
    out = b.merge(mode, ("CRUISE", cruise), ("FOLLOW", follow), ("DEGRADED", const(0.0, F32)), name="out")
    assert step(b.node([out])) == expect("""
        switch in.mode
          case CRUISE
            out.out := in.x + 1.0f32
          case FOLLOW
            out.out := -in.x
          case DEGRADED
            out.out := 0.0f32
    """)


def test_a_constant_matrix_on_the_left_is_read_column_by_column() -> None:
    b = NodeBuilder("layer")
    x = b.input("x", TensorType(F32, (2,)))
    weights = Const(const([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], F32).value, F32, "w")
    bias = Const(const([1.0, 2.0, 3.0], F32).value, F32, "bias")
    out = b.op(Op.TANH, b.op(Op.ADD, b.op(Op.MATMUL, weights, x), bias), name="out")
    (machine,) = machines(b.node([out]))
    lines = print_machine(machine)
    assert "  constant w_t: f32[2, 3] = [1.0, 3.0, 5.0, 2.0, 4.0, 6.0] as (2, 3)" in lines
    assert dedent("\n".join(lines[lines.index("  step") + 1 :])) + "\n" == expect("""
        for i < 3
          t1[i] := 0.0f32
        for i < 2
          for j < 3
            t1[j] := t1[j] + (w_t[i, j] * in.x[i])
        for i < 3
          out.out[i] := tanh_f32(t1[i] + bias[i])
    """)


def test_one_output_of_a_layer_is_a_scalar() -> None:
    b = NodeBuilder("head")
    x = b.input("x", TensorType(F32, (4,)))
    weights = Const(const([[1.0, 2.0, 3.0, 4.0]], F32).value, F32, "w")
    out = b.op(Op.INDEX, b.op(Op.MATMUL, weights, x), attribute=(0,), name="out")
    assert step(b.node([out])) == expect("""
        t1 := 0.0f32
        for i < 4
          t1 := t1 + (w_t[i, 0] * in.x[i])
        out.out := t1
    """)


def test_a_recurrent_state_is_updated_element_by_element() -> None:
    b = NodeBuilder("leak")
    x = b.input("x", TensorType(F32, (8,)))
    h = b.declare("h", TensorType(F32, (8,)))
    kept = b.op(Op.MUL, h, const(0.5, F32))
    following = b.op(Op.ADD, kept, x)
    b.define(h, Fby(const([0.0] * 8, F32), following))
    total = b.op(Op.SUM, following, attribute=(0,), name="total")
    assert step(b.node([total])) == expect("""
        for i < 8
          self.h[i] := (self.h[i] * 0.5f32) + in.x[i]
        total_total := 0.0f32
        for i < 8
          total_total := total_total + self.h[i]
        out.total := total_total
    """)


def test_a_call_stays_a_call_and_takes_expressions() -> None:
    b = NodeBuilder("gain")
    gain = b.node([b.op(Op.MUL, b.input("x", F32), const(2.0, F32), name="y")])
    b = NodeBuilder("top")
    x = b.input("x", F32)
    (first,) = b.call(gain, b.op(Op.NEG, x), instance="g")
    (second,) = b.call(gain, first, instance="h")
    found = machines(gain, b.node([second]))
    assert [(i.name, i.machine) for i in found[-1].instances] == [("g", "gain"), ("h", "gain")]
    assert print_machine(found[-1])[-2:] == ["    g_y := g(-in.x)", "    out.h_y := h(g_y)"]


def test_what_nobody_observes_is_not_computed() -> None:
    b = NodeBuilder("observed")
    x = b.input("x", F32)
    b.op(Op.MUL, x, x, name="square")
    b.op(Op.NEG, x)
    node = b.node([b.op(Op.ADD, x, x, name="out")])
    assert step(node) == "out.out := in.x + in.x\n"
    assert step(node, observe=Observe.NAMED) == "out.square := in.x * in.x\nout.out := in.x + in.x\n"
    assert step(node, observe=frozenset({"square"})) == step(node, observe=Observe.NAMED)
    assert step(node, observe=Observe.ALL).count(":=") == 3


def test_long_expressions_are_cut_and_the_users_names_stay() -> None:
    b = NodeBuilder("chain")
    x = b.input("x", F32)
    value = x
    for _ in range(20):
        value = b.op(Op.ADD, value, x)
    named = b.op(Op.MUL, value, x, name="named")
    text = step(b.node([b.op(Op.NEG, named, name="out")]))
    assert "named := " in text
    assert max(line.count("+") for line in text.splitlines()) <= 9


def test_a_condition_that_is_tested_once_stands_in_the_test() -> None:
    b = NodeBuilder("once")
    x = b.input("x", F32)
    positive = b.op(Op.GT, x, const(0.0, F32))
    out = b.merge(positive, (True, b.when(x, positive)), (False, const(0.0, F32)), name="out")
    assert step(b.node([out])) == expect("""
        if in.x > 0.0f32
          out.out := in.x
        else
          out.out := 0.0f32
    """)


def test_a_value_that_only_arithmetic_shows_to_be_written_starts_at_zero() -> None:
    b = NodeBuilder("phases")
    x = b.input("x", F32)
    half = b.wave(word((), (1, 0)), name="half")
    slow = b.when(x, half)
    # On base, the two sides of this merge are phases 0 and 2 of 4; the merge itself is on phases 0 and 2.
    quarter = b.wave(word((), (1, 0)), name="quarter")
    left, right = b.when(slow, quarter), b.when(slow, quarter, False)
    joined = b.merge(quarter, (True, b.op(Op.NEG, left, name="turned")), (False, right), name="joined")
    square = b.op(Op.MUL, joined, slow)
    out = b.merge(half, (True, square), (False, const(0.0, F32)), name="out")
    text = step(b.node([out]))
    assert text.startswith("turned := 0.0f32\n")
    assert "joined := turned" in text


def test_functions_of_a_program_come_once_and_callees_first() -> None:
    b = NodeBuilder("functions")
    x = b.input("x", F32)
    outputs = [b.op(Op.MIN, x, const(1.0, F32), name="a"), b.op(Op.MIN, x, const(2.0, F32), name="b")]
    (machine,) = machines(b.node(outputs))
    assert [f.name for f in machine_functions(machine)] == ["min_f32"]
    assert print_expr(machine_functions(machine)[0].result) == "(in.y < in.x) ? in.y : in.x"
