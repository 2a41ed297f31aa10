"""From the C syntax tree to text.

Rule: parentheses are written where C's grammar needs them, and also around every binary or conditional expression
that is an operand of another operator, except a chain of one associative-to-the-left ``+``, ``*``, ``&&`` or ``||``
(MISRA C:2012 rule 12.1: no reader has to know a precedence). Every line keeps the origin of its statement, from
which the map between lines and streams is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from syncml.dataclass import dataclass
from syncml.export_c.ctree import (
    Branch,
    Call,
    Cast,
    CExpr,
    Choice,
    Conditional,
    ConstantArray,
    CStmt,
    CTop,
    Declare,
    Do,
    FunctionDefinition,
    Infix,
    Loop,
    Member,
    Name,
    Number,
    Prefix,
    Remark,
    Return,
    Set,
    Struct,
    Subscript,
    Text,
    Variable,
)
from syncml.ir.step.syntax import Origin

WIDTH = 110
"""The longest line, where it can be broken."""

_INDENT = "    "

_BINARY_LEVEL = {
    "*": 13, "/": 13, "%": 13, "+": 12, "-": 12, "<<": 11, ">>": 11, "<": 10, "<=": 10, ">": 10, ">=": 10,
    "==": 9, "!=": 9, "&": 8, "^": 7, "|": 6, "&&": 5, "||": 4,
}  # fmt: skip
BINARY_OPERATORS = frozenset(_BINARY_LEVEL)
"""Every operator of an `Infix`."""
_CONDITIONAL_LEVEL = 3
_PREFIX_LEVEL = 14
_POSTFIX_LEVEL = 15
_BREAK_AFTER = frozenset(",?:+-*/%&|^<>=")
_ASCII = str.maketrans({"²": "^2", "³": "^3", "°": "deg", "µ": "u", "μ": "u", "Ω": "Ohm", "·": "*", "⋅": "*"})
_CHAINS = frozenset({"+", "*", "&&", "||"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of C without its line end, and the statement's origin where it has one."""

    text: str
    origin: Origin | None = None


def _level(expr: CExpr) -> int:
    match expr:
        case Number() | Name() | Member() | Subscript() | Call():
            return _POSTFIX_LEVEL
        case Prefix() | Cast():
            return _PREFIX_LEVEL
        case Infix():
            return _BINARY_LEVEL[expr.op]
        case Conditional():
            return _CONDITIONAL_LEVEL
        case _:
            assert_never(expr)


def _operand(expr: CExpr, parent: CExpr, *, left: bool = False) -> str:
    """``expr`` as an operand of ``parent``, in parentheses where they are needed or asked for by the rule."""
    text = print_expression(expr)
    chain = (
        left and isinstance(expr, Infix) and isinstance(parent, Infix) and expr.op == parent.op and expr.op in _CHAINS
    )
    if chain:
        return text
    if isinstance(expr, Infix | Conditional) or _level(expr) < _level(parent):
        return f"({text})"
    if isinstance(expr, Prefix) and _sign_needs_parentheses(expr, parent, left):
        return f"({text})"
    return text


def _sign_needs_parentheses(expr: Prefix, parent: CExpr, left: bool) -> bool:
    """Two signs in a row would be one token; ``a - -b`` and ``!a == b`` are legal C but read badly."""
    match parent:
        case Prefix():
            return expr.op == parent.op
        case Infix():
            return (expr.op == "-" and not left) or expr.op == "*" or (expr.op == "!" and parent.op not in {"&&", "||"})
        case _:
            return False


def print_expression(expr: CExpr) -> str:
    """``expr`` as C text."""
    match expr:
        case Number() | Name():
            return expr.text
        case Member():
            return f"{_operand(expr.object, expr)}{'->' if expr.arrow else '.'}{expr.field}"
        case Subscript():
            return f"{_operand(expr.array, expr)}[{print_expression(expr.index)}]"
        case Call():
            return f"{expr.function}({', '.join(map(print_expression, expr.arguments))})"
        case Prefix():
            return f"{expr.op}{_operand(expr.operand, expr)}"
        case Cast():
            return f"({expr.type}){_operand(expr.operand, expr)}"
        case Infix():
            return f"{_operand(expr.left, expr, left=True)} {expr.op} {_operand(expr.right, expr)}"
        case Conditional():
            parts = (expr.condition, expr.then, expr.otherwise)
            condition, then, otherwise = (_operand(part, expr) for part in parts)
            return f"{condition} ? {then} : {otherwise}"
        case _:
            assert_never(expr)


def print_variable(variable: Variable) -> str:
    """The declaration of ``variable`` without its semicolon."""
    const = "const " if variable.const else ""
    star = "*" if variable.pointer else ""
    extents = "".join(f"[{n}]" for n in variable.extents)
    return f"{const}{variable.type} {star}{variable.name}{extents}"


def wrap(text: str, indent: str) -> list[str]:
    """Break a line of code that is too long after commas and operators, those inside the fewest parentheses first."""
    lines: list[str] = []
    rest, prefix = text, indent
    while len(prefix) + len(rest) > WIDTH:
        depth, best, best_depth = 0, -1, 1 << 30
        room = WIDTH - len(prefix)
        for position, letter in enumerate(rest[: room + 1]):
            depth += (letter in "([") - (letter in ")]")
            if letter == " " and position > room // 3 and depth <= best_depth and rest[position - 1] in _BREAK_AFTER:
                best, best_depth = position, depth
        if best < 0:
            break
        lines.append(prefix + rest[:best])
        rest, prefix = rest[best + 1 :], indent + 2 * _INDENT
    lines.append(prefix + rest)
    return lines


def comment(text: str, indent: str = "") -> list[str]:
    """``text`` as a C comment in ASCII; several lines are framed by stars."""
    plain = text.translate(_ASCII).encode("ascii", "backslashreplace").decode()
    safe = plain.replace("*/", "* /").replace("/*", "/ *")
    lines = [line.rstrip() for line in safe.splitlines()] or [""]
    if len(lines) == 1:
        return [f"{indent}/* {lines[0]} */"]
    return [f"{indent}/*", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"]


def _code(text: str, indent: str, origin: Origin | None) -> Iterator[Line]:
    for line in wrap(text, indent):
        yield Line(line, origin)


def _zero(variable: Variable) -> str:
    """The initialiser of zeros; of an array the one form of a partial initialiser that MISRA C:2012 has (rule 9.3)."""
    return "{0}" if variable.extents else {"bool": "false", "float": "0.0F", "double": "0.0"}.get(variable.type, "0")


def _declare(statement: Declare) -> str:
    text = print_variable(statement.variable)
    match statement.initial:
        case None | False:
            return f"{text};"
        case True:
            return f"{text} = {_zero(statement.variable)};"
        case initial:
            return f"{text} = {print_expression(initial)};"


def print_statements(statements: Iterable[CStmt | ConstantArray], depth: int) -> Iterator[Line]:
    """The lines of ``statements``, indented by ``depth`` steps."""
    indent = _INDENT * depth
    for statement in statements:
        match statement:
            case Declare():
                yield from _code(_declare(statement), indent, statement.origin)
            case Set():
                text = f"{print_expression(statement.target)} = {print_expression(statement.value)};"
                yield from _code(text, indent, statement.origin)
            case Do():
                yield from _code(f"{print_expression(statement.call)};", indent, statement.origin)
            case Return():
                yield from _code(f"return {print_expression(statement.value)};", indent, None)
            case Remark():
                for line in comment(statement.text, indent):
                    yield Line(line)
            case ConstantArray():
                yield from _array(statement, indent)
            case Branch():
                yield from _code(f"if ({print_expression(statement.condition)}) {{", indent, statement.origin)
                yield from print_statements(statement.then, depth + 1)
                if statement.otherwise:
                    yield Line(f"{indent}}} else {{")
                    yield from print_statements(statement.otherwise, depth + 1)
                yield Line(f"{indent}}}")
            case Loop():
                index = statement.index
                yield Line(
                    f"{indent}for (size_t {index} = 0U; {index} < {statement.count}U; {index}++) {{", statement.origin
                )
                yield from print_statements(statement.body, depth + 1)
                yield Line(f"{indent}}}")
            case Choice():
                yield from _choice(statement, depth)
            case _:
                assert_never(statement)


def _choice(statement: Choice, depth: int) -> Iterator[Line]:
    indent, inner = _INDENT * depth, _INDENT * (depth + 1)
    yield from _code(f"switch ({print_expression(statement.scrutinee)}) {{", indent, statement.origin)
    for label, body in statement.cases:
        yield Line(f"{indent}case {label}: {{")
        yield from print_statements(body, depth + 1)
        yield Line(f"{inner}break;")
        yield Line(f"{indent}}}")
    yield Line(f"{indent}default: {{")
    yield from print_statements(statement.default, depth + 1)
    yield Line(f"{inner}break;")
    yield Line(f"{indent}}}")
    yield Line(f"{indent}}}")


def _rows(values: tuple[str, ...], extents: tuple[int, ...], indent: str) -> Iterator[str]:
    """The braces of an initialiser: one pair for each axis, the innermost filled to the line width."""
    if len(extents) == 1:
        row = indent
        for position, value in enumerate(values):
            piece = value + ("," if position + 1 < len(values) else "")
            if len(row) + 1 + len(piece) > WIDTH:
                yield row.rstrip()
                row = indent
            row += piece + " "
        yield row.rstrip()
        return
    stride = len(values) // extents[0]
    for k in range(extents[0]):
        comma = "," if k + 1 < extents[0] else ""
        inner = list(_rows(values[k * stride : (k + 1) * stride], extents[1:], indent + _INDENT))
        if len(extents) == 2 and len(inner) == 1 and len(inner[0]) < WIDTH:
            yield f"{indent}{{{inner[0].strip()}}}{comma}"
        else:
            yield f"{indent}{{"
            yield from inner
            yield f"{indent}}}{comma}"


def _array(array: ConstantArray, indent: str = "") -> Iterator[Line]:
    if array.comment:
        for line in comment(array.comment, indent):
            yield Line(line)
    storage = f"{array.mark} " if array.mark else ""
    storage += "static " if array.static else ""
    yield Line(f"{indent}{storage}{print_variable(array.variable)} = {{")
    for row in _rows(array.values, array.variable.extents, indent + _INDENT):
        yield Line(row)
    yield Line(f"{indent}}};")


def prototype(function: FunctionDefinition) -> str:
    """The head of ``function``, without a semicolon."""
    parameters = ", ".join(map(print_variable, function.parameters)) or "void"
    qualifiers = f"{function.qualifiers} " if function.qualifiers else ""
    return f"{qualifiers}{function.result} {function.name}({parameters})"


def print_top(items: Iterable[CTop]) -> list[Line]:
    """The lines of a file made of ``items``, with one empty line between two of them."""
    lines: list[Line] = []
    for item in items:
        if lines:
            lines.append(Line(""))
        match item:
            case Text():
                lines.extend(map(Line, item.lines))
            case ConstantArray():
                lines.extend(_array(item))
            case Struct():
                lines.extend(_struct(item))
            case FunctionDefinition():
                if item.comment:
                    lines.extend(map(Line, comment(item.comment)))
                lines.extend(map(Line, wrap(prototype(item), "")))
                lines.append(Line("{"))
                lines.extend(print_statements(item.body, 1))
                lines.append(Line("}"))
            case _:
                assert_never(item)
    return lines


def _struct(struct: Struct) -> Iterator[Line]:
    if struct.comment:
        yield from map(Line, comment(struct.comment))
    yield Line(f"typedef struct {struct.name} {{")
    declarations = [f"{_INDENT}{print_variable(variable)};" for variable, _ in struct.members]
    column = min(max((len(text) for text in declarations), default=0), 40)
    for text, (_, remark) in zip(declarations, struct.members, strict=True):
        yield Line(f"{text:<{column}} {comment(remark)[0]}" if remark else text)
    yield Line(f"}} {struct.name};")


def text_of(lines: Iterable[Line]) -> str:
    """The lines as one text that ends with a line end."""
    return "".join(f"{line.text}\n" for line in lines)
