"""What a user has to know of a run or an export and is no fault: how numbers are represented, what is not read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from syncml.diagnostics import Diagnostic, DiagnosticError, Label, Severity
from syncml.ir.types import MATHEMATICAL, Scalar, element

if TYPE_CHECKING:
    from syncml.ir.step.lowering import Observe
    from syncml.pipeline import Checked

_MACHINE = {Scalar.INT: "i64", Scalar.REAL: "f64"}
_SHOWN = 6


def machine_numbers(checked: Checked, observe: Observe) -> list[Diagnostic]:
    """A note on the streams of mathematical numbers, which compiled code computes as machine numbers."""
    from syncml.ir.equations.syntax import Program
    from syncml.ir.step.lowering import restrict

    # A program of long segments is large when it is written out, and most have no such numbers.
    streams = (v for n in checked.program.nodes for v in (*n.inputs, *(t for e in n.equations for t in e.targets)))
    if not any(element(v.type) in MATHEMATICAL for v in streams):
        return []
    flat = checked.flat
    (node,) = restrict(Program((flat,), flat.name), observe).nodes
    computed = [*node.inputs, *(t for e in node.equations for t in e.targets)]
    exact = [v for v in computed if element(v.type) in MATHEMATICAL]
    if not exact:
        return []
    named = [v for v in exact if v.user] or exact
    kinds = [f"{kind} as {_MACHINE[kind]}" for kind in _MACHINE if any(element(v.type) is kind for v in exact)]
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    first, *others = named[:_SHOWN]
    return [
        Diagnostic(
            "T008",
            Severity.NOTE,
            f"compiled code computes {' and '.join(kinds)}: {', '.join(f'`{v.name}`' for v in named[:_SHOWN])}{more}",
            Label(first.span, f"`{first.name}` is {first.type}"),
            tuple(Label(v.span, f"`{v.name}` is {v.type}") for v in others),
            ("an i64 wraps and an f64 rounds, where the interpreter computes exactly",),
            "declare the type that the machine shall use, or run with --engine interp",
        )
    ]


def without_body(checked: Checked, *, run: bool, where: str = "") -> list[Diagnostic]:
    """A warning on called nodes that have no body, only a contract: imported and external ones of Lustre.

    Args:
        checked: The program.
        run: Whether it is for a run; exported C calls the functions that stand for external nodes.
        where: Where the outputs are zero, if that is neither this run nor C.
    """
    from syncml.lustre.targets import is_lustre
    from syncml.verify import abstract_nodes

    found = [n for n in abstract_nodes(checked.program) if is_lustre(n.span.file) and (run or not n.external)]
    return [
        Diagnostic(
            "S006",
            Severity.WARNING,
            f"`{node.label}` has no body: its outputs are zero in {where or ('this run' if run else 'exported C')}",
            Label(node.span, f"`{node.label}` is declared here"),
            help="write its body" if where else
                 f"give its outputs in a file, --input FILE --abstract {node.label}, or write its body" if run else
                 "declare it as an `extern` node, which C calls, or write its body",
        )
        for node in found
    ]  # fmt: skip


def with_given_outputs(checked: Checked, nodes: Sequence[str]) -> Checked:
    """The program with inputs in place of abstract nodes and of those that are named, as `verify` sees it.

    Raises:
        DiagnosticError: U001, there is no node of a name.
    """
    from syncml.pipeline import Checked
    from syncml.verify import opened, unknown_nodes

    if faults := unknown_nodes(checked.program, nodes):
        raise DiagnosticError(*faults)
    return Checked(opened(checked.program, frozenset(nodes)))


def ignored_columns(checked: Checked, table: Path) -> list[Diagnostic]:
    """A warning on columns that give outputs of abstract nodes, which a run computes by itself."""
    from syncml.sim.formats import columns_of
    from syncml.verify import abstract_nodes, opened

    labels = [node.label for node in abstract_nodes(checked.program)]
    if not labels:
        return []
    own = {v.name for v in checked.main.inputs}
    given = [v for v in opened(checked.program).nodes[-1].inputs if v.name not in own]
    found = columns_of(table, given)
    if not found:
        return []
    names = ", ".join(f"`{v.name}`" for v in found)
    return [
        Diagnostic(
            "S005",
            Severity.WARNING,
            f"{table.name} has outputs of abstract nodes, which this run computes and does not read: {names}",
            Label(found[0].span, f"`{found[0].name}` is computed here"),
            help=f"to take them from the file in place of running the nodes, add --abstract {labels[0]}",
        )
    ]
