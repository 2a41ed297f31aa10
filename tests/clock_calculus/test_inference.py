"""Clock inference: the rules, calls, rates, and faults with their repairs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncml.clock_calculus import infer_clocks
from syncml.clock_calculus.solver import strict_quotient
from syncml.diagnostics import Diagnostic, DiagnosticError
from syncml.ir.clocks import BASE, Clock, On, Word, compose, every, word
from syncml.ir.constants import Const
from syncml.ir.equations.check import check_program
from syncml.ir.equations.inline import inline
from syncml.ir.equations.pretty import print_program
from syncml.ir.equations.syntax import Apply, Call, Fby, Iterate, Merge, Node, Program, Var, Wave, When, resets
from syncml.ir.operators import Op
from syncml.ir.rates import text_of
from syncml.ir.types import BOOL, F32, EnumType
from tests.support.ir import NodeBuilder, const
from tests.support.programs import programs

MODE = EnumType("Mode", ("CRUISE", "FOLLOW"))
ZERO = const(0.0, F32)
WORDS = st.builds(
    lambda prefix, period: word(tuple(prefix), tuple(period)),
    st.lists(st.integers(0, 1), max_size=4),
    st.lists(st.integers(0, 1), min_size=1, max_size=4),
)
FOURTH = word((), (1, 0, 0, 0))
HALF = word((), (1, 0))


def infer(*nodes: Node) -> Program:
    """Clock a program and check the result."""
    program = Program(nodes, nodes[-1].name)
    check_program(program)
    clocked = infer_clocks(program)
    check_program(clocked)
    return clocked


def clock(program: Program, var: Var, node: str | None = None) -> Clock:
    return program.node(node or program.main).clocks[var]


def faults(*nodes: Node) -> tuple[Diagnostic, ...]:
    """The diagnostics of an ill-clocked program."""
    program = Program(nodes, nodes[-1].name)
    with pytest.raises(DiagnosticError) as caught:
        infer_clocks(program)
    return caught.value.diagnostics


def only_fault(*nodes: Node) -> Diagnostic:
    (found,) = faults(*nodes)
    return found


def test_operands_share_a_clock_and_constants_are_on_every_clock() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32, every(BASE, HALF))
    y = b.op(Op.ADD, x, const(1.0, F32), name="y")
    z = b.fby(ZERO, y, name="z")
    program = infer(b.node([z]))
    assert clock(program, y) == clock(program, z) == every(BASE, HALF)


def test_streams_that_nothing_ties_to_a_clock_are_on_base() -> None:
    b = NodeBuilder("n")
    unused = b.input("unused", F32)
    one = b.op(Op.COPY, const(1.0, F32), name="one")
    program = infer(b.node([one]))
    assert clock(program, unused) == clock(program, one) == BASE


def test_sampling_by_a_word_makes_a_periodic_clock_and_words_compose() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    outer, inner = b.wave(HALF, name="outer"), b.wave(HALF, name="inner")
    half = b.when(x, outer)
    fourth = b.when(half, inner)
    rest = b.when(x, outer, False)
    program = infer(b.node([fourth, rest]))
    assert clock(program, fourth) == every(BASE, FOURTH)
    assert clock(program, inner) == every(BASE, HALF)
    assert clock(program, rest) == every(BASE, word((), (0, 1)))


def test_different_spellings_of_one_word_are_one_clock() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    one = b.when(x, b.wave(HALF))
    other = b.when(x, b.wave(word((1, 0), (1, 0, 1, 0))))
    infer(b.node([b.op(Op.ADD, one, other)]))


def test_data_conditions_and_their_negations_and_copies_select_the_same_instants() -> None:
    b = NodeBuilder("n")
    x, c = b.input("x", F32), b.input("c", BOOL)
    negated = b.op(Op.NOT, b.op(Op.COPY, c))
    no = b.when(x, negated, name="no")
    yes = b.when(x, c, name="yes")
    y = b.merge(c, (True, yes), (False, no))
    z = b.merge(negated, (True, no), (False, yes))
    program = infer(b.node([y, z]))
    assert clock(program, no) == On(BASE, c, False)
    assert clock(program, y) == clock(program, z) == BASE


def test_a_constant_condition_selects_always_or_never() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    always = b.op(Op.COPY, const(True, BOOL))
    program = infer(b.node([b.when(x, always, name="all"), b.when(x, always, False, name="none")]))
    assert [clock(program, o) for o in program.nodes[0].outputs] == [BASE, every(BASE, word((), (0,)))]


def test_merge_on_an_enumeration() -> None:
    b = NodeBuilder("n")
    x, mode = b.input("x", F32), b.input("mode", MODE)
    cruise, follow = b.when(x, mode, "CRUISE"), b.when(x, mode, "FOLLOW")
    y = b.merge(mode, ("CRUISE", cruise), ("FOLLOW", follow))
    program = infer(b.node([y]))
    assert clock(program, follow) == On(BASE, mode, "FOLLOW")
    assert clock(program, y) == BASE


def test_an_input_gets_the_clock_of_its_use() -> None:
    b = NodeBuilder("n")
    c, x = b.input("c", BOOL), b.input("x", F32)
    y = b.merge(c, (True, x), (False, const(0.0, F32)))
    program = infer(b.node([y]))
    assert clock(program, x) == On(BASE, c, True)


def selecting() -> tuple[Node, Var]:
    """A node with an input on a condition that is an input, and an output on a condition that is an output."""
    b = NodeBuilder("select")
    c, x = b.input("c", BOOL), b.input("x", F32)
    b.merge(c, (True, x), (False, const(0.0, F32)))
    positive = b.op(Op.GT, x, ZERO, name="positive")
    y = b.when(x, positive, name="y")
    return b.node([b.op(Op.NOT, positive, name="negative"), y]), y


def test_a_callee_is_polymorphic_and_its_conditions_become_the_callers() -> None:
    callee, _ = selecting()
    b = NodeBuilder("main")
    u, d = b.input("u", F32), b.input("d", BOOL)
    half = b.wave(HALF)
    u2, d2 = b.when(u, half), b.when(d, half)
    negative, y = b.call(callee, d2, b.when(u2, d2))
    b.merge(negative, (False, y), (True, b.op(Op.COPY, const(0.0, F32))))
    program = infer(callee, b.node([negative, y, d2]))
    assert clock(program, negative) == On(every(BASE, HALF), d2, True)
    assert clock(program, y) == On(On(every(BASE, HALF), d2, True), negative, False)


def test_an_output_that_reads_a_word_is_one_for_the_caller() -> None:
    inner = NodeBuilder("pace")
    x = inner.input("x", F32)
    beat = inner.wave(HALF, name="beat")
    callee = inner.node([beat, inner.when(x, beat)])
    b = NodeBuilder("main")
    u = b.input("u", F32)
    beat, half = b.call(callee, u)
    y = b.merge(beat, (True, half), (False, b.when(u, beat, False)))
    program = infer(callee, b.node([y]))
    assert clock(program, half) == every(BASE, HALF)
    check_program(inline(program))


def test_a_constant_actual_for_a_condition() -> None:
    callee, _ = selecting()
    b = NodeBuilder("main")
    u = b.input("u", F32)
    negative, y = b.call(callee, const(True, BOOL), u)
    program = infer(callee, b.node([negative, y]))
    assert clock(program, negative) == BASE
    check_program(inline(program))


def rated(rate: int, at: Clock | None = None) -> Node:
    b = NodeBuilder("controller", Fraction(rate))
    return b.node([b.fby(ZERO, b.input("x", F32, at))])


def test_a_node_with_a_rate_runs_at_it() -> None:
    b = NodeBuilder("main", Fraction(100))
    u = b.input("u", F32)
    program = infer(rated(25), b.node(b.call(rated(25), b.when(u, b.wave(FOURTH)))))
    assert program.node("main").equations[-1].clock == every(BASE, FOURTH)


def test_a_node_with_a_rate_and_no_moving_input_is_placed_at_its_rate() -> None:
    b = NodeBuilder("main", Fraction(100))
    program = infer(rated(25), b.node(b.call(rated(25), const(1.0, F32))))
    assert program.node("main").equations[-1].clock == every(BASE, FOURTH)


def test_an_unknown_activation_is_found_from_a_slow_input() -> None:
    callee = rated(50, every(BASE, HALF))
    b = NodeBuilder("main", Fraction(100))
    u = b.input("u", F32, every(BASE, word((0,), FOURTH.period)))
    program = infer(callee, b.node(b.call(callee, u)))
    assert program.node("main").equations[-1].clock == every(BASE, word((0,), (1, 0)))


def test_a_caller_without_a_rate_gets_the_one_that_its_callee_implies() -> None:
    b = NodeBuilder("wrapper")
    wrapper = b.node(b.call(rated(25), b.when(b.input("u", F32), b.wave(HALF))))
    m = NodeBuilder("main", Fraction(100))
    u = m.input("u", F32)
    program = infer(rated(25), wrapper, m.node(m.call(wrapper, m.when(u, m.wave(HALF)))))
    assert program.node("wrapper").rate == 50
    m = NodeBuilder("main", Fraction(100))
    fault = only_fault(rated(25), wrapper, m.node(m.call(wrapper, m.input("u", F32, BASE))))
    assert (fault.code, "`wrapper` runs at 50 Hz but is called at 100 Hz" in fault.message) == ("C001", True)


def test_a_rate_that_does_not_divide_the_callers() -> None:
    b = NodeBuilder("main", Fraction(100))
    fault = only_fault(rated(30), b.node(b.call(rated(30), b.input("u", F32))))
    assert fault.code == "C002"
    assert fault.message == "`controller` runs at 30 Hz, which does not divide the 100 Hz of its caller"


def test_a_node_with_a_rate_is_not_called_on_data() -> None:
    b = NodeBuilder("main", Fraction(100))
    u, c = b.input("u", F32), b.input("c", BOOL)
    fault = only_fault(rated(100), b.node([c, *b.call(rated(100), b.when(u, c))]))
    assert fault.code == "C001"
    assert "base on c, which has no rate" in fault.message


def test_slower_operand_is_held() -> None:
    b = NodeBuilder("n", Fraction(100))
    v, gap = b.input("v", F32, BASE), b.input("gap", F32, every(BASE, FOURTH))
    fault = only_fault(b.node([b.op(Op.SUB, v, gap)]))
    assert fault.code == "C001"
    assert fault.message == ("`gap` has clock 25 Hz (base every (1000)) but is expected to have clock 100 Hz (base)")
    assert fault.help == "take it to the faster clock with `hold(gap, init=...)`"
    assert [label.span for label in fault.secondary] == [gap.span, v.span]


def test_faster_operand_is_sampled() -> None:
    b = NodeBuilder("n", Fraction(100))
    gap, v = b.input("gap", F32, every(BASE, FOURTH)), b.input("v", F32, BASE)
    fault = only_fault(b.node([b.op(Op.SUB, gap, v)]))
    assert fault.help == "take it to the slower clock with `sample(v, to=Hz(25))`"


def test_complementary_operands_are_merged() -> None:
    b = NodeBuilder("n")
    x, c = b.input("x", F32), b.input("c", BOOL)
    fault = only_fault(b.node([c, b.op(Op.ADD, b.when(x, c), b.when(x, c, False))]))
    assert fault.code == "C001"
    assert fault.help == "the two are never present together: join them with `merge(c, ..., ...)`"


def test_a_clock_that_depends_on_data_is_left_by_merge() -> None:
    b = NodeBuilder("n")
    x, c = b.input("x", F32, BASE), b.input("c", BOOL)
    fault = only_fault(b.node([b.op(Op.ADD, x, b.when(x, c, name="y"))]))
    assert fault.help is not None
    assert "hold(y, init=...)" in fault.help
    assert "merge(c, ..., ...)" in fault.help


def test_operands_of_one_rate_and_different_phase() -> None:
    b = NodeBuilder("n", Fraction(100))
    x = b.input("x", F32, every(BASE, FOURTH))
    y = b.input("y", F32, every(BASE, word((0,), FOURTH.period)))
    fault = only_fault(b.node([b.op(Op.ADD, x, y)]))
    assert fault.help is not None
    assert fault.help.startswith("both have the same rate but not the same phase")


def test_a_condition_samples_streams_on_its_own_clock() -> None:
    b = NodeBuilder("n")
    x, c = b.input("x", F32, BASE), b.input("c", BOOL, every(BASE, HALF))
    assert only_fault(b.node([b.when(x, c)])).code == "C001"


def test_the_branches_of_a_merge_complement_each_other() -> None:
    b = NodeBuilder("n")
    x, c = b.input("x", F32), b.input("c", BOOL)
    yes = b.when(x, c)
    fault = only_fault(b.node([b.merge(c, (True, yes), (False, yes))]))
    assert fault.code == "C003"
    assert fault.message == "the branch for false has clock base on c but must have clock base on not c"


def test_a_merge_with_a_missing_and_a_repeated_branch() -> None:
    b = NodeBuilder("n")
    x, mode = b.input("x", F32), b.input("mode", MODE)
    cruise = b.when(x, mode, "CRUISE")
    fault = only_fault(b.node([b.merge(mode, ("CRUISE", cruise), ("CRUISE", cruise))]))
    assert fault.code == "C003"
    assert fault.message == "a merge on `mode` has no branch for FOLLOW and two branches for CRUISE"


def test_an_output_on_a_condition_that_stays_inside() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    c = b.op(Op.GT, x, ZERO, name="c")
    fault = only_fault(b.node([b.when(x, c, name="y")]))
    assert (fault.code, fault.message) == (
        "C005", "the clock of output `y` of `n` depends on the condition `c`, which stays inside the node",
    )  # fmt: skip


def test_an_argument_on_the_wrong_clock() -> None:
    f = NodeBuilder("f")
    callee = f.node([f.op(Op.ADD, f.input("a", F32), f.input("b", F32))])
    b = NodeBuilder("main", Fraction(100))
    x, y = b.input("x", F32, BASE), b.input("y", F32, every(BASE, HALF))
    fault = only_fault(callee, b.node(b.call(callee, x, y)))
    assert fault.code == "C001"
    assert any("input `b` of `f` has clock base" in label.text for label in fault.secondary)


def test_a_clock_cannot_be_made_from_itself() -> None:
    b = NodeBuilder("n")
    c = b.input("c", BOOL)
    x = b.declare("x", F32)
    b.define(x, Apply(Op.ADD, (b.when(x, c), const(1.0, F32))))
    assert [f.code for f in faults(b.node([x]))] == ["C001"]


def test_one_cause_is_reported_once_and_others_too() -> None:
    b = NodeBuilder("n")
    x, y = b.input("x", F32, BASE), b.input("y", F32, every(BASE, HALF))
    wrong = b.op(Op.ADD, x, y)
    after = b.op(Op.MUL, wrong, y)
    b.op(Op.MUL, after, x)
    other = b.op(Op.SUB, y, x)
    found = faults(b.node([b.op(Op.ADD, after, other)]))
    assert [f.code for f in found] == ["C001", "C001"]
    assert [f.span for f in found] == [b.equations[0].span, b.equations[3].span]


def test_an_error_in_a_callee_is_not_repeated_at_the_call() -> None:
    f = NodeBuilder("f")
    wrong = f.op(Op.ADD, f.input("a", F32, BASE), f.input("b", F32, every(BASE, HALF)))
    callee = f.node([wrong])
    b = NodeBuilder("main")
    x, y = b.input("x", F32, BASE), b.input("y", F32, every(BASE, HALF))
    (result,) = b.call(callee, x, y)
    assert len(faults(callee, b.node([b.op(Op.ADD, result, y), b.op(Op.ADD, result, x)]))) == 1


def test_ten_thousand_nested_samplings_do_not_recurse() -> None:
    b = NodeBuilder("n")
    x: Var = b.input("x", F32)
    for _ in range(10_000):
        x = b.when(x, b.op(Op.GT, x, ZERO))
    y = b.op(Op.ADD, x, const(1.0, F32), name="y")
    (program,) = (infer_clocks(Program((b.node([b.inputs[0]]),), "n")),)
    assert text_of(clock(program, y)).count(" on ") == 10_000


@settings(suppress_health_check=list(HealthCheck), max_examples=40)
@given(programs(20), st.randoms(use_true_random=False))
def test_the_order_of_equations_and_the_names_of_streams_change_no_clock(program: Program, random: object) -> None:
    clocked = infer_clocks(program)
    check_program(clocked)
    shuffled = Program(
        tuple(replace(n, equations=tuple(_shuffled(n.equations, random))) for n in program.nodes), program.main
    )
    assert [dict(n.clocks) for n in infer_clocks(shuffled).nodes] == [dict(n.clocks) for n in clocked.nodes]
    renamed = infer_clocks(_renamed(program))
    assert print_program(renamed) == print_program(_renamed(clocked))


@settings(suppress_health_check=list(HealthCheck), max_examples=40)
@given(programs(20))
def test_a_clocked_program_stays_well_clocked_when_it_is_inlined(program: Program) -> None:
    check_program(inline(infer_clocks(program)))


def _shuffled(items: tuple[object, ...], random: object) -> list[object]:
    result = list(items)
    random.shuffle(result)  # type: ignore[attr-defined]
    return result


def _renamed(program: Program) -> Program:
    """The same program with every stream called something else."""
    nodes = []
    for node in program.nodes:
        streams = [*node.inputs, *(t for e in node.equations for t in e.targets)]
        fresh = {v: Var(f"s{len(streams) - i}", v.type, v.span, v.user, v.unit) for i, v in enumerate(streams)}

        def new(clock: Clock | None, fresh: dict[Var, Var] = fresh) -> Clock | None:
            if isinstance(clock, On):
                return On(new(clock.parent), fresh[clock.condition], clock.constructor)
            return clock if clock is None or clock == BASE else replace(clock, parent=new(clock.parent))

        def atom(a: Var | Const, fresh: dict[Var, Var] = fresh) -> Var | Const:
            return fresh[a] if isinstance(a, Var) else a

        equations = []
        for equation in node.equations:
            match equation.rhs:
                case Apply() | Call() | Iterate() as rhs:
                    rhs = replace(rhs, arguments=tuple(map(atom, rhs.arguments)))
                case Fby() as rhs:
                    rhs = replace(rhs, following=atom(rhs.following))
                case When() as rhs:
                    rhs = When(atom(rhs.source), fresh[rhs.condition], rhs.constructor)
                case Merge() as rhs:
                    rhs = Merge(fresh[rhs.condition], tuple((c, atom(a)) for c, a in rhs.branches))
                case Wave() as rhs:
                    pass
                case rhs:
                    raise AssertionError(f"{rhs} is not renamed")
            if resets(rhs):
                rhs = replace(rhs, resets=tuple(fresh[r] for r in resets(rhs)))
            targets = tuple(fresh[t] for t in equation.targets)
            equations.append(replace(equation, targets=targets, rhs=rhs, clock=new(equation.clock)))
        nodes.append(
            replace(
                node,
                inputs=tuple(fresh[v] for v in node.inputs),
                outputs=tuple(fresh[v] for v in node.outputs),
                equations=tuple(equations),
                clocks={fresh[v]: new(c) for v, c in node.clocks.items()},
            )
        )
    return Program(tuple(nodes), program.main)


@pytest.mark.parametrize(
    ("rate", "letters", "help_"),
    [
        (100, "1000", "`sample(x, to=Hz(25))`"),
        (100, "0100", "`sample(x, to=Hz(25), phase=ms(10))`"),
        (3, "10", "`sample(x, to=Hz(1.5))`"),
        (100, "1100", "`when(x, ...)` by the same condition"),
        (None, "1000", "`sample(x, every(4))`"),
        (None, "0010", "`sample(x, every(4, phase=2))`"),
    ],
)
def test_the_repair_samples_at_the_slower_clock(rate: int | None, letters: str, help_: str) -> None:
    b = NodeBuilder("n", None if rate is None else Fraction(rate))
    slow = b.input("slow", F32, every(BASE, word((), tuple(map(int, letters)))))
    x = b.input("x", F32, BASE)
    fault = only_fault(b.node([b.op(Op.ADD, slow, x)]))
    assert fault.help == f"take it to the slower clock with {help_}"


def test_the_repair_samples_by_an_enumeration() -> None:
    b = NodeBuilder("n")
    x, mode = b.input("x", F32, BASE), b.input("mode", MODE)
    followed = b.when(x, mode, "FOLLOW")
    fault = only_fault(b.node([mode, b.op(Op.ADD, followed, x)]))
    assert fault.help == "take it to the slower clock with `when(x, mode, Mode.FOLLOW)`"
    other = b.when(x, mode, "CRUISE")
    b.equations.pop(1)
    fault = only_fault(b.node([mode, b.op(Op.ADD, followed, other)]))
    assert fault.help == "the two are never present together: join them with `merge(mode, {...})`"


def test_negations_of_negations_and_of_words() -> None:
    b = NodeBuilder("n")
    x, c, wave = b.input("x", F32), b.input("c", BOOL), b.wave(HALF)
    twice = b.op(Op.NOT, b.op(Op.NOT, c))
    rest = b.op(Op.NOT, wave)
    program = infer(b.node([c, b.when(x, twice, name="again"), b.when(x, rest, name="rest")]))
    found = {v.name: k for v, k in program.node("n").clocks.items()}
    assert found["again"] == On(BASE, c, True)
    assert found["rest"] == every(BASE, word((), (0, 1)))


def test_an_argument_on_the_callees_base_decides_before_one_on_a_slower_clock() -> None:
    f = NodeBuilder("f")
    slow, fast = f.input("slow", F32, every(BASE, HALF)), f.input("fast", F32, BASE)
    f.op(Op.NEG, slow)
    callee = f.node([f.op(Op.NEG, fast)])
    b = NodeBuilder("main")
    x, y = b.input("x", F32, every(BASE, FOURTH)), b.input("y", F32, BASE)
    (result,) = b.call(callee, x, y)
    # What is wrong is the first argument; the result is not judged after that.
    fault = only_fault(callee, b.node([b.op(Op.ADD, result, x)]))
    assert fault.message == "`x` has clock base every (1000) but is expected to have clock base every (10)"


@given(st.integers(1, 5), st.integers(0, 4), WORDS, WORDS)
def test_a_strict_quotient_composes_to_the_whole(spacing: int, phase: int, inner: Word, other: Word) -> None:
    strict = word((0,) * (phase % spacing), (1,) + (0,) * (spacing - 1))
    whole = compose(strict, inner)
    if inner.rate:
        assert strict_quotient(whole, inner) == strict
    found = strict_quotient(other, inner)
    assert found is None or compose(found, inner) == other
