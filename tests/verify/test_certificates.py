"""Certificates: another solver accepts those of true proofs, and none of a proof that is wrong anywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncml.ir.equations.syntax import PropertyKind
from syncml.ir.types import F32
from syncml.verify import Proved, Semantics, VerifyOptions, verify
from syncml.verify.certificate import Certificate, certificates
from syncml.verify.derivation import Derivation, blocks, cone, renamed
from syncml.verify.lengthen import certifiable
from syncml.verify.recheck import Outcome, Recheck, queries, recheck
from tests.verify.build import BOOL, Builder, Op, Scalar
from tests.verify.test_engines import saturating
from tests.verify.test_verify import replay

I8 = Scalar.I8


def derived(builder: Builder, **options: Any) -> Derivation:
    """The proofs about a program of which everything is proved that has `yes` in its name."""
    report = verify(
        builder.program(), VerifyOptions(**{"timeout": 30.0, "semantics": Semantics.REALS, **options}), replay
    )
    undecided = [r.name for r in report.results if "yes" in r.name and not isinstance(r.verdict, Proved)]
    assert not undecided
    return report.derivations[-1]


def made(derivation: Derivation, goals: frozenset[str] | None = None) -> list[Certificate]:
    return certificates(derivation, "example.py", goals or derivation.reported & derivation.proofs.keys())


def outcomes(derivation: Derivation, solver: str = "z3") -> list[Recheck]:
    return [recheck(c.text, solver, 20.0) for c in made(derivation)]


def climbing() -> Builder:
    """A real number that climbs to a limit; the proof needs two instants."""
    b = Builder()
    rate = b.input("rate", F32)
    x, before = b.state("x", F32, 0.0), b.state("before", F32, 0.0)
    step = b.op(Op.MIN, b.op(Op.MAX, rate, 0.0), 0.5)
    b.next(x, b.op(Op.MIN, b.op(Op.ADD, x, step), 10.0, name="following"))
    b.next(before, x)
    b.claim("yes: near", b.op(Op.LE, b.op(Op.SUB, x, before), 0.5))
    b.claim("yes: below", b.op(Op.LE, x, 10.0))
    return b


def wrapping() -> Builder:
    b = Builder()
    n = b.state("n", I8, 0)
    b.next(n, b.op(Op.ADD, n, 2, name="n2"))
    b.claim("yes: even", b.op(Op.EQ, b.op(Op.AND, n, 1), 0))
    return b


def cycle() -> Builder:
    """A counter modulo three: that it is never five takes a look back to before it was three."""
    b = Builder()
    n = b.state("n", Scalar.INT, 0)
    b.next(n, b.op(Op.WHERE, b.op(Op.EQ, n, 2), 0, b.op(Op.ADD, n, 1)))
    b.claim("yes: never five", b.op(Op.AND, b.op(Op.NE, n, 5), b.op(Op.GE, n, 0)))
    return b


def product() -> Builder:
    b = Builder()
    x = b.state("x", F32, 1.0)
    b.next(x, b.op(Op.MIN, b.op(Op.MUL, x, x), 1.0))
    b.claim("yes: not negative", b.op(Op.GE, x, 0.0))
    return b


def idle() -> Builder:
    """The same counter, which may stay where it is: an induction only over runs that never stay."""
    b = Builder()
    move = b.input("move", BOOL)
    n = b.state("n", Scalar.INT, 0)
    after = b.op(Op.WHERE, b.op(Op.EQ, n, 2), 0, b.op(Op.ADD, n, 1))
    b.next(n, b.op(Op.WHERE, move, after, n))
    b.claim("yes: never five", b.op(Op.AND, b.op(Op.NE, n, 5), b.op(Op.GE, n, 0)))
    return b


PROGRAMS = (saturating, climbing, wrapping, cycle, product, idle)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("solver", ["z3", "cvc5"])
def test_a_second_solver_accepts_a_proof(program: Any, solver: str) -> None:
    found = outcomes(derived(program()), solver)
    assert found
    assert [r.outcome for r in found] == [Outcome.ACCEPTED] * len(found), found


@pytest.mark.parametrize("engine", ["induction", "spacer"])
def test_each_engine_leaves_a_certificate(engine: str) -> None:
    found = derived(climbing(), engines=(engine,))
    assert all(p.invariant for p in found.proofs.values()) == (engine == "spacer")
    assert all(r.outcome is Outcome.ACCEPTED for r in outcomes(found))


def test_a_certificate_contains_all_that_it_rests_on() -> None:
    """One that looks at the counter alone is proved with the obligation that the counter does not overflow."""
    found = derived(saturating())
    [goal] = [g for g, c in found.claims.items() if c.name == "at most the limit"]
    [only] = made(found, frozenset({goal}))
    assert "overflow:t1" in only.supporting
    assert "overflow 'overflow:t1'" in only.text
    assert "never seven" not in only.text
    assert only.checks == len(queries(only.text))


def test_a_proof_with_too_few_instants_is_refuted() -> None:
    found = derived(cycle())
    assert [p.k for p in found.proofs.values()] == [3]
    wrong = replace(found, proofs={g: replace(p, k=2) for g, p in found.proofs.items()})
    assert [r.outcome for r in outcomes(wrong)] == [Outcome.REFUTED]


def test_runs_with_repetitions_are_excluded_only_where_the_proof_says_so() -> None:
    found = derived(idle())
    assert [p.distinct for p in found.proofs.values()] == [True]
    wrong = replace(found, proofs={g: replace(p, distinct=False) for g, p in found.proofs.items()})
    assert [r.outcome for r in outcomes(wrong)] == [Outcome.REFUTED]


def test_a_false_claim_has_no_certificate() -> None:
    found = derived(saturating())
    seven = next(g for g, c in found.claims.items() if c.name == "never seven")
    assert seven not in found.proofs
    some = next(iter(found.proofs.values()))
    wrong = replace(found, proofs={**found.proofs, seven: some}, reported=frozenset({seven}))
    assert Outcome.REFUTED in {r.outcome for r in outcomes(wrong)}


@pytest.mark.parametrize("formula", ["(>= |$x| 1.0)", "(<= |$x| 9.0)", "false"])
def test_a_wrong_invariant_is_refuted(formula: str) -> None:
    """It is false at first, or it is not kept."""
    found = derived(climbing())
    wrong = replace(found, proofs={g: replace(p, auxiliary=(formula,)) for g, p in found.proofs.items()})
    assert Outcome.REFUTED in {r.outcome for r in outcomes(wrong)}


def test_an_invariant_of_an_engine_may_name_definitions() -> None:
    found = derived(climbing())
    known = {g: replace(p, auxiliary=("(<= |$following| 10.0)",)) for g, p in found.proofs.items()}
    result = outcomes(replace(found, proofs=known))
    assert all(r.outcome is Outcome.ACCEPTED for r in result)


def test_that_integers_stay_in_range_is_part_of_the_certificate() -> None:
    """Without the obligation about the sum, the range of the register is not kept."""
    b = Builder()
    n = b.state("n", I8, 0)
    b.next(n, b.op(Op.MIN, b.op(Op.ADD, n, 1, name="sum"), 100))
    b.claim("yes: in range", b.op(Op.LE, n, 127))
    found = derived(b)
    [goal] = [g for g, c in found.claims.items() if c.name.startswith("yes")]
    assert found.rests[goal]
    assert all(r.outcome is Outcome.ACCEPTED for r in outcomes(found))

    # Over the integers, with the range of the register as a fact, the claim holds of a counter without limit too.
    states = tuple(replace(s, following=f"(+ |{s.name}| 1)") for s in found.system.states)
    alone = {goal: replace(found.proofs[goal], using=())}
    wrong = replace(found, system=replace(found.system, states=states), rests={}, proofs=alone)
    [result] = outcomes(wrong)
    assert result.outcome is Outcome.REFUTED
    assert result.answered == result.expected - 1


def test_assumptions_are_named_and_contradictions_show() -> None:
    b = Builder()
    x = b.input("x", F32)
    y = b.state("y", F32, 0.0)
    b.next(y, x)
    b.claim("small", b.op(Op.LE, x, 1.0), kind=PropertyKind.ASSUME)
    b.claim("yes", b.op(Op.LE, y, 1.0))
    found = derived(b)
    [only] = made(found)
    assert "; assuming   assumption!0: small" in only.text
    assert recheck(only.text, "z3", 10.0).outcome is Outcome.ACCEPTED
    void = replace(found.system, facts=(*found.system.facts, "(< |$x| |$x|)"))
    [wrong] = outcomes(replace(found, system=void))
    assert wrong.outcome is Outcome.REFUTED
    assert "not sat" in wrong.detail


def test_text_that_is_no_certificate_is_not_accepted() -> None:
    assert recheck("", "z3", 5.0).outcome is Outcome.REFUTED
    assert recheck("(check-sat)\n", "z3", 5.0).outcome is Outcome.REFUTED
    assert recheck("(assert undeclared)\n(set-info :status unsat)\n(check-sat)\n", "z3", 5.0).outcome is Outcome.REFUTED
    assert recheck("(set-info :status unsat)\n(check-sat)\n", "cvc5", 5.0).detail == "query 1: sat, not unsat"


HARD = """(set-logic ALL)
(declare-const x Int)
(declare-const y Int)
(declare-const z Int)
(assert (and (> x 5) (> y 5) (> z 5) (= (+ (* x x x) (* y y y)) (* z z z))))
(set-info :status unsat)
(check-sat)
"""


@pytest.mark.parametrize("solver", ["z3", "cvc5"])
def test_a_solver_that_gives_up_accepts_nothing(solver: str) -> None:
    found = recheck(HARD, solver, 1.0)
    assert found.outcome is Outcome.UNKNOWN
    assert found.time_s < 8.0


def test_names_are_replaced_as_whole_symbols() -> None:
    assert renamed("(+ $x |$x[0]| $xy)", {"$x": "$x@1", "$x[0]": "$x[0]@1"}) == "(+ |$x@1| |$x[0]@1| $xy)"


def test_the_system_of_a_certificate_is_the_cone_of_its_goals() -> None:
    b = cycle()
    y = b.state("elsewhere", F32, 0.0)
    b.next(y, b.op(Op.MIN, b.input("z", F32), 1.0))
    b.claim("yes: apart", b.op(Op.LE, y, 1.0))
    found = derived(b)
    apart = next(g for g, c in found.claims.items() if c.name == "yes: apart")
    small = cone(found.system, [apart])
    assert {s.name for s in small.states} == {"$elsewhere"}
    assert {i.name for i in small.inputs} == {"$z"}
    assert len(cone(found.system, found.system.goals).states) == 2


def test_blocks_use_only_earlier_blocks() -> None:
    found = derived(saturating())
    seen: set[str] = set()
    for block in blocks(found, found.proofs):
        assert set(block.lemmas) <= seen
        seen |= set(block.goals)
    assert seen == found.proofs.keys()


def test_a_proof_that_excludes_repetitions_looks_back_as_far_as_its_certificate_needs() -> None:
    """In the bits of `idle` a repetition shows only after some instants; a false claim is never certified."""
    found = derived(idle(), engines=("induction",))
    [goal] = found.proofs
    [proof] = found.proofs.values()
    assert proof.k > 1
    short = replace(found, proofs={goal: replace(proof, k=1)})
    assert [r.outcome for r in outcomes(short)] == [Outcome.REFUTED]
    longer, certified = certifiable(short, [goal])
    assert certified == [goal]
    assert [r.outcome for r in outcomes(longer)] == [Outcome.ACCEPTED]

    system = derived(saturating())
    seven = next(g for g, c in system.claims.items() if c.name == "never seven")
    claimed = replace(next(iter(system.proofs.values())), using=(), distinct=True)
    assert certifiable(replace(system, proofs={**system.proofs, seven: claimed}), [seven])[1] == []
