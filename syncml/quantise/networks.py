"""Which nodes of a program are networks.

Rule: a *network* is a node in which every real number is computed by operators that have an integer form (`HAS_FORM`),
by delays and by instances of such nodes, all on its base clock; truth values and integers beside them are computed as
they are. It has layers of the library, or multiplies by constant arrays of ``f32`` and does nothing but arithmetic
(which leaves the matrices of a controller with a logic to the controller), or does nothing but call networks and limit
their results by constants. The outermost ones are quantised as a whole. A product with constants elsewhere stays in
``f32``, and is told: a fault if a layer of the library made it, else a line of the report.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, DiagnosticError, Label, error
from syncml.ir.clocks import BASE
from syncml.ir.constants import Array, Const
from syncml.ir.equations.inline import inline_where
from syncml.ir.equations.syntax import Apply, Call, Equation, Fby, Iterate, Node, Program
from syncml.ir.operators import OPERATORS, Op
from syncml.ir.types import BOOL, F32, FRACTIONAL, Type, element
from syncml.quantise.constants import with_constants

VIEWS = frozenset({Op.COPY, Op.INDEX, Op.SLICE, Op.RESHAPE, Op.TRANSPOSE, Op.UNFOLD})
"""Operators that rearrange elements."""

FUNCTIONS = frozenset({Op.TANH, Op.SIGMOID, Op.EXP, Op.LOG, Op.SQRT, Op.SIN, Op.COS, Op.ABS})
"""Functions of one number, which become tables."""

COMPARISONS = frozenset({Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE})
"""Operators that compare real numbers; their truth values are no integers of a quantisation."""

HAS_FORM = VIEWS | FUNCTIONS | {
    Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.NEG, Op.MIN, Op.MAX, Op.STACK, Op.CONCAT, Op.MATMUL, Op.EINSUM, Op.SUM, Op.LEAST,
    Op.GREATEST, Op.WHERE, Op.AT, Op.WINDOW, Op.UPDATE, Op.CAST,
}  # fmt: skip
"""The operators whose result, where it is a real number, has an integer form; of a cast, that of a truth value."""

_LIBRARY = Path(__file__).parents[1]
_LAYERS = (str(_LIBRARY / "nodes"), str(_LIBRARY / "networks"))


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks of a program, with their calls inlined, and the products that stay in ``f32``."""

    nodes: tuple[Node, ...]
    left: tuple[Equation, ...]


def weights_of(rhs: object) -> Const | None:
    """The constant array of a product of one with a stream."""
    if not isinstance(rhs, Apply) or rhs.op not in (Op.MATMUL, Op.EINSUM) or len(rhs.arguments) != 2:
        return None
    constants = [a for a in rhs.arguments if isinstance(a, Const) and isinstance(a.value, Array) and a.element is F32]
    return constants[0] if len(constants) == 1 else None


def networks_of(program: Program, in_floats: Collection[str] = ()) -> Networks:
    """The networks of a clocked program.

    Args:
        program: The program.
        in_floats: The labels of nodes that are to stay in ``f32``.

    Raises:
        DiagnosticError: D020, a layer of the library is in a node that is no network; D025, there is no network.
    """
    program = with_constants(program)
    nodes = {n.name: n for n in program.nodes}
    pure: dict[str, Equation | None] = {}
    found: set[str] = set()
    for node in program.nodes:
        pure[node.name] = _without_form(node, pure)
        products = [e for e in node.equations if weights_of(e.rhs) is not None]
        own = bool(products) and (any(map(_is_of_library, products)) or all(map(_is_arithmetic, node.equations)))
        calls = [e.rhs.node for e in node.equations if isinstance(e.rhs, Call)]
        computes = any(not isinstance(e.rhs, Call) and not _moves_or_limits(e) for e in node.equations)
        only_calls = bool(calls) and not computes and all(c in found for c in calls)
        wanted = node.label not in in_floats and not node.external
        if pure[node.name] is None and wanted and (own or only_calls):
            found.add(node.name)
    outer = {program.main} & found
    outer |= {e.rhs.node for n in program.nodes if n.name not in found for e in n.equations
              if isinstance(e.rhs, Call | Iterate) and e.rhs.node in found}  # fmt: skip
    left = _left(program, found, outer, pure, in_floats)
    if not outer:
        message = "the program has no network to quantise"
        help_ = "a network is a node that multiplies by constant arrays and has only operators with an integer form"
        raise DiagnosticError(error("D025", message, nodes[program.main].span, help=help_))
    return Networks(tuple(_flat(program, n.name) for n in program.nodes if n.name in outer), left)


def _flat(program: Program, network: str) -> Node:
    """A network with all that it calls in it, which is as pure as it is."""
    place = next(i for i, n in enumerate(program.nodes) if n.name == network)
    own = replace(program, nodes=program.nodes[: place + 1], main=network)
    return inline_where(own, lambda _caller, _call: True).node(network)


def _is_of_library(equation: Equation) -> bool:
    """Whether a layer of the library made it."""
    return equation.span.file.startswith(_LAYERS)


def _is_arithmetic(equation: Equation) -> bool:
    """Whether nothing but real numbers is read and computed, and of two streams no product of matrices."""
    match equation.rhs:
        case Apply(op=Op.MATMUL | Op.EINSUM, arguments=arguments):
            return len(arguments) == 1 or weights_of(equation.rhs) is not None
        case Apply(arguments=arguments):
            return all(element(v.type) is F32 for v in (*equation.targets, *arguments))
        case _:
            return all(element(v.type) is F32 for v in equation.targets)


def _left(
    program: Program,
    found: Collection[str],
    outer: Collection[str],
    pure: dict[str, Equation | None],
    in_floats: Collection[str],
) -> tuple[Equation, ...]:
    """The products that are in no network.

    Raises:
        DiagnosticError: D020, some are layers of the library that nobody asked to leave.
    """
    left: list[Equation] = []
    faults: list[Diagnostic] = []
    for node in program.nodes:
        if node.name in found:
            continue
        products = [(e, w) for e in node.equations if (w := weights_of(e.rhs)) is not None]
        left += [e for e, _ in products]
        layers = [(e, w) for e, w in products if _is_of_library(e)]
        obstacle = pure[node.name]
        if not layers or node.label in in_floats or obstacle is None:
            continue
        names = ", ".join(dict.fromkeys(f"`{(w.name or e.target.name).removesuffix('_weight')}`" for e, w in layers))
        faults.append(
            error(
                "D020",
                f"the layers {names} of `{node.label}` cannot be quantised: {_reason(obstacle)}",
                node.span,
                "this node is no network",
                secondary=[Label(obstacle.span, "this has no integer form")],
                help=f"call the layers in a node of their own, or leave them in floats: --float {node.label}",
            )
        )
    if faults:
        raise DiagnosticError(*faults)
    return tuple(left)


def _reason(equation: Equation) -> str:
    name = equation.targets[0].name if equation.targets else ""
    match equation.rhs:
        case Apply(op=op):
            return f"`{OPERATORS[op].symbol}`, which computes `{name}`, has no integer form there"
        case Call(node=called) | Iterate(node=called):
            return f"`{called}`, which computes `{name}`, is no network"
        case _:
            return f"`{name}` is on a clock of its own, or has no first value"


def _moves_or_limits(equation: Equation) -> bool:
    """Whether elements are rearranged, or limited by constants."""
    rhs = equation.rhs
    if not isinstance(rhs, Apply):
        return False
    return rhs.op in VIEWS or (rhs.op in (Op.MIN, Op.MAX) and any(isinstance(a, Const) for a in rhs.arguments))


def _without_form(node: Node, pure: dict[str, Equation | None]) -> Equation | None:
    """The first equation of ``node`` without an integer form."""
    return next((e for e in node.equations if not _has_form(e, pure)), None)


def _has_form(equation: Equation, pure: dict[str, Equation | None]) -> bool:
    if equation.clock != BASE or not all(_is_supported(t.type) for t in equation.targets):
        return False
    match equation.rhs:
        case Fby(init=init, resets=resets):
            return init is not None and not resets
        case Call(node=name, resets=resets, spread=spread):
            return pure[name] is None and not resets and spread == 1
        case Apply(op=op, arguments=arguments):
            reals = [a for a in arguments if element(a.type) is F32]
            if not all(_is_supported(a.type) for a in arguments):
                return False
            if element(equation.target.type) is not F32:
                return not reals or op in COMPARISONS
            if op is Op.CAST:
                return element(arguments[0].type) is BOOL
            return op in HAS_FORM and len(reals) <= _MOST.get(op, len(reals))
        case _:
            return False


_MOST = {Op.EINSUM: 2}
"""How many arrays of real numbers an operator has at most."""


def _is_supported(kind: Type) -> bool:
    """Whether a stream of this type can be in a network: a real number of 32 bits, or what is no real number."""
    return element(kind) is F32 or element(kind) not in FRACTIONAL
