"""Tensors that copies join become one where that changes nothing; the bits stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from syncml.ir.step.check import check_step
from syncml.ir.step.coalescing import coalesced
from syncml.ir.step.nests import copied, nest_of
from syncml.ir.step.syntax import Assign, Binary, BinaryOp, For, If, Invoke, LoopIndex, Slot, StepProgram, Stmt, Storage
from syncml.ir.step.traverse import mentioned, statements
from syncml.ir.types import F32, I64, TensorType
from tests.export_c.programs import add, at, lit, machine, mul, slot, state
from tests.support import step_machine

SIZE = 4
ARRAY = TensorType(F32, (SIZE,))
X = Slot("x", ARRAY, Storage.INPUT)
Y = Slot("y", ARRAY, Storage.OUTPUT)
W = state("w", ARRAY, 1.0)
V = state("v", ARRAY, 2.0)
HELD, NEW, OTHER = (slot(name, ARRAY) for name in ("held", "new", "other"))
INDEX = LoopIndex("i")


def each(target: Slot, *terms: Slot) -> Stmt:
    """``target[i] := the sum of terms[i]``."""
    value = at(terms[0], INDEX)
    for other in terms[1:]:
        value = add(value, at(other, INDEX))
    return For(INDEX, SIZE, (Assign(at(target, INDEX), value),))


def turned(target: Slot, source: Slot) -> Stmt:
    """``target[i] := 2 * source[3 - i]``."""
    value = mul(lit(2.0), at(source, Binary(BinaryOp.SUB, lit(SIZE - 1, I64), INDEX)))
    return For(INDEX, SIZE, (Assign(at(target, INDEX), value),))


def when(then: tuple[Stmt, ...], otherwise: tuple[Stmt, ...] = ()) -> Stmt:
    return If(Binary(BinaryOp.GT, at(X, 0), lit(0.0)), then, otherwise)


def program(*body: Stmt) -> StepProgram:
    made = machine("m", (X,), (Y,), body, states=(W, V))
    used = {s for s in mentioned(body) if s.storage is Storage.LOCAL}
    return StepProgram((replace(made, locals=tuple(s for s in (HELD, NEW, OTHER) if s in used)),), "m")


def after(plain: StepProgram) -> StepProgram:
    found = replace(plain, machines=tuple(map(coalesced, plain.machines)))
    check_step(found)
    return found


def copies(code: StepProgram) -> int:
    nests = [nest_of(stmt) for m in code.machines for stmt in statements(m.body)]
    return sum(nest is not None and bool(nest.axes) and copied(nest) is not None for nest in nests)


def locals_of(code: StepProgram) -> set[str]:
    return {s.name for s in code.machines[-1].locals}


def assert_same(plain: StepProgram, changed: StepProgram, seed: int = 0) -> None:
    inputs = step_machine.random_inputs(plain, 6, seed)
    for ours, theirs in zip(
        step_machine.run(changed, inputs, 6), step_machine.run(plain, inputs, 6), strict=True
    ):  # fmt: skip
        assert {name: v.tobytes() for name, v in ours.items()} == {name: v.tobytes() for name, v in theirs.items()}


def test_a_register_that_is_kept_or_changed_is_changed_in_place() -> None:
    plain = program(
        each(Y, W),
        when((each(HELD, W), For(LoopIndex("k"), 3, (each(NEW, HELD, X), each(HELD, NEW)))), (each(HELD, W),)),
        each(W, HELD),
    )
    found = after(plain)
    assert copies(plain) == 5
    # What the output shows is a copy that stays.
    assert (copies(found), locals_of(found)) == (1, set())
    # Nothing is left of the way on which nothing changes.
    assert all(not stmt.otherwise for stmt in statements(found.machines[0].body) if isinstance(stmt, If))
    assert_same(plain, found)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        pytest.param((each(HELD, W), each(HELD, HELD, X), each(Y, HELD, W), each(W, HELD)), {"held"}, id="read later"),
        pytest.param((turned(HELD, W), each(W, HELD), each(Y, W)), {"held"}, id="read elsewhere"),
        pytest.param((For(LoopIndex("k"), 2, (each(HELD, W, X),)), each(W, HELD), each(Y, W)), {"held"}, id="repeated"),
        pytest.param((each(HELD, W), Assign(at(HELD, 1), at(X, 0)), each(Y, W), each(W, HELD)), {"held"}, id="a part"),
        pytest.param((each(HELD, W), each(W, V), each(V, HELD), each(Y, W)), {"held"}, id="exchanged"),
        pytest.param(
            (each(HELD, W), For(LoopIndex("k"), 2, (each(NEW, HELD, W), each(HELD, NEW))), each(W, HELD), each(Y, W)),
            {"held"},
            id="read in the next round",
        ),
    ],
)  # fmt: skip
def test_what_is_still_needed_stays(body: tuple[Stmt, ...], left: set[str]) -> None:
    plain = program(*body)
    found = after(plain)
    assert locals_of(found) == left
    assert_same(plain, found)


def test_two_registers_stay_two() -> None:
    plain = program(each(W, V), each(Y, W))
    assert after(plain) == plain


def test_a_call_may_write_results_before_it_has_read_its_arguments() -> None:
    call = Invoke("f", (at(HELD),), (NEW,))
    body = (each(HELD, W), call, each(W, NEW), each(Y, W))
    found = coalesced(machine("m", (X,), (Y,), body, states=(W,), locals_=(HELD, NEW)))
    [kept] = [stmt for stmt in found.body if isinstance(stmt, Invoke)]
    assert kept.arguments[0] != at(kept.results[0])


def random_body(rng: np.random.Generator, ready: set[Slot], depth: int) -> tuple[tuple[Stmt, ...], set[Slot]]:
    """Random statements that read what is ``ready``, and what is ready after them."""
    body: list[Stmt] = []
    ready = set(ready)
    for _ in range(int(rng.integers(2, 6))):
        known = sorted(ready, key=lambda s: s.name)
        target = (W, V, HELD, NEW, OTHER, Y)[rng.integers(6)]
        a, b = (known[rng.integers(len(known))] for _ in range(2))
        match int(rng.integers(9 if depth else 6)):
            case 0 | 1 | 2:
                if a is not target:
                    body.append(each(target, a))
            case 3:
                body.append(each(target, a, b))
            case 4:
                if a is not target:
                    body.append(turned(target, a))
            case 5:
                if target in ready:
                    body.append(Assign(at(target, 1), at(a, 2)))
            case 6 | 7:
                (then, one), (otherwise, two) = (random_body(rng, ready, depth - 1) for _ in range(2))
                body.append(when(then, otherwise))
                ready |= one & two
            case _:
                inner, ready = random_body(rng, ready, depth - 1)
                body.append(For(LoopIndex(f"k{depth}"), int(rng.integers(1, 4)), inner))
        if body and isinstance(body[-1], For) and (nest := nest_of(body[-1])) is not None:
            ready.add(nest.assign.target.slot)
    return tuple(body) or (each(W, X),), ready - {Y}


def test_random_programs_keep_their_bits() -> None:
    rng = np.random.default_rng(7)
    gone = 0
    for number in range(400):
        body, _ = random_body(rng, {X, W, V}, 2)
        plain = program(*body)
        check_step(plain)
        found = after(plain)
        gone += copies(plain) - copies(found)
        assert_same(plain, found, number)
    assert gone > 200
