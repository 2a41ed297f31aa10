"""Tasks: the trace of the program, wherever the step and other tasks interrupt them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.diagnostics import DiagnosticError
from syncml.export_c import compile_and_run
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import Executive
from syncml.ir.step.syntax import (
    Assign,
    Expr,
    For,
    If,
    Invoke,
    Job,
    Place,
    Reset,
    Slot,
    StepProgram,
    Stmt,
    Storage,
    Switch,
)
from syncml.ir.step.traverse import map_stmt
from syncml.pipeline import Checked, check_file, step_code
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from tests.support.engines import assert_same, assert_same_state, outputs_of
from tests.support.step_machine import StepMachine
from tests.support.tools import needs

HEAD = "from syncml import *\nfrom typing import Literal as L\n"
TWO = """
@node
def slow(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    s = state(init=0.25)
    s.next = 0.5 * s + x
    return s * y

@node(rate=Hz(100))
def main(x: Stream[f32]) -> Stream[f32]:
    fast = x + fby(0.0, x)
    est = hold(fby(0.5, slow(sample(fast, to=Hz(50)), sample(x, to=Hz(50)))), init=0.0)
    plan = hold(fby(-0.0, slow(sample(est, to=Hz(25)), sample(x, to=Hz(25)))), init=1.0)
    return fast + plan * est
"""
VECTORS = """
@node
def slow(x: Stream[Vec[L[3]]], on: Stream[bool]) -> Stream[Vec[L[3]]]:
    s = state(init=[0.0, 0.0, 0.0])
    s.next = where(on, s * 0.5 + x, x)
    return s

@node(rate=Hz(100))
def main(x: Stream[f32], again: Stream[bool]) -> tuple[Stream[f32], Stream[f32]]:
    v = vec(x, fby(0.0, x), 1.0)
    slower = slow.reset_every(sample(again, to=Hz(20)))(sample(v, to=Hz(20)), sample(again, to=Hz(20)))
    w = hold(fby([0.0, 0.0, 0.0], slower), init=[1.0, 2.0, 3.0])
    at_once = hold(tanh(sample(x, to=Hz(20))), init=0.0)
    return w[0] + at_once, w[2]
"""
PHASES = """
@node(rate=Hz(100))
def main(x: Stream[f32]) -> Stream[f32]:
    a = sample(x, to=Hz(25), phase=ms(20))
    b = fby(0.5, tanh(a) * 2.0 + fby(0.0, a))
    return x + hold(b, init=0.0)
"""
NAMES = """
@node(rate=Hz(100))
def main(x: Stream[f32], again: Stream[bool]) -> Stream[f32]:
    due = sample(x, to=Hz(25))
    busy = sample(fby(0.0, x), to=Hz(25))
    return x + hold(fby(0.5, tanh(due) * 2.0 + busy), init=0.0)
"""
PROGRAMS = {"two tasks": TWO, "vectors and a reset": VECTORS, "a phase": PHASES, "names of flags": NAMES}
Choose = Callable[[int], int]


def written(folder: Path, text: str) -> Checked:
    path = folder / "program.py"
    path.write_text(HEAD + text)
    return check_file(str(path))


def with_jobs(checked: Checked) -> StepProgram:
    code = step_code(checked, flat=False, executive=Executive.TASKS)
    check_step(code)
    return code


class Memory(dict[Slot, Any]):
    """The state is that of the program; locals are those of one run of a job."""

    def __init__(self, shared: dict[Slot, Any]) -> None:
        super().__init__()
        self._shared = shared

    def __missing__(self, slot: Slot) -> Any:
        return self._shared[slot]

    def __setitem__(self, slot: Slot, value: Any) -> None:
        if slot.storage is Storage.LOCAL:
            super().__setitem__(slot, value)
        else:
            self._shared[slot] = value


class Task(StepMachine):
    """A job of a machine, one statement at a time."""

    def __init__(self, main: StepMachine, job: Job) -> None:
        self.machine = job.machine
        self.memory = Memory(main.memory)
        for slot in job.machine.locals:
            self.memory[slot] = np.zeros(
                [getattr(e, "value", e) for e in getattr(slot.type, "shape", ())], dtype=np.float32
            )
        self.instances, self.paths, self.indices = main.instances, main.paths, {}

    def run(self) -> Generator[None]:
        yield from self._steps(self.machine.body)

    def _steps(self, body: tuple[Stmt, ...]) -> Generator[None]:
        for stmt in body:
            yield
            match stmt:
                case If():
                    yield from self._steps(stmt.then if self.value(stmt.condition) else stmt.otherwise)
                case For():
                    for i in range(stmt.count):
                        self.indices[stmt.index] = i
                        yield from self._steps(stmt.body)
                case Assign() | Invoke() | Reset() | Switch():
                    with np.errstate(all="ignore"):
                        self._block((stmt,))


def scheduled(code: StepProgram, inputs: dict[str, Any], ticks: int, choose: Choose) -> list[list[Any]]:
    """The outputs of each tick; ``choose`` says between two ticks what goes on: nothing more, or a task."""
    main = StepMachine(code)
    flags = {
        job: {
            flag: next(s for s in main.machine.state if s.name == f"{job.machine.name}.{flag}")
            for flag in ("due", "overrun")
        }
        for job in code.jobs
    }
    running: dict[Job, Iterator[None]] = {}
    outputs: list[list[Any]] = []
    for tick in range(ticks):
        for job in code.jobs:
            if job.ticks[tick % len(job.ticks)]:
                for _ in running.pop(job, ()):
                    pass
        outputs.append(main.step(*(inputs[slot.name][tick] for slot in main.machine.inputs)))
        for job in code.jobs:
            assert bool(main.memory[flags[job]["due"]]) == job.ticks[tick % len(job.ticks)]
            assert not main.memory[flags[job]["overrun"]]
            if main.memory[flags[job]["due"]]:
                running[job] = Task(main, job).run()
        while tick + 1 < ticks and running and (chosen := choose(len(running) + 1)):
            job = list(running)[chosen - 1]
            if next(running[job], running) is running:
                del running[job]
    return outputs


def inputs_of(checked: Checked, ticks: int) -> dict[str, Any]:
    source = np.random.default_rng(3)
    values = {"x": source.normal(size=ticks).astype(np.float32), "again": source.random(ticks) < 0.3}
    return {v.name: values[v.name] for v in checked.main.inputs}


def same(found: list[list[Any]], checked: Checked, values: dict[str, Any], ticks: int) -> None:
    run = interpret(checked.program, values, ticks)
    names = [v.name for v in checked.main.outputs]
    assert_same(outputs_of(run, checked), {n: np.array([row[k] for row in found]) for k, n in enumerate(names)})


@pytest.mark.parametrize("name", PROGRAMS)
def test_any_interleaving_gives_the_trace(name: str, tmp_path: Path) -> None:
    checked = written(tmp_path, PROGRAMS[name])
    code, values = with_jobs(checked), inputs_of(checked, 24)
    for number in range(40):
        source = np.random.default_rng(number)
        patience = source.choice([0.02, 0.3, 0.8])

        def choose(n: int, source: np.random.Generator = source, patience: float = patience) -> int:
            return 0 if source.random() < patience else int(source.integers(1, n))

        same(scheduled(code, values, 24, choose), checked, values, 24)


@pytest.mark.parametrize(("name", "ticks", "most"), [("a phase", 7, 500), ("two tasks", 3, 10_000)])
def test_every_interleaving_of_a_small_program(name: str, ticks: int, most: int, tmp_path: Path) -> None:
    """All schedules, one after the other: the last choice that has an alternative takes the next one."""
    checked = written(tmp_path, PROGRAMS[name])
    code, values = with_jobs(checked), inputs_of(checked, ticks)
    expected = scheduled(code, values, ticks, lambda n: n - 1)
    same(expected, checked, values, ticks)
    path: list[tuple[int, int]] = []
    runs = 0
    while path or not runs:
        position = count()

        def choose(n: int, position: Iterator[int] = position) -> int:
            at = next(position)
            if at == len(path):
                path.append((0, n))
            return path[at][0]

        assert scheduled(code, values, ticks, choose) == expected
        runs += 1
        while path and path[-1][0] + 1 == path[-1][1]:
            path.pop()
        if path:
            path[-1] = (path[-1][0] + 1, path[-1][1])
    assert 50 < runs < most


def test_a_missing_copy_is_seen(tmp_path: Path) -> None:
    """The comparison is no formality: a task that reads a variable of the step, and not its copy, differs."""
    checked = written(tmp_path, TWO)
    code, values = with_jobs(checked), inputs_of(checked, 12)
    copied = next(slot for slot in code.machines[-1].state if slot.name == "every_2.x")
    source = code.machines[-1].inputs[0]

    def torn(expr: Expr) -> Expr | None:
        return Place(source) if isinstance(expr, Place) and expr.slot is copied else None

    jobs = tuple(
        replace(j, machine=replace(j.machine, inputs=(), body=tuple(map_stmt(torn, s) for s in j.machine.body)))
        for j in code.jobs
    )
    with pytest.raises(AssertionError):
        same(scheduled(replace(code, jobs=jobs), values, 12, lambda _: 0), checked, values, 12)


@needs("gcc")
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("level", ["-O0", "-O3"])
def test_c_runs_each_task_after_its_step(name: str, level: str, tmp_path: Path) -> None:
    checked = written(tmp_path, PROGRAMS[name])
    agrees(checked, inputs_of(checked, 40), 40, level)


def agrees(checked: Checked, values: Any, ticks: int, level: str) -> None:
    code = with_jobs(checked)
    inputs = {v.name: c.values for v, c in prepare(checked.main, values, ticks).items()}
    results = compile_and_run(code, inputs, ticks, "gcc", (level,))
    run = interpret(checked.program, values, ticks)
    assert_same(outputs_of(run, checked), results.outputs)
    assert_same_state(run, {name: value[-1] for name, value in results.state.items()}, checked)


def test_a_task_that_does_not_end_is_noticed(tmp_path: Path) -> None:
    checked = written(tmp_path, TWO)
    main = StepMachine(with_jobs(checked))
    overrun = next(slot for slot in main.machine.state if slot.name == "every_2.overrun")
    seen: list[bool] = []
    for _ in range(3):
        main.step(np.float32(1.0))
        seen.append(bool(main.memory[overrun]))
    assert seen == [False, False, True]


def random_program(source: np.random.Generator) -> str:
    """Rates that read the input and each other, some of them at once."""
    lines = ["    fast = x + fby(0.0, x)"]
    pool = ["x", "fast"]
    for k in range(int(source.integers(1, 5))):
        period = int(source.choice([2, 3, 4, 6]))
        rate = f"every({period}, phase={source.integers(0, period)})"
        one, two = (f"sample({name}, {rate})" for name in source.choice(pool, 2))
        slow = f"slow({one}, {two})" if source.random() < 0.7 else f"fby(1.0, {one}) * tanh({two})"
        delayed = k == 0 or source.random() < 0.8
        lines.append(f"    h{k} = hold({f'fby(0.5, {slow})' if delayed else slow}, init=-1.0)")
        pool.append(f"h{k}")
    body = "\n".join((*lines, f"    return {' + '.join(pool)}"))
    return TWO.partition("@node(rate")[0] + f"@node\ndef main(x: Stream[f32]) -> Stream[f32]:\n{body}\n"


@needs("gcc")
@pytest.mark.parametrize("number", range(8))
def test_generated_programs(number: int, tmp_path: Path) -> None:
    source = np.random.default_rng(number)
    checked = written(tmp_path, random_program(source))
    values = inputs_of(checked, 30)
    agrees(checked, values, 30, "-O1")
    for _ in range(5):
        found = scheduled(with_jobs(checked), values, 30, lambda n: int(source.integers(0, n)))
        same(found, checked, values, 30)


@pytest.mark.parametrize(
    "body", ["    return x + fby(0.0, x)", "    return x + hold(tanh(sample(x, every(10))), init=0.0)"]
)
def test_nothing_for_a_task(body: str, tmp_path: Path) -> None:
    checked = written(tmp_path, f"@node\ndef main(x: Stream[f32]) -> Stream[f32]:\n{body}\n")
    with pytest.raises(DiagnosticError) as fault:
        step_code(checked, flat=False, executive=Executive.TASKS)
    (diagnostic,) = fault.value.diagnostics
    assert diagnostic.code == "X005"
    assert bool(diagnostic.secondary) == ("hold" in body)
