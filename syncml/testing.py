"""For tests of programs: the replay of a counterexample that `syncml verify -o DIR` wrote."""

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
) -> int | None:
    """Run a program on recorded inputs and return the first tick at which a property is false.

    Args:
        target: `FILE` or `FILE:NODE`.
        property_name: A contract clause or a run-time check, as `syncml verify` names it.
        inputs: A CSV file with one row for each tick; for an abstract node it gives the outputs as well.
        settings: Parameters of the node, as `--set` gives them.
        abstract: The nodes in whose place their contract stands, as `--abstract` names them.

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
    from syncml.verify import opened
    from syncml.verify.checks import with_checks

    program = opened(check_file(target, settings).program, frozenset(abstract))
    node = with_checks(program.node(program.main), overflow=True).node
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
