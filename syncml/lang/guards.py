"""What a stream cannot do while a program is traced, said with the words of the user's own expression.

Rule: Python asks for a truth value in `if`, `while`, `and`, `or`, `not`, a chained comparison, `assert`, a conditional
expression, a filter, and inside of functions such as `min`. The instruction's columns and the syntax tree tell which
one asked. Where tracing can go on as if the answer were true, it does, so that one run reports more faults.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import NoReturn

from syncml.ir.types import Scalar, shape
from syncml.lang.advice import SIGNS
from syncml.lang.operations import Carrier
from syncml.lang.source import Place, Tree, here, users_place
from syncml.lang.trace import Abandoned, Value, fault

_SCALARS = frozenset(str(scalar) for scalar in Scalar)
_REPLACEMENTS = {
    "min": "use minimum(a, b), or x.min() for the elements of a vector",
    "max": "use maximum(a, b), or x.max() for the elements of a vector",
    "all": "use & between streams, or x.all() for the elements of a vector",
    "any": "use | between streams, or x.any() for the elements of a vector",
    "sorted": "the order of streams changes from tick to tick: compare them with minimum and maximum",
    "bool": "a stream of Booleans is used as it is; convert numbers with x != 0",
}


def negation(result: Value, operand: Value) -> Value:
    """Remember of which value ``result`` is the negation: `when` and `merge` need to see it."""
    return replace(result, negates=operand) if result.atom is not None and operand.literal is None else result


def truth(stream: Carrier) -> bool:
    """``bool(stream)``: report who asked.

    Raises:
        Abandoned: going on would loop for ever or ask again and again.
    """
    place = here()
    if stream.ir.atom is None:
        return _go_on(place)
    asker, tree = place.node, place.tree
    if asker is None or tree is None:
        fault("L001", "a stream has no truth value while the program is traced", place.span, help="use `where`")
        raise Abandoned
    if isinstance(asker, ast.If | ast.While | ast.Assert | ast.IfExp):
        # Python 3.11 places the question at the whole statement.
        asker = asker.test
    _report(place, asker, tree)
    return _go_on(place)


def _go_on(place: Place) -> bool:
    node = place.node
    if place.tree is not None and isinstance(node, ast.expr):
        parent = place.tree.parents.get(node)
        node = parent if isinstance(parent, ast.While) else node
    if isinstance(node, ast.While | ast.Call) or node is None:
        raise Abandoned
    return True


def _report(place: Place, asker: ast.AST, tree: Tree) -> None:
    """Walk outwards from what asked to the construct that needs a truth value."""
    node: ast.AST = asker
    while True:
        parent = tree.parents.get(node)
        match node, parent:
            case ast.Compare(ops=[ast.In() | ast.NotIn()]), _:
                fault("L001", "`in` asks for the truth value of a stream",
                      tree.span(node), help="compare with == and combine with |")  # fmt: skip
            case ast.Compare(), _ if len(node.ops) > 1:
                _report_chain(node, tree)
            case ast.BoolOp(), _:
                _report_connective(node, tree)
            case ast.UnaryOp(op=ast.Not()), _:
                fault(
                    "L002", "`not` is applied to a stream", tree.span(node), help=f"write ~{tree.operand(node.operand)}"
                )
            case ast.expr(), ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                node = parent
                continue
            case ast.expr(), ast.If():
                fault(
                    "L001", "`if` on a stream", tree.span(node), "this has one value at each tick",
                    help="choose between two values with where(condition, a, b)",
                )  # fmt: skip
            case ast.expr(), ast.While():
                fault(
                    "L001", "`while` on a stream", tree.span(node), "this has one value at each tick",
                    help="each tick is one step of the loop: carry the values in a `state`",
                )  # fmt: skip
            case ast.expr(), ast.IfExp(test=test) if test is node:
                then, other = tree.text(parent.body), tree.text(parent.orelse)
                fault(
                    "L001", "`... if ... else ...` on a stream", tree.span(node), "this has one value at each tick",
                    help=f"write where({tree.text(node)}, {then}, {other})",
                )  # fmt: skip
            case ast.expr(), ast.Assert():
                fault(
                    "L016", "`assert` is applied to a stream", tree.span(node), "this has one value at each tick",
                    help=f'write ensure({tree.text(node)}, "name"), or assume(...) about an input',
                )  # fmt: skip
            case ast.Call(func=ast.Name(id=name)), _:
                fault(
                    "L001", f"`{name}` asks for the truth value of a stream", tree.span(node),
                    help=_REPLACEMENTS.get(name, "use where(condition, a, b)"),
                )  # fmt: skip
            case ast.expr(), ast.MatchValue():
                fault(
                    "L001", "`match` on a stream", tree.span(node), "the stream has one value at each tick",
                    help="write a block for each case: s = switch(x), with s(C): ...; or merge(x, {C: ..., ...})",
                )  # fmt: skip
            case ((ast.expr() | ast.stmt()), _):
                fault(
                    "L001", "a stream has no truth value while the program is traced", place.span,
                    help="choose between two values with where(condition, a, b)",
                )  # fmt: skip
            case _:
                fault("L001", "a stream has no truth value while the program is traced", place.span)
        return


def _report_chain(node: ast.Compare, tree: Tree) -> None:
    """``a < b < c``, or ``a < b & c < d`` where parentheses are missing."""
    sides = [tree.text(side) for side in (node.left, *node.comparators)]
    signs = [SIGNS.get(type(op), "is") for op in node.ops]
    tight = [s for s in node.comparators[:-1] if isinstance(s, ast.BinOp) and isinstance(s.op, ast.BitAnd | ast.BitOr)]
    if tight:
        symbol = "&" if isinstance(tight[0].op, ast.BitAnd) else "|"
        left, right = tree.text(tight[0].left), tree.text(tight[0].right)
        fault(
            "L008", f"`{symbol}` binds tighter than a comparison", tree.span(tight[0]), "Python computes this first",
            help="put each comparison in parentheses: "
            f"({sides[0]} {signs[0]} {left}) {symbol} ({right} {signs[-1]} {sides[-1]})",
        )  # fmt: skip
        return
    parts = [f"({a} {sign} {b})" for a, sign, b in zip(sides, signs, sides[1:], strict=False)]
    fault("L003", "a chained comparison of streams", tree.span(node), help=f"write {' & '.join(parts)}")


def _report_connective(node: ast.BoolOp, tree: Tree) -> None:
    word, symbol = ("and", "&") if isinstance(node.op, ast.And) else ("or", "|")
    parts = [tree.operand(value) for value in node.values]
    fault("L002", f"`{word}` is applied to a stream", tree.span(node), help=f"write {f' {symbol} '.join(parts)}")


def length(stream: Carrier) -> int:
    """``len(stream)``: the first extent of a vector or matrix."""
    if stream.ir.atom is not None and (extents := shape(stream.ir.type)):
        return extents[0]
    if stream.ir.atom is not None:
        fault("L011", "`len` of a scalar stream", here().span, secondary=stream.ir.label(),
              help="a stream has no end; count its ticks with a `state`")  # fmt: skip
    raise Abandoned


def number(stream: Carrier, *_: object) -> NoReturn:
    """``float(stream)`` and its like: a stream is no number while the program is traced."""
    place = users_place() or here()
    if stream.ir.atom is not None:
        fault(
            "L012",
            f"{stream.ir.text} is converted to a Python number",
            place.span,
            "this needs a number while the program is traced",
            secondary=stream.ir.label(),
            help=_conversion_help(place),
        )
    raise Abandoned


def _conversion_help(place: Place) -> str:
    functions = ("exp", "log", "tanh", "sin", "cos", "atan2", "sqrt")
    match place.node:
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)) if name in functions:
            return f"use syncml's function: from syncml import {name}"
        case ast.Call(func=ast.Name(id="float")):
            return "convert a stream with cast(x, f32)"
        case ast.Call(func=ast.Name(id=name)) if name in _SCALARS:
            return f"convert a stream with cast(x, {name})"
        case ast.Subscript():
            return "a Python list has no element at a dynamic index: make an array of it, vec(...)[i] or stack(...)[i]"
        case ast.Call(func=ast.Name(id="int" | "round")):
            return "convert a stream with cast(x, i32)"
        case ast.Call(func=ast.Name(id="range")):
            return "a loop of the traced function has a constant number of rounds; carry values over ticks in a `state`"
        case _:
            return "use the operators and functions of syncml on streams"


def formatted(stream: Carrier, specification: str) -> str:
    """``format(stream, "...")``: a stream has a text, and no digits."""
    return number(stream) if specification else repr(stream)


def set_item(stream: Carrier, *_: object) -> None:
    """``stream[i] = x``: values are never changed."""
    if stream.ir.atom is not None:
        fault("L019", "an element of a stream is assigned", here().span, secondary=stream.ir.label(),
              help="build a new vector with vec(...) or concat(...), or select with where(...)")  # fmt: skip
