"""What to say when an operator does not apply to its operands.

Rule: the message names the operands as the user wrote them, and the help is the edit that most likely was meant.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from syncml.diagnostics.model import Label
from syncml.ir.operators import OPERATORS, Op
from syncml.ir.types import BOOL, FRACTIONAL, INTEGERS, NUMERIC, EnumType, element
from syncml.ir.typing_rules import OperatorTypeError
from syncml.lang.source import Place
from syncml.lang.trace import Value, fault
from syncml.lang.types import type_text

_CODES = {"operands": "T001", "type": "T006", "shape": "T002", "index": "T005"}
_ARITHMETIC = (Op.ADD, Op.SUB, Op.MUL, Op.NEG)
_ORDER = (Op.LT, Op.LE, Op.GT, Op.GE)
_LOGICAL = (Op.AND, Op.OR, Op.XOR, Op.NOT)

SIGNS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
"""Comparisons as they are written."""


def report_type(op: Op, operands: Sequence[Value], wrong: OperatorTypeError, place: Place) -> Value:
    """Report that ``op`` does not apply."""
    symbol = OPERATORS[op].symbol
    # The condition of a choice and the indices of an update have types of their own.
    alike = slice(1, None) if op is Op.WHERE else slice(2) if op is Op.UPDATE else slice(None)
    shown = operands[alike] if wrong.kind == "operands" else operands
    match wrong.kind:
        case "operands":
            message = f"`{symbol}` needs operands of one type: {' and '.join(map(described, shown))}"
        case "type" if op is Op.WHERE:
            message = f"the condition of `where` is {type_text(operands[0].type)}, not bool"
        case "type":
            message = f"`{symbol}` {wrong}: {' and '.join(dict.fromkeys(map(described, shown)))}"
        case _:
            message = str(wrong)
    labels = list(dict.fromkeys(label for value in operands for label in value.label()))
    help_ = _advice(op, shown, wrong.kind) or wrong.help
    return fault(_CODES[wrong.kind], message, place.span, secondary=labels, help=help_)


def _advice(op: Op, operands: Sequence[Value], kind: str) -> str:
    """The edit that was probably meant; empty if the operator table knows better."""
    elements = [element(value.type) for value in operands]
    enumeration = next((e for e in elements if isinstance(e, EnumType)), None)
    if kind == "operands":
        if enumeration is not None:
            return f"compare with a member: {enumeration}.{enumeration.constructors[0]}"
        if BOOL in elements:
            return "compare the number with something, or choose with where(condition, a, b)"
        wanted = next((e for e in elements if e in FRACTIONAL), elements[0])
        other = next((value for value in operands if element(value.type) != wanted), operands[-1])
        return f"convert one side: cast({other.text.strip('`')}, {wanted})"
    if kind != "type" or op is Op.WHERE:
        return ""
    if enumeration is not None:
        return "members of an enumeration have no order and no arithmetic: compare with ==, choose with merge or where"
    if BOOL in elements and op in _ARITHMETIC:
        return "use ~ for Booleans" if op is Op.NEG else "use &, | or ^ for Booleans, or cast(x, i32) to count"
    if BOOL in elements and op in _ORDER:
        return "use &, |, ~ or == for Booleans"
    if op in _LOGICAL and any(e in FRACTIONAL for e in elements):
        return "compare with something first: (x > 0.0) & (y > 0.0)"
    if op is Op.DIV:
        return "use // for integers, or convert: cast(x, f32)"
    if all(e in INTEGERS for e in elements):
        return "convert it: cast(x, f32)"
    if op in (Op.FLOORDIV, Op.MOD) and all(e in NUMERIC for e in elements):
        return "convert it: cast(x, i32)"
    return ""


def described(value: Value) -> str:
    """A stream and its type, for a message."""
    return f"{value.text} is {type_text(value.type)}"


def is_precedence_fault(values: Sequence[Value], place: Place) -> bool:
    """Whether ``&`` took an operand away from a comparison: ``a & b < c`` means ``(a & b) < c``."""
    if not isinstance(place.node, ast.BinOp) or place.tree is None:
        return False
    parent = place.tree.parents.get(place.node)
    if not isinstance(parent, ast.Compare) or _in_parentheses(place):
        return False
    elements = [element(value.type) for value in values]
    return any(e in FRACTIONAL for e in elements) or elements[0] != elements[1]


def _in_parentheses(place: Place) -> bool:
    assert place.tree is not None
    line = place.tree.lines[place.span.end_line - 1]
    return line[place.span.end_column - 1 :].lstrip().startswith(")")


def report_precedence(op: Op, place: Place) -> Value:
    """Report parentheses that are missing around comparisons."""
    assert place.tree is not None and isinstance(place.node, ast.BinOp)
    whole = place.tree.parents[place.node]
    assert isinstance(whole, ast.Compare)
    symbol = OPERATORS[op].symbol
    return fault(
        "L008",
        f"`{symbol}` binds tighter than a comparison",
        place.span,
        "Python computes this first",
        secondary=[Label(place.tree.span(whole), "in this comparison")],
        help=f"put each comparison in parentheses: {_repaired(place, whole, symbol)}",
    )


def _repaired(place: Place, whole: ast.Compare, symbol: str) -> str:
    """The comparison with the parentheses that were meant."""
    assert place.tree is not None and isinstance(place.node, ast.BinOp)
    sides = [whole.left, *whole.comparators]
    text = "("
    for position, side in enumerate(sides):
        if position:
            text += f" {SIGNS.get(type(whole.ops[position - 1]), '?')} "
        if isinstance(side, ast.BinOp) and isinstance(side.op, ast.BitAnd | ast.BitOr | ast.BitXor):
            left, right = place.tree.text(side.left), place.tree.text(side.right)
            before = f"{left}) {symbol} (" if position else f"{place.tree.operand(side.left)} {symbol} ("
            text = (text.removesuffix("(") if not position else text) + before + right
        else:
            text += place.tree.text(side)
    return f"{text})"
