"""Sizes of the buffers between clocks that depend on data.

Rule: such a buffer has room for n values if in every run there are never more than n in it, and each reading finds
one. Both are clauses about a counter of the values, and about the control of the node alone (see `verify.control`);
they are asked for growing n at once, and the least n for which they are proved is the size. Where a reading may find
nothing, or no bound is proved, the diagnostic has a run that shows it, if one is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from syncml.clock_calculus import clauses, crossing, lower_buffers
from syncml.diagnostics import Collector, Diagnostic, error
from syncml.ir.equations.checkpointed import taped
from syncml.ir.equations.early import without_sweeps
from syncml.ir.equations.exclusive import split_exclusive
from syncml.ir.equations.inline import inline
from syncml.ir.equations.opening import open_future
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Buffer, Equation, Node, Program, PropertyKind, Var
from syncml.ir.rates import describe
from syncml.verify import Counterexample, Proved, Semantics, VerifyOptions, Violated, verify
from syncml.verify.causality import check_causality
from syncml.verify.control import control

BOUNDS = (*range(1, 13), 16, 24, 32)
"""The sizes that are tried."""

SHOWN = 4
"""The size for which a run that has no room is shown, where no size is found."""

SECONDS = 20.0
"""For the buffers of one node."""

LONGEST_SHOWN = 16
"""Of a longer run the last ticks are shown."""


def size_buffers(program: Program) -> Program:
    """Give a size to each buffer of a clocked program that has none and whose clocks depend on data.

    Raises:
        DiagnosticError: C007 a reading may find nothing, C008 no size is found, K for cycles within an instant.
    """
    collector = Collector()
    for position, node in enumerate(program.nodes):
        if asked := {e.target: e for e in node.equations if _is_open(node, e)}:
            part = Program(program.nodes[: position + 1], node.name)
            sizes = _sizes(part, asked, collector)
            sized = replace(node, equations=tuple(_with_size(e, sizes) for e in node.equations))
            program = replace(program, nodes=tuple(sized if n is node else n for n in program.nodes))
    collector.raise_if_errors()
    return program


def _is_open(node: Node, equation: Equation) -> bool:
    rhs = equation.rhs
    if not isinstance(rhs, Buffer) or rhs.size is not None or not isinstance(rhs.source, Var):
        return False
    assert equation.clock is not None
    return crossing(node.clocks[rhs.source], equation.clock, is_reset=bool(rhs.resets)).words is None


def _with_size(equation: Equation, sizes: Mapping[Var, int]) -> Equation:
    rhs = equation.rhs
    if not isinstance(rhs, Buffer) or equation.target not in sizes:
        return equation
    return replace(equation, rhs=replace(rhs, size=sizes[equation.target]))


def _sizes(part: Program, asked: Mapping[Var, Equation], collector: Collector) -> dict[Var, int]:
    """A size for each of the open buffers of the main node; where there is none, the smallest stands for it."""
    from syncml.sim.interpreter import replay

    counted = split_exclusive(open_future(lower_buffers(part, BOUNDS)[0]))
    check_causality(counted)
    main = inline(lower_segments(taped(without_sweeps(counted)[0]))).node(part.main)
    names = {name for target in asked for name in (clauses(target, BOUNDS)[0], *clauses(target, BOUNDS)[1])}
    questions = [p for p in main.properties if not p.instance and p.name in names]
    given = [p for p in main.properties if not p.instance and p.kind in (PropertyKind.ASSUME, PropertyKind.REQUIRE)]
    node = control(replace(main, properties=(*given, *questions)))
    options = VerifyOptions(timeout=SECONDS, properties=tuple(p.name for p in questions), semantics=Semantics.REALS)
    report = verify(Program((node,), node.name), options, replay)
    proved = {r.name for r in report.results if isinstance(r.verdict, Proved)}
    sizes: dict[Var, int] = {}
    for target, equation in asked.items():
        rhs = equation.rhs
        assert isinstance(rhs, Buffer)
        least = max(1, len(rhs.init))
        holds, bounds = clauses(target, BOUNDS)
        fitting = [max(bound, least) for name, bound in bounds.items() if name in proved]
        sizes[target] = min(fitting, default=max(SHOWN, least))
        if holds not in proved or not fitting:
            trial = replace(part, nodes=(*part.nodes[:-1], _trial(part.nodes[-1], asked, least)))
            collector.add(_fault(trial, equation, rhs, runs_dry=holds not in proved))
    return sizes


def _trial(node: Node, asked: Mapping[Var, Equation], least: int) -> Node:
    sizes = dict.fromkeys(asked, max(SHOWN, least))
    return replace(node, equations=tuple(_with_size(e, sizes) for e in node.equations))


def _fault(trial: Program, equation: Equation, rhs: Buffer, *, runs_dry: bool) -> Diagnostic:
    """C007 or C008 with a run of the node, whose open buffers have room for a few values."""
    node, name = trial.node(trial.main), equation.target.name
    assert isinstance(rhs.source, Var)
    assert equation.clock is not None
    source = rhs.source.name if rhs.source.user else "..."
    shown = f"`{name}`" if equation.target.user else f"of `{source}`"
    run = _run(trial, f"a value in the buffer {name}" if runs_dry else f"room in the buffer {name}")
    written, read = (describe(c, node.rate) for c in (node.clocks[rhs.source], equation.clock))
    size = max(SHOWN, len(rhs.init))
    notes: tuple[str, ...] = ()
    if run is not None:
        end = "the reading finds no value" if runs_dry else f"{size} places are full and one more value comes"
        notes = (f"on this run, {end} at tick {run.tick}:", *_rows(run))
    if runs_dry and run is not None:
        message = f"the buffer {shown} is read before it is written"
        repair = f"read it later, or put values into it at first, `buffer({source}, init=...)`"
    elif runs_dry:
        message = f"it is not proved that each reading of the buffer {shown} finds a value"
        repair = f"give a size, `buffer({source}, ..., size=8)`, and state what its clocks promise as contracts"
    else:
        message = f"no bound is proved for the buffer {shown}, whose clocks depend on data"
        repair = (
            f"bound the number of values that wait, or give a size, `buffer({source}, ..., size=8)`, which "
            "`syncml verify` proves or refutes"
        )
    return error(
        "C007" if runs_dry and run is not None else "C008",
        message,
        equation.span,
        f"written at {written}, read at {read}",
        notes=notes,
        help=repair,
    )


def _run(trial: Program, clause: str) -> Counterexample | None:
    """A run on which a clause of the main node is false, if one is found soon."""
    from syncml.sim.interpreter import replay

    lowered = split_exclusive(open_future(lower_buffers(trial)[0]))
    options = VerifyOptions(timeout=SECONDS / 2, properties=(clause,), engines=("bmc",), semantics=Semantics.REALS)
    results = verify(lowered, options, replay).results
    found = (r.verdict.counterexample for r in results if isinstance(r.verdict, Violated))
    return next(found, None)


def _rows(run: Counterexample) -> list[str]:
    """What the inputs are at each tick of a run."""
    first = max(0, run.ticks - LONGEST_SHOWN)
    ticks = range(first, run.ticks)
    rows = [("tick", [str(t) for t in ticks])]
    rows += [(s.name, [_text(s.values[t]) for t in ticks]) for s in run.streams if s.input]
    name_width = max(len(name) for name, _ in rows)
    widths = [max(len(values[i]) for _, values in rows) for i in range(len(ticks))]
    return [
        f"{name:{name_width}}  " + "  ".join(f"{v:{w}}" for v, w in zip(values, widths, strict=True)).rstrip()
        for name, values in rows
    ]


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
