"""The text of clocked equations, for ``--dump`` and for tests that compare it.

One equation a line, ``targets : type :: clock = right side``, in the order of the program. The text depends on the
program alone: equal programs print the same.
"""

from __future__ import annotations

from typing import assert_never

from syncml.ir.clocks import Clock
from syncml.ir.constants import Array, Const
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Buffer,
    Call,
    Fby,
    Iterate,
    Merge,
    Node,
    Pack,
    Post,
    Program,
    Rhs,
    Var,
    Wave,
    When,
    resets,
)
from syncml.ir.operators import OPERATORS
from syncml.ir.rates import in_hertz, text_of
from syncml.ir.types import EnumType

WIDEST_COLUMN = 32
"""Longer names, types and clocks do not move the rest of the table."""

LONGEST_ARRAY = 8
"""Arrays with more elements print as a digest of their contents."""


def print_program(program: Program) -> str:
    """The text of a whole program, with a final line break."""
    return "\n".join("\n".join(_node(node)) + "\n" for node in program.nodes)


def _node(node: Node) -> list[str]:
    clocks: dict[int, str] = {}

    def clock_text(clock: Clock | None) -> str:
        if clock is None:
            return "?"
        # Equal clocks are mostly one object, and the text of a long word is worth keeping.
        if id(clock) not in clocks:
            clocks[id(clock)] = text_of(clock)
        return clocks[id(clock)]

    rows: list[tuple[str, str, str, str]] = []
    for kind, streams in (("input", node.inputs), ("output", node.outputs)):
        for var in streams:
            unit = f"  [{var.unit}]" if var.unit else ""
            rows.append((f"{kind} {var.name}", str(var.type), clock_text(node.clocks.get(var)), unit))
    declarations = len(rows)
    for equation in node.equations:
        names = ", ".join(t.name for t in equation.targets)
        types = ", ".join(str(t.type) for t in equation.targets)
        if isinstance(equation.rhs, Call | Iterate):
            names, types = f"({names})", f"({types})"
        rows.append((names, types, clock_text(equation.clock), f" = {_rhs(equation.rhs)}"))
    widths = [min(WIDEST_COLUMN, max((len(row[i]) for row in rows), default=0)) for i in range(3)]
    lines = [
        f"  {name:<{widths[0]}} : {type_:<{widths[1]}} :: {clock:<{widths[2]}}{rest}".rstrip()
        for name, type_, clock, rest in rows
    ]
    if declarations and node.equations:
        lines.insert(declarations, "")
    for clause in node.properties:
        where = f" of {clause.instance}" if clause.instance else ""
        lines.append(f"  {clause.kind.value} {clause.holds.name} {clause.name!r}{where}")
    return [_head(node), *lines]


def _head(node: Node) -> str:
    rate = f" at {in_hertz(node.rate)}" if node.rate is not None else ""
    kind = f"external {node.external} " if node.external else "abstract " if node.abstract else ""
    return f"{kind}node {node.name}{rate}"


def _rhs(rhs: Rhs) -> str:
    match rhs:
        case Apply():
            return _apply(rhs)
        case Fby():
            following = _atom(rhs.following)
            delay = f"pre {following}" if rhs.init is None else f"{_atom(rhs.init)} fby {following}"
            return delay + _resets(rhs)
        case When():
            return f"{_atom(rhs.source)} when {_case(rhs.condition, rhs.constructor)}"
        case Merge():
            branches = " ".join(f"({_constructor(c)} -> {_atom(a)})" for c, a in rhs.branches)
            return f"merge {rhs.condition.name} {branches}"
        case Wave():
            return f"word {rhs.word}{_resets(rhs)}"
        case Buffer():
            at = "" if rhs.condition is None else f" at {_case(rhs.condition, rhs.constructor)}"
            init = f" init {', '.join(map(_constant, rhs.init))}" if rhs.init else ""
            return (
                f"buffer {_atom(rhs.source)}{at}{init}{'' if rhs.size is None else f' size {rhs.size}'}{_resets(rhs)}"
            )
        case Call():
            return f"{rhs.node}({', '.join(map(_atom, rhs.arguments))}) as {rhs.instance}{_resets(rhs)}"
        case Iterate():
            arguments = [_atom(a) if rhs.is_indexed(i) or i < rhs.carried else f"shared {_atom(a)}"
                         for i, a in enumerate(rhs.arguments)]  # fmt: skip
            accumulators = ", ".join(arguments[: rhs.carried])
            others = ", ".join(arguments[rhs.carried :])
            order = " reversed" if rhs.reversed else ""
            chain = f"{accumulators}; " if rhs.carried else ""
            name = f"{rhs.names[0]} .. {rhs.names[-1]}" if rhs.names else rhs.instance
            return f"{rhs.node}^{rhs.extent}({chain}{others}){order} as {name}{_resets(rhs)}"
        case Post():
            return f"{_atom(rhs.following)} post {_atom(rhs.init)} until {rhs.segment.last.name}"
        case Pack():
            return f"pack[{rhs.segment.longest}] {_atom(rhs.source)} until {rhs.segment.last.name}{_resets(rhs)}"
        case _:
            assert_never(rhs)


def _resets(rhs: Rhs) -> str:
    found = resets(rhs)
    return f" every {', '.join(r.name for r in found)}" if found else ""


def _apply(rhs: Apply) -> str:
    symbol = OPERATORS[rhs.op].symbol
    arguments = list(map(_atom, rhs.arguments))
    if not symbol[0].isalpha():
        if len(arguments) == 2:
            return f"{arguments[0]} {symbol} {arguments[1]}"
        if len(arguments) == 1:
            return f"{symbol}{arguments[0]}"
    if rhs.attribute is None:
        attribute = ""
    elif isinstance(rhs.attribute, tuple):
        attribute = f"[{', '.join(map(str, rhs.attribute))}]"
    else:
        attribute = f"[{rhs.attribute}]"
    return f"{symbol}{attribute}({', '.join(arguments)})"


def _atom(atom: Atom) -> str:
    return atom.name if isinstance(atom, Var) else _constant(atom)


def _constant(constant: Const) -> str:
    value = constant.value
    if isinstance(value, Array):
        if value.numpy().size <= LONGEST_ARRAY:
            return f"{constant.type}{value.numpy().tolist()}"
        # Loaded where it is needed.
        from hashlib import sha256

        digest = sha256(value.data).hexdigest()[:8]
        return f"{constant.name or 'array'}#{digest}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(constant.element, EnumType):
        return f"{constant.element}.{value}"
    return f"{value}{constant.element}"


def _case(condition: Var, constructor: bool | str) -> str:
    if isinstance(constructor, bool):
        return condition.name if constructor else f"not {condition.name}"
    return f"{constructor}({condition.name})"


def _constructor(constructor: bool | str) -> str:
    return str(constructor).lower() if isinstance(constructor, bool) else constructor
