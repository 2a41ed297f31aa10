"""For tests of programs: counterexamples that `syncml verify -o DIR` wrote, and suites of `syncml testgen`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def first_failure(
    target: str,
    property_name: str,
    inputs: Path,
    *,
    settings: Mapping[str, str] | None = None,
    abstract: Sequence[str] = (),
    concrete: Sequence[str] = (),
) -> int | None:
    """Run a program on recorded inputs and return the first tick at which a property is false.

    Args:
        target: `FILE` or `FILE:NODE`.
        property_name: A contract clause or a run-time check, as `syncml verify` names it.
        inputs: A CSV file with one row for each tick; for an abstract node it gives the outputs as well.
        settings: Parameters of the node, as `--set` gives them.
        abstract: The nodes in whose place their contract stands, as `--abstract` names them.
        concrete: The nodes that are declared abstract and have their body all the same, as `--concrete` names them.

    Returns:
        The tick, or `None` if the property holds throughout the run.

    Raises:
        DiagnosticError: the program is ill-formed, the inputs do not fit, or there is no such property (V003).
    """
    from syncml.diagnostics import DiagnosticError, error
    from syncml.ir.equations.syntax import Program
    from syncml.pipeline import check_file
    from syncml.sim.formats import read_csv
    from syncml.sim.interpreter import interpret
    from syncml.sim.monitor import monitor
    from syncml.verify import concretised, opened
    from syncml.verify.instrument import instrumented

    program = opened(concretised(check_file(target, settings).program, concrete), frozenset(abstract))
    node = instrumented(program.node(program.main))[0].node
    raw = read_csv(inputs, node)
    ticks = min((len(values) for values in raw.values()), default=1)
    trace = interpret(Program((node,), node.name), raw, ticks).trace
    results = {result.name: result for result in monitor(node, trace)}
    if property_name not in results:
        known = ", ".join(sorted(results))
        raise DiagnosticError(
            error("V003", f"there is no property {property_name!r}", help=f"the properties are {known}")
        )
    return results[property_name].first_failure


def first_change(target: str, inputs: Path, expected: Path, *, settings: Mapping[str, str] | None = None) -> str | None:
    """Run a program on recorded inputs and say where its outputs are first not as recorded.

    Args:
        target: `FILE` or `FILE:NODE`.
        inputs: A CSV file with one row for each tick.
        expected: The outputs, as `syncml testgen` or `syncml sim --out` wrote them: also one row for each tick.
        settings: Parameters of the node, as `--set` gives them.

    Returns:
        The tick, the stream and both values; `None` if all outputs are as recorded, bit for bit.

    Raises:
        DiagnosticError: the program is ill-formed, or a file cannot be read or does not fit.
    """
    import csv

    from syncml.files import read_text
    from syncml.pipeline import check_file
    from syncml.sim.formats import read_csv, to_csv
    from syncml.sim.interpreter import interpret

    checked = check_file(target, settings)
    header, *recorded = csv.reader(read_text(expected).splitlines())
    names = tuple(dict.fromkeys(v.name for v in checked.main.outputs))
    trace = interpret(checked.program, read_csv(inputs, checked.main), len(recorded)).trace.only(names)
    columns, *rows = csv.reader(to_csv(trace).decode().splitlines())
    if columns != header:
        return f"the outputs are {', '.join(columns)}, not {', '.join(header)}"
    for tick, (found, before) in enumerate(zip(rows, recorded, strict=True)):
        for name, now, then in zip(columns, found, before, strict=True):
            if now != then:
                return f"at tick {tick} `{name}` is {now or 'absent'}, not {then or 'absent'}"
    return None
