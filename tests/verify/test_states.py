"""Systems with finitely many states: all that they can do, without a solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from syncml.ir.clocks import BASE, On
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Node, Property, PropertyKind, Var
from syncml.ir.types import BOOL, EnumType
from syncml.pipeline import check, load
from syncml.verify import Proved, Reached, Result, Unknown, Unreachable, VerifyOptions, Violated, verify
from syncml.verify import session as sessions
from syncml.verify.abstraction import opened
from syncml.verify.certificate import certificates
from syncml.verify.cone import Cones
from syncml.verify.finite import explore
from syncml.verify.finite.diagrams import FALSE, TRUE, Diagrams, TooLargeError
from syncml.verify.finite.explore import decide
from syncml.verify.finite.forcing import needed_where_finite
from syncml.verify.model import Model
from syncml.verify.pool import Pool
from syncml.verify.recheck import Outcome as Checked
from syncml.verify.recheck import recheck
from syncml.verify.search import Outcome
from syncml.verify.smt import z3
from syncml.verify.system import Definition, Input, State, System
from syncml.verify.translate import translate
from syncml.verify.writing import written_translation
from tests.verify.build import Builder, Op
from tests.verify.random_systems import INTS, LARGEST, Small, systems
from tests.verify.test_portfolio import certified
from tests.verify.test_verify import replay

ACCEPTED = sorted((Path(__file__).resolve().parents[1] / "accept").glob("*.py"))

CONTROL = ("automaton", "contract", "enumeration", "memory", "record", "reset", "state", "switch")
"""What programs with clocks, resets and modes are called."""

ENOUGH = 10**6

Events = list[dict[str, Any]]


def bounded(small: Small) -> System:
    """The system with what its integers may be as facts."""
    facts = tuple(f"(and (>= |{n}| 0) (< |{n}| {LARGEST + 1}))" for n in INTS)
    return replace(small.system, facts=facts)


def run(system: System, steps: int = ENOUGH) -> tuple[Events, Outcome]:
    found: Events = []
    return found, decide(system, system.goals, steps, found.append)


@settings(max_examples=150, deadline=None)
@given(small=systems())
def test_it_finds_all_that_happens_and_the_shortest_runs(small: Small) -> None:
    expected = small.violated()
    found, outcome = run(bounded(small))
    assert outcome is Outcome.DECIDED
    assert {g: len(e["trace"]) for e in found if e["event"] == "violated" for g in e["goals"]} == expected
    for event in found:
        if event["event"] == "violated":
            violates(small, event["goals"][0], event["trace"])
    proved = {g for e in found if e["event"] == "proved" for g in e["goals"]}
    vacuous = any(e["event"] == "vacuous" for e in found)
    assert proved == (set() if vacuous else small.goals.keys() - expected.keys())


def violates(small: Small, goal: str, trace: list[Mapping[str, str]]) -> None:
    """The run keeps the assumption, and breaks the goal at its end, from some first state."""
    unknown = [n for n in small.following if n not in small.initial]
    for first in product((False, True), repeat=len(unknown)):
        state = {**small.initial, **dict(zip(unknown, first, strict=True))}
        kept = True
        for instant in trace:
            values = {**state, **{n: v == "True" for n, v in instant.items()}}
            kept = kept and bool(small.assumption.value(values))
            holds = small.goals[goal].value(values)
            state = {n: t.value(values) for n, t in small.following.items()}
        if kept and not holds:
            return
    raise AssertionError(trace)


@settings(max_examples=40, deadline=None)
@given(small=systems())
def test_a_proof_can_be_checked_from_the_system_alone(small: Small) -> None:
    system = bounded(small)
    for event in run(system)[0]:
        if event["event"] == "proved":
            assert certified(system, {"auxiliary": (), **event}, event["goals"][0])


@settings(max_examples=40, deadline=None)
@given(small=systems())
def test_needed_inputs_force_the_violation(small: Small) -> None:
    """Whatever the others are, no run that meets the assumption keeps the goal; and each is needed for that."""
    system = bounded(small)
    for event in run(system)[0]:
        if event["event"] != "violated" or len(event["trace"]) > 4 or len(small.initial) < len(small.following):
            continue
        goal, trace = event["goals"][0], event["trace"]
        values = [(k, n, v == "True") for k, instant in enumerate(trace) for n, v in instant.items()]
        needed = needed_where_finite(system, goal, values, len(trace))
        assert needed is not None
        assert forced(small, goal, [values[i] for i in needed], len(trace))
        assert not any(forced(small, goal, [values[i] for i in needed - {j}], len(trace)) for j in needed)


def test_what_an_assumption_forces_is_not_needed() -> None:
    system = System(
        (Input("a", "Bool"), Input("b", "Bool")),
        (State("s", "Bool", "false", "(and a b)"),),
        (Definition("assumption!0", "Bool", "a"), Definition("goal!0", "Bool", "(not s)")),
        (),
        ("assumption!0",),
        ("goal!0",),
    )
    given_ = [(0, "a", True), (0, "b", True), (1, "a", True), (1, "b", False)]
    assert needed_where_finite(system, "goal!0", given_, 2) == {1}


def forced(small: Small, goal: str, values: list[tuple[int, str, bool]], ticks: int) -> bool:
    states = [dict(small.initial)]
    for tick in range(ticks):
        after: list[dict[str, Any]] = []
        for state, inputs in product(states, product((False, True), repeat=len(small.system.inputs))):
            given_ = dict(zip((i.name for i in small.system.inputs), inputs, strict=True))
            if any(given_[n] != v for k, n, v in values if k == tick) or not small.assumption.value(
                {**state, **given_}
            ):
                continue
            if tick == ticks - 1 and small.goals[goal].value({**state, **given_}):
                return False
            after.append({n: t.value({**state, **given_}) for n, t in small.following.items()})
        states = [dict(s) for s in {tuple(sorted(s.items())) for s in after}]
    return True


# The translation.


def claims(node: Node) -> Node:
    """The node with a promise for each truth value that depends on nothing but such and enumerations."""
    cones = Cones(node)
    finite = [
        v for v in node.clocks
        if v.type is BOOL and all(x.type is BOOL or isinstance(x.type, EnumType) for x in cones.within([v]))
    ]  # fmt: skip
    return replace(node, properties=tuple(Property(PropertyKind.ENSURE, v.name, v, v.span) for v in finite))


def test_both_translations_say_the_same() -> None:
    """Of accepted programs: as formulas of the solver, name by name."""
    compared = operators = 0
    for path in (p for p in ACCEPTED if p.stem.startswith(CONTROL)):
        program = opened(check(load(str(path))).program)
        node = claims(program.node(program.main))
        made = written_translation(node)
        if made is None or not made.system.goals:
            continue
        equal(made.system, translate(node, wrapping=False, bounded=True).system)
        compared += 1
        operators += sum(len(d.term) for d in made.system.definitions)
    assert compared > 30
    assert operators > 5000


def equal(some: System, other: System) -> None:
    left = Model(some)
    right = Model(other, left.context)
    solver = z3.Solver(ctx=left.context)
    solver.add(*left.facts)
    assert left.goals == right.goals
    assert set(right.states) <= set(left.states)
    pairs = [(left.full[g], right.full[g]) for g in left.goals]
    pairs += [(left.following[n], right.following[n]) for n in right.states]
    pairs += [(left.initial[n], right.initial[n]) for n in right.initial]
    assert all(n in right.initial for n in right.states if n in left.initial)
    solver.add(z3.Or([a != b for a, b in pairs]))
    assert solver.check() == z3.unsat


# Programs.

MODE = EnumType("Mode", ("Off", "On", "Broken"))


def lamp() -> Builder:
    """A lamp that breaks when it is switched too soon, and says so on a clock of its own."""
    b = Builder()
    press, repair = b.input("press", BOOL), b.input("repair", BOOL)
    mode, just = b.state("mode", MODE, "Off"), b.state("just", BOOL, False)
    broken = b.op(Op.EQ, mode, Const("Broken", MODE))
    lit = b.op(Op.EQ, mode, Const("On", MODE))
    other = b.op(Op.WHERE, lit, Const("Off", MODE), Const("On", MODE))
    pressed = b.op(Op.WHERE, just, Const("Broken", MODE), other)
    kept = b.op(Op.WHERE, press, pressed, mode)
    b.next(mode, b.op(Op.WHERE, b.op(Op.AND, broken, repair), Const("Off", MODE), b.op(Op.WHERE, broken, mode, kept)))
    b.next(just, press)
    seen = b.state("seen", BOOL, False, On(BASE, mode, "Broken"))
    b.next(seen, b.op(Op.OR, seen, b.when(just, mode, "Broken")))
    merged = b.merge(mode, {"Off": b.when(just, mode, "Off"), "On": False, "Broken": seen})
    b.claim("never broken", b.op(Op.NOT, broken))
    b.claim("not both", b.op(Op.NOT, b.op(Op.AND, broken, lit)))
    b.claim("dark after repair", b.op(Op.OR, b.op(Op.NOT, merged), b.op(Op.NOT, lit)))
    b.claim("broken is reached", b.op(Op.NOT, broken), PropertyKind.COVER)
    return b


def counter(bits: int) -> Builder:
    """A counter in binary that an input advances; it is never full."""
    b = Builder()
    carry: Var = b.input("go", BOOL)
    states = [b.state(f"bit{i}", BOOL, False) for i in range(bits)]
    for state in states:
        b.next(state, b.op(Op.XOR, state, carry))
        carry = b.op(Op.AND, state, carry)
    b.claim("never full", b.op(Op.NOT, carry))
    return b


@pytest.fixture
def without_solvers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> int:
        raise AssertionError("a solver was asked")

    monkeypatch.setattr(Pool, "submit", refused)


def verdicts(builder: Builder, **options: Any) -> dict[str, Result]:
    report = verify(builder.program(), VerifyOptions(**{"timeout": 60.0, **options}), replay)
    return {r.name: r for r in report.results}


@pytest.mark.usefixtures("without_solvers")
def test_enumerations_and_clocks_are_decided_without_a_solver() -> None:
    found = {n: r.verdict for n, r in verdicts(lamp(), explain=True).items()}
    broken = found["never broken"]
    assert isinstance(broken, Violated)
    assert broken.counterexample.tick == 2
    assert [s.free for s in broken.counterexample.streams if s.name == "press"] == [(False, False, True)]
    assert isinstance(found["broken is reached"], Reached)
    for name in ("not both", "dark after repair"):
        proof = found[name]
        assert isinstance(proof, Proved)
        assert (proof.method, proof.k) == (explore.METHOD, 1)


@pytest.mark.usefixtures("without_solvers")
def test_an_input_has_the_values_of_its_type_only() -> None:
    """Two bits have four values, and an enumeration of three has no fourth."""
    b = Builder()
    mode = b.input("mode", MODE)
    last = b.state("last", MODE, None)
    b.next(last, mode)
    for name, stream in (("one of three", mode), ("it was", last)):
        known = [b.op(Op.EQ, stream, Const(c, MODE)) for c in MODE.constructors]
        b.claim(name, b.op(Op.OR, known[0], b.op(Op.OR, known[1], known[2])))
    assert all(isinstance(r.verdict, Proved) for r in verdicts(b).values())


@pytest.mark.usefixtures("without_solvers")
def test_a_violation_far_away_is_found() -> None:
    verdict = verdicts(counter(7))["never full"].verdict
    assert isinstance(verdict, Violated)
    assert verdict.counterexample.tick == 127


@pytest.mark.parametrize("solver", ["z3", "cvc5"])
def test_a_second_solver_accepts_the_invariant(solver: str) -> None:
    if solver == "cvc5":
        pytest.importorskip("cvc5")
    program = lamp().program()
    [derivation] = verify(program, VerifyOptions(timeout=60.0), replay).derivations
    made = certificates(derivation, "lamp.py", derivation.reported & derivation.proofs.keys())
    assert {p for c in made for p in c.properties} == {"not both", "dark after repair"}
    assert {recheck(c.text, solver, 30.0).outcome for c in made} == {Checked.ACCEPTED}
    # An invariant of too few states is none.
    wrong = replace(derivation, proofs={g: replace(p, invariant="(not |$just|)") for g, p in derivation.proofs.items()})
    for each in certificates(wrong, "lamp.py", wrong.reported & wrong.proofs.keys()):
        assert recheck(each.text, solver, 30.0).outcome is Checked.REFUTED


def test_assumptions_that_contradict_each_other_prove_nothing() -> None:
    b = Builder()
    x, last = b.input("x", BOOL), b.state("last", BOOL, False)
    b.next(last, True)
    b.assume("only at first", b.op(Op.NOT, last))
    b.claim("x", b.op(Op.OR, x, last))
    b.claim("later", b.op(Op.NOT, last))
    report = verify(b.program(), VerifyOptions(timeout=60.0), replay)
    found = {r.name: r.verdict for r in report.results}
    assert isinstance(found["x"], Violated)
    assert isinstance(found["later"], Unknown)
    assert [w.code for w in report.warnings] == ["V002"]


def test_what_takes_too_many_steps_is_left_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    system = written_translation(counter(6).node())
    assert system is not None
    found, outcome = run(system.system, 2000)
    assert outcome is Outcome.TOO_LARGE
    depth = max(e["depth"] for e in found if e["event"] == "holds")
    assert 0 < depth < 63
    monkeypatch.setattr(sessions, "STEPS", 100)
    # With one engine alone, it goes on in a process of its own.
    for engines in ((), ("states",)):
        verdict = verdicts(counter(4), engines=engines)["never full"].verdict
        assert isinstance(verdict, Violated)
        assert verdict.counterexample.tick == 15


def test_a_goal_that_no_state_meets_is_unreachable() -> None:
    b = Builder()
    x = b.state("x", BOOL, False)
    b.next(x, b.op(Op.AND, x, b.input("i", BOOL)))
    b.claim("goal", b.op(Op.NOT, x), PropertyKind.COVER)
    assert isinstance(verdicts(b)["goal"].verdict, Unreachable)


@pytest.mark.parametrize(
    "system",
    [
        System((Input("x", "Int"),), (), (Definition("goal!0", "Bool", "(= x 0)"),), (), (), ("goal!0",)),
        System((), (State("x", "Real", "0.0", "x"),), (Definition("goal!0", "Bool", "true"),), (), (), ("goal!0",)),
        System(
            (), (State("x", "Int", "0", "(+ x 1)"),), (Definition("goal!0", "Bool", "(< x 9)"),),
            ("(and (>= |x| 0) (< |x| 3))",), (), ("goal!0",),
        ),
    ],
    ids=["an integer without bounds", "a real number", "a bound that is left"],
)  # fmt: skip
def test_other_systems_are_not_taken(system: System) -> None:
    assert run(system) == ([], Outcome.INFINITE)
    assert needed_where_finite(system, "goal!0", [], 1) is None


# Functions.


def test_functions_are_equal_exactly_if_their_numbers_are() -> None:
    diagrams = Diagrams(ENOUGH)
    x, y, z = map(diagrams.variable, range(3))
    assert diagrams.choice(x, y, z) == diagrams.either(diagrams.both(x, y), diagrams.both(x ^ 1, z))
    assert diagrams.same(x, y) == diagrams.both(diagrams.either(x, y ^ 1), diagrams.either(x ^ 1, y))
    assert diagrams.joined(diagrams.same(x, y), y, frozenset({1})) == x
    assert diagrams.composed(diagrams.choice(x, y, z), {0: z, 2: FALSE}) == diagrams.both(z, y)
    assert diagrams.either(x, x ^ 1) == TRUE
    few = Diagrams(4)
    with pytest.raises(TooLargeError):
        few.all_of(map(few.variable, range(3)))
