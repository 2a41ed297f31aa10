"""The demonstration: one driving pipeline, from Python to a proof, a simulation and C.

Rule: each step does what the command of the same name does, and yields rows of what it found; a row says whether what
it shows is as promised, so that the demonstration fails if the product does.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np

from syncml import pipeline, verify
from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.export_c import compile_and_run
from syncml.export_c.timing import seconds_per_step
from syncml.ir.equations.syntax import PropertyKind
from syncml.ir.rates import in_hertz, rate_of
from syncml.ir.step.lowering import Observe, lower
from syncml.pipeline import Checked
from syncml.scenario.load import CONNECTION, load_scenario
from syncml.scenario.values import inputs_of, ticks_of
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import Raw, prepare
from syncml.sim.interpreter import interpret, replay
from syncml.sim.monitor import monitor
from syncml.sim.trace import Column, Trace, first_difference

COMPILED = (("gcc", "-O0"), ("gcc", "-O3"), ("clang", "-O3"))
"""The configurations of C that are compared with the interpreter, where the compiler is installed."""
COMPARED_TICKS = 600
"""How many ticks the interpreter runs; it is an oracle, not a simulator."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An edit that plants a fault."""

    what: str
    file: str
    old: str
    new: str


SEEDED = Fault(
    "the shield decides one tick late",
    "shield.py",
    "braking = left_if_accepted < 0.0",
    "braking = pre(left_if_accepted < 0.0, init=False)",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the demonstration's table."""

    what: str
    found: str
    good: bool = True


def demonstrate(folder: Path, say: Callable[[str], None]) -> Generator[Row]:
    """Run the steps on the pipeline in ``folder``; ``say`` hears what is being done.

    Raises:
        DiagnosticError: D001, the folder has no pipeline; or a fault of the pipeline itself.
    """
    program = folder / "pipeline.py"
    if not program.is_file():
        message = f"there is no {program}"
        raise DiagnosticError(error("D001", message, help="run it in the project's folder, or give --folder"))
    say(f"check {program}: types, clocks, causality, initialisation")
    checked = pipeline.check_file(str(program))
    yield _checked(checked)
    say("verify: every contract, for every output of the two networks")
    yield _verified(checked)
    say(f"verify with a seeded fault: {SEEDED.what}")
    yield from _fault_found(folder)
    yield from _simulated(checked, folder, say)
    yield from _compared(checked, folder, say)


def _checked(checked: Checked) -> Row:
    flat = checked.flat
    rates = {rate_of(clock, flat.rate) for var, clock in flat.clocks.items() if var.user}
    shown = ", ".join(in_hertz(rate) for rate in sorted((r for r in rates if r), reverse=True))
    return Row("equations checked", f"{len(flat.equations)} in {len(checked.program.nodes)} nodes, at {shown}")


def _verified(checked: Checked) -> Row:
    report = verify.verify(checked.program, verify.VerifyOptions(timeout=600.0), replay)
    proved = sum(isinstance(r.verdict, verify.Proved) for r in report.results)
    return Row("obligations proved", f"{proved} of {len(report.results)} in {report.time_s:.0f} s", report.proved)


def _fault_found(folder: Path) -> Generator[Row]:
    with tempfile.TemporaryDirectory(prefix="syncml-demo-") as name:
        copy = Path(name) / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
        source = (copy / SEEDED.file).read_text(encoding="utf-8")
        (copy / SEEDED.file).write_text(source.replace(SEEDED.old, SEEDED.new), encoding="utf-8")
        if SEEDED.old not in source:
            yield Row("seeded fault", f"{SEEDED.file} has no line {SEEDED.old!r}", good=False)
            return
        faulty = pipeline.check_file(str(copy / "pipeline.py"))
        report = verify.verify(faulty.program, verify.VerifyOptions(timeout=300.0, first=True), replay)
    broken = [r for r in report.results if isinstance(r.verdict, verify.Violated) and r.kind == "ensure"]
    if not broken:
        yield Row("seeded fault", f"{SEEDED.what}: not found", good=False)
        return
    first = broken[0]
    assert isinstance(first.verdict, verify.Violated)
    found = first.verdict.counterexample
    yield Row("seeded fault found", f"{SEEDED.what}: {first.name!r} fails at tick {found.tick} ({report.time_s:.0f} s)")
    same = _replays_in_c(faulty, first.name, found)
    yield Row("counterexample replayed", "in the interpreter and in C" if same else "not in C", same)


def _replays_in_c(faulty: Checked, name: str, found: verify.Counterexample) -> bool:
    """Whether the exported C of the opened program breaks the contract at the same tick."""
    opened = verify.opened(faulty.program)
    node = opened.node(opened.main)
    clause = next(p for p in node.properties if p.kind is PropertyKind.ENSURE and p.name == name.rpartition(".")[2])
    code = lower(opened, frozenset({clause.holds.name}))
    columns = prepare(node, found.inputs, found.ticks)
    values = {var.name: column.values for var, column in columns.items()}
    results = compile_and_run(code, values, found.ticks, "cc", ("-O2",))
    return not bool(results.outputs[clause.holds.name][found.tick])


def scenarios(checked: Checked, folder: Path) -> Generator[tuple[str, Raw, int]]:
    """The scenarios beside the pipeline: name, inputs and ticks of each."""
    for path in sorted(p for p in folder.glob("*.yaml") if p.name != CONNECTION):
        scenario = load_scenario(path)
        ticks = ticks_of(scenario, checked.main)
        yield path.stem, inputs_of(scenario, checked.main, ticks), ticks


def _simulated(checked: Checked, folder: Path, say: Callable[[str], None]) -> Generator[Row]:
    say("sim: compile, and run every scenario with all contracts as monitors")
    simulation = compile_program(checked.program, Observe.NAMED)
    total, failed, names = 0, 0, 0
    for _, inputs, ticks in scenarios(checked, folder):
        simulation.reset()
        results = monitor(checked.flat, simulation.run(inputs, ticks))
        failed += sum(r.failures > 0 and not r.is_goal for r in results)
        total += ticks
        names += 1
    found = f"{names} runs, {total} ticks, {failed} of {len(checked.flat.properties)} contract clauses ever failed"
    yield Row("scenarios simulated", found, not failed)


def _compared(checked: Checked, folder: Path, say: Callable[[str], None]) -> Generator[Row]:
    """One trace in every engine, and how long each takes for a tick."""
    _, inputs, ticks = next(run for run in scenarios(checked, folder) if run[0] == "hard_braking")
    short = min(ticks, COMPARED_TICKS)
    say(f"compare: {short} ticks by the interpreter, Numba and C")
    start = time.perf_counter()
    oracle = interpret(checked.program, inputs, short)
    interpreter_s = (time.perf_counter() - start) / short
    outputs = tuple(dict.fromkeys(v.name for v in checked.main.outputs))
    expected = oracle.trace.only(outputs)
    simulation = compile_program(checked.program, Observe.ALL)
    compared = simulation.run(inputs, short)
    difference = first_difference(oracle.trace.only(compared.names()), compared)
    yield _equality("Numba", short, compared.value_count(), difference is None)
    code = pipeline.step_code(checked, flat=False)
    columns = prepare(checked.main, inputs, ticks)
    values = {var.name: column.values for var, column in columns.items()}
    for compiler, level in COMPILED:
        if shutil.which(compiler) is None:
            yield Row(f"interpreter = C ({compiler} {level})", "not run: the compiler is not installed")
            continue
        cut = {name: array[:short] for name, array in values.items()}
        found = compile_and_run(code, cut, short, compiler, (level,))
        kept = tuple(Column(c.name, c.type, found.outputs[c.name], c.present) for c in expected.columns)
        equal = first_difference(expected, Trace(kept, short)) is None and _same_state(oracle.state, found.state)
        count = expected.value_count() + sum(int(np.size(v)) for v in oracle.state.values())
        yield _equality(f"C ({compiler} {level})", short, count, equal)
    yield Row("speed, interpreter", f"{interpreter_s * 1e6:.0f} us a tick")
    yield Row("speed, Numba", f"{_fastest(checked, inputs, ticks) * 1e9:.0f} ns a tick, trace of the outputs included")
    yield Row("speed, C", f"{seconds_per_step(code, values, ticks, 'cc') * 1e9:.0f} ns a tick (cc -O3)")


def _equality(engine: str, ticks: int, count: int, equal: bool) -> Row:
    found = f"{ticks} ticks, {count} values, {'all equal bit for bit' if equal else 'NOT EQUAL'}"
    return Row(f"interpreter = {engine}", found, equal)


def _same_state(expected: Any, found: Any) -> bool:
    return all(np.array_equal(np.asarray(v), found[n][-1], equal_nan=False) for n, v in expected.items() if n in found)


def _fastest(checked: Checked, inputs: Raw, ticks: int) -> float:
    simulation = compile_program(checked.program, Observe.OUTPUTS)
    best = float("inf")
    for _ in range(10):
        simulation.reset()
        start = time.perf_counter()
        simulation.run(inputs, ticks)
        best = min(best, time.perf_counter() - start)
    return best / ticks
