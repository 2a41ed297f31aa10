"""The C syntax tree: the subset of C99 that exported code is written in.

    expr ::= number | name | expr.field | expr->field | expr[expr] | name(expr*) | op expr | expr op expr
           | expr ? expr : expr | (type)expr
    stmt ::= declaration | expr = expr; | call; | if | switch | for | return | remark
    top  ::= struct | constant array | function | text

Every construct that an exported package can contain is here, so this module is also the list of idioms that a
reviewer or a compiler-qualification suite has to look at. There is no ``goto``, ``while``, function pointer,
comma operator, increment inside an expression, or declaration of a pointer other than a parameter.
"""

from __future__ import annotations

from dataclasses import field
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.step.syntax import Origin


@dataclass(frozen=True, slots=True)
class Number:
    """A literal, already in C spelling and not negative."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, parameter, macro constant or function."""

    text: str


@dataclass(frozen=True, slots=True)
class Member:
    """``object.field``, or ``object->field`` where ``object`` is a pointer."""

    object: CExpr
    field: str
    arrow: bool = False


@dataclass(frozen=True, slots=True)
class Subscript:
    """``array[index]``."""

    array: CExpr
    index: CExpr


@dataclass(frozen=True, slots=True)
class Call:
    """``function(arguments)``."""

    function: str
    arguments: tuple[CExpr, ...] = ()


@dataclass(frozen=True, slots=True)
class Prefix:
    """``op operand`` with one of ``-``, ``!``, ``~``, ``&``, ``*``."""

    op: str
    operand: CExpr


@dataclass(frozen=True, slots=True)
class Infix:
    """``left op right``."""

    op: str
    left: CExpr
    right: CExpr


@dataclass(frozen=True, slots=True)
class Conditional:
    """``condition ? then : otherwise``."""

    condition: CExpr
    then: CExpr
    otherwise: CExpr


@dataclass(frozen=True, slots=True)
class Cast:
    """``(type)operand``."""

    type: str
    operand: CExpr


CExpr: TypeAlias = Number | Name | Member | Subscript | Call | Prefix | Infix | Conditional | Cast


@dataclass(frozen=True, slots=True)
class Variable:
    """What is declared: ``const type *name[extent]...``, each part as the flags say."""

    type: str
    name: str
    extents: tuple[int, ...] = ()
    const: bool = False
    pointer: bool = False


@dataclass(frozen=True, slots=True)
class Declare:
    """A local variable. ``initial`` is an expression, or True for all zero, or None for no value yet."""

    variable: Variable
    initial: CExpr | bool | None = None
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Set:
    """``target = value;``."""

    target: CExpr
    value: CExpr
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Do:
    """``call;``, for a function without a result; ``(void)name;`` is a `Cast` to ``void``."""

    call: Call | Cast
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Branch:
    """``if (condition) {then} else {otherwise}``."""

    condition: CExpr
    then: tuple[CStmt, ...]
    otherwise: tuple[CStmt, ...] = ()
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """``switch (scrutinee)`` with a ``break`` after each case and a default at the end."""

    scrutinee: CExpr
    cases: tuple[tuple[str, tuple[CStmt, ...]], ...]
    default: tuple[CStmt, ...]
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Loop:
    """``for (size_t index = 0U; index < count; index++)``."""

    index: str
    count: int
    body: tuple[CStmt, ...]
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Return:
    """``return value;``, only ever the last statement of a function."""

    value: CExpr


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment on lines of its own."""

    text: str


CStmt: TypeAlias = Declare | Set | Do | Branch | Choice | Loop | Return | Remark


@dataclass(frozen=True, slots=True)
class Struct:
    """``typedef struct name {members} name;``; each member with a comment, which may be empty."""

    name: str
    members: tuple[tuple[Variable, str], ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ConstantArray:
    """``[mark] [static] const type name[extents] = {values};`` with the values row-major, in C spelling.

    ``mark`` is a macro that may say where the array lies.
    """

    variable: Variable
    values: tuple[str, ...]
    static: bool
    comment: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A function; ``qualifiers`` is ``static``, ``static inline`` or empty, ``result`` its type."""

    name: str
    qualifiers: str
    result: str
    parameters: tuple[Variable, ...]
    body: tuple[CStmt | ConstantArray, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Fixed text without expressions: directives and the frame of a file."""

    lines: tuple[str, ...]


CTop: TypeAlias = Struct | ConstantArray | FunctionDefinition | Text
