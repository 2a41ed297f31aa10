"""Which nodes of a program are networks.

Rule: a *network* is a node in which every stream is computed by operators that have an integer form (`HAS_FORM`), by
delays and by instances of such nodes, all on its base clock, and which multiplies by constant arrays of ``f32``, or
does nothing but call networks and limit their results by constants. The outermost ones are quantised as a whole. A
product with constants elsewhere stays in ``f32``, and is told: a fault if a layer of the library made it, else a line
of the report.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, DiagnosticError, Label, error
from syncml.ir.clocks import BASE
from syncml.ir.constants import Array, Const
from syncml.ir.equations.inline import inline_where
from syncml.ir.equations.syntax import Apply, Call, Equation, Fby, Iterate, Node, Program, Var
from syncml.ir.operators import OPERATORS, Op
from syncml.ir.types import F32, element

VIEWS = frozenset({Op.COPY, Op.INDEX, Op.SLICE, Op.RESHAPE, Op.TRANSPOSE, Op.UNFOLD})
"""Operators that rearrange elements."""

FUNCTIONS = frozenset({Op.TANH, Op.SIGMOID, Op.EXP, Op.LOG, Op.SQRT, Op.SIN, Op.COS, Op.ABS})
"""Functions of one number, which become tables."""

HAS_FORM = VIEWS | FUNCTIONS | {
    Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.NEG, Op.MIN, Op.MAX, Op.STACK, Op.CONCAT, Op.MATMUL, Op.EINSUM, Op.SUM, Op.LEAST,
    Op.GREATEST,
}  # fmt: skip
"""The operators with an integer form; of a product of matrices, where one of them is constant."""

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
    nodes = {n.name: n for n in program.nodes}
    pure: dict[str, Equation | None] = {}
    found: set[str] = set()
    for node in program.nodes:
        pure[node.name] = _without_form(node, pure)
        own = any(weights_of(e.rhs) is not None for e in node.equations)
        calls = [e.rhs.node for e in node.equations if isinstance(e.rhs, Call)]
        computes = any(not isinstance(e.rhs, Call) and not _moves_or_limits(e) for e in node.equations)
        only_calls = bool(calls) and not computes and all(c in found for c in calls)
        of_floats = all(element(v.type) is F32 for v in node.inputs) and node.label not in in_floats
        if pure[node.name] is None and of_floats and (own or only_calls):
            found.add(node.name)
    outer = {program.main} & found
    outer |= {e.rhs.node for n in program.nodes if n.name not in found for e in n.equations
              if isinstance(e.rhs, Call | Iterate) and e.rhs.node in found}  # fmt: skip
    left = _left(program, found, outer, pure, in_floats)
    if not outer:
        message = "the program has no network to quantise"
        help_ = "a network is a node that multiplies by constant arrays and has only operators with an integer form"
        raise DiagnosticError(error("D025", message, nodes[program.main].span, help=help_))
    flat = inline_where(program, lambda caller, call: caller.name in found and call.node in found)
    return Networks(tuple(n for n in flat.nodes if n.name in outer), left)


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
        layers = [(e, w) for e, w in products if e.span.file.startswith(_LAYERS)]
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
    if equation.clock != BASE or any(element(t.type) is not F32 for t in equation.targets):
        return False
    match equation.rhs:
        case Fby(init=init, resets=resets):
            return init is not None and not resets
        case Call(node=name, resets=resets, spread=spread):
            return pure[name] is None and not resets and spread == 1
        case Apply(op=op, arguments=arguments):
            streams = [a for a in arguments if isinstance(a, Var)]
            if op not in HAS_FORM or not streams or any(element(a.type) is not F32 for a in arguments):
                return False
            if op in (Op.MATMUL, Op.EINSUM):
                return weights_of(equation.rhs) is not None or len(arguments) == 1
            return True
        case _:
            return False
