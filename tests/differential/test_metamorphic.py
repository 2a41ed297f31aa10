"""What does not change a program's meaning does not change its trace.

Names, the order of equations, calls that are inlined, and the spelling of a periodic word are the writer's choice; the
interpreter and the compiled simulation give the same streams for each choice, bit for bit.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import Program, Var
from syncml.pipeline import check, check_file
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Column, Trace, first_difference
from tests.support.programs import inputs_for, programs

TICKS = 20
# A failing program is shown as it is: to make it smaller would take minutes.
PHASES = (Phase.explicit, Phase.generate)
ANY = settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None, database=None, phases=PHASES)
COMPILED = settings(ANY, max_examples=8)

Change = Callable[[Any], Any]


def mapped(value: Any, change: Change, done: dict[int, Any]) -> Any:
    """``value`` with every part of it changed, the innermost first; objects that were one stay one."""
    if id(value) in done:
        return done[id(value)]
    result = value
    if isinstance(value, tuple):
        parts: tuple[Any, ...] = value
        result = tuple(mapped(part, change, done) for part in parts)
    elif isinstance(value, Mapping):
        pairs: Mapping[Any, Any] = value
        result = {mapped(k, change, done): mapped(v, change, done) for k, v in pairs.items()}
    elif dataclasses.is_dataclass(value) and not isinstance(value, type) and type(value).__module__ in IR:
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        changed = {name: mapped(part, change, done) for name, part in fields.items()}
        if any(changed[name] is not part for name, part in fields.items()):
            result = dataclasses.replace(value, **changed)
    result = change(result)
    done[id(value)] = result
    return result


IR = ("syncml.ir.equations.syntax", "syncml.ir.clocks")


def changed(program: Program, change: Change) -> Program:
    return mapped(program, change, {})


def renamed(name: str) -> str:
    return f"z_{name[::-1]}" if "." not in name else name


def rename(part: Any) -> Any:
    return dataclasses.replace(part, name=renamed(part.name)) if isinstance(part, Var) else part


def reordered(program: Program, seed: int) -> Program:
    nodes = [
        dataclasses.replace(n, equations=tuple(random.Random(seed).sample(n.equations, len(n.equations))))
        for n in program.nodes
    ]
    return dataclasses.replace(program, nodes=tuple(nodes))


def outputs(program: Program, seed: int, run: Callable[[Program, Any], Trace]) -> list[Column]:
    """The outputs by position, whatever they are called."""
    node = program.node(program.main)
    # Values are drawn by the order of the inputs, so they do not depend on names.
    trace = run(program, inputs_for(program, TICKS, seed))
    columns = {c.name: c for c in trace.columns}
    return [dataclasses.replace(columns[v.name], name=str(i)) for i, v in enumerate(node.outputs)]


def interpreted(program: Program, values: Any) -> Trace:
    return interpret(program, values, TICKS).trace


def compiled(program: Program, values: Any) -> Trace:
    return compile_program(program).run(values, TICKS)


def assert_same(left: Program, right: Program, seed: int, run: Callable[[Program, Any], Trace] = interpreted) -> None:
    first, second = (outputs(check(p).program, seed, run) for p in (left, right))
    assert first_difference(Trace(tuple(first), TICKS), Trace(tuple(second), TICKS)) is None
    assert all(np.array_equal(a.present, b.present) for a, b in zip(first, second, strict=True))


@ANY
@given(program=programs(), seed=st.integers(0, 2**16))
def test_names(program: Program, seed: int) -> None:
    assert_same(program, changed(program, rename), seed)


@ANY
@given(program=programs(), seed=st.integers(0, 2**16))
def test_order(program: Program, seed: int) -> None:
    assert_same(program, reordered(program, seed), seed)


@ANY
@given(program=programs(), seed=st.integers(0, 2**16))
def test_calls(program: Program, seed: int) -> None:
    whole = check(program).program
    first, second = (outputs(p, seed, interpreted) for p in (whole, inline(whole)))
    assert first_difference(Trace(tuple(first), TICKS), Trace(tuple(second), TICKS)) is None


@COMPILED
@given(program=programs(), seed=st.integers(0, 2**16))
def test_names_and_order_compiled(program: Program, seed: int) -> None:
    assert_same(program, reordered(changed(program, rename), seed), seed, compiled)


WORDS = """from syncml import Stream, buffer, f32, node, pre, when, word

@node
def main(x: Stream[f32]) -> Stream[f32]:
    slow = when(x, word("{word}"))
    result = slow + pre(slow, init=0.0) + buffer(when(x, word("{late}")), at=word("{word}"))
    return result
"""


@pytest.mark.parametrize("spelt", ["(1010)", "1(01)", "10(10)", "1010(101010)"])
def test_words(spelt: str, tmp_path: Path) -> None:
    found: list[Trace] = []
    for number, name in enumerate(("(10)", spelt)):
        file = tmp_path / f"program{number}.py"
        file.write_text(WORDS.format(word=name, late="(1100)" if number else "(11001100)"), "utf-8")
        program = check_file(str(file)).program
        found += [run(program, inputs_for(program, TICKS, 3)) for run in (interpreted, compiled)]
    results = [trace.column("result") for trace in found]
    expected = Trace((results[0],), TICKS)
    assert all(first_difference(expected, Trace((other,), TICKS)) is None for other in results[1:])
    assert results[0].present.tolist() == [t % 2 == 0 for t in range(TICKS)]
