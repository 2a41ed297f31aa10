"""The syntax tree of a Lustre file, of any dialect.

Rule: a tree says what was written, with its place; names are not resolved and nothing is typed. Trees are compared by
identity: an expression may be thousands of levels deep, and nothing may recurse on that.
"""

from __future__ import annotations

from dataclasses import field
from fractions import Fraction
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A literal; ``real`` tells 1.0 from 1."""

    value: Fraction
    real: bool
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """``true`` or ``false``."""

    value: bool
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A stream, a constant or a constructor; ``package::name`` where it is qualified."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Unary:
    """``not``, ``-``, ``pre``, ``current``, ``last``."""

    op: str
    operand: Expression
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Binary:
    """Two operands; ``op`` as it is written, ``|`` concatenates arrays, ``^`` repeats a value."""

    op: str
    left: Expression
    right: Expression
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Conditional:
    """``if c then a else b``; ``static`` for ``with``, which is decided before anything is computed."""

    condition: Expression
    then: Expression
    otherwise: Expression
    static: bool
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """``(a, b)`` (``kind`` is ``tuple``), ``'(a, b)`` (``one``), ``[a, b]`` (``array``), ``#(a, b)``, ``nor(a, b)``."""

    kind: str
    items: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """``array[index]``."""

    array: Expression
    index: Expression
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """``array[low..high step s]``, both ends included."""

    array: Expression
    low: Expression
    high: Expression
    step: Expression | None
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """``record.name``."""

    record: Expression
    name: str
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """``type { f = e; ... }``, or ``type { base with f = e; ... }``."""

    type: str
    base: Expression | None
    fields: tuple[tuple[str, Expression], ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class ClockOf:
    """``constructor(stream)``; ``c`` is ``true(c)`` and ``not c`` is ``false(c)``."""

    constructor: str
    stream: str
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """``operand when clock``."""

    operand: Expression
    clock: ClockOf
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class MergeOf:
    """``merge stream (C -> e) ...``."""

    stream: str
    branches: tuple[tuple[str, Expression, Span], ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class CallOf:
    """A call, perhaps restarted, perhaps only activated at some instants.

    ``defaults`` are the values before the first activation; None where the result is on the clock ``activation``.
    """

    callee: Callee
    arguments: tuple[Expression, ...]
    span: Span
    restart: Expression | None = None
    activation: Expression | None = None
    defaults: tuple[Expression, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """``int e``, ``int8 e``, ``(e : int8)``: a conversion to a predefined type."""

    type: str
    operand: Expression
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Ascription:
    """``(e : type)``: ``e``, which is in the type; that is to be proved where it is a subrange or a subtype."""

    operand: Expression
    type: TypeExpression
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class ModeOf:
    """Kind 2's ``::mode``: whether the requirements of a mode hold."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf:
    """Kind 2's ``any@<type>`` and ``any { name : type | condition }``: a value that nothing else is known of."""

    type: TypeExpression
    name: str
    condition: Expression | None
    span: Span


Expression: TypeAlias = (
    Number | Truth | Name | Unary | Binary | Conditional | Group | Element | Slice | Field | Record | Sampled | MergeOf
    | CallOf | Conversion | Ascription | ModeOf | AnyOf
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Callee:
    """What is called or handed on as a static argument: a node or an operator, with static arguments."""

    name: str
    statics: tuple[StaticArgument, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class NamedType:
    """``int``, ``real``, a declared type, ``package::type``, ``type<arguments>``."""

    name: str
    span: Span
    arguments: tuple[TypeExpression, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ArrayOf:
    """``element ^ size``."""

    element: TypeExpression
    size: Expression
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class TupleOf:
    """``[t, u]`` of Kind 2; ``x[0]`` is the first part."""

    items: tuple[TypeExpression, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class RangeOf:
    """``subrange [low, high] of int``; None is no bound."""

    low: Expression | None
    high: Expression | None
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class SubtypeOf:
    """``subtype { name : base | condition }``, or ``name : base | condition`` where a stream is declared."""

    name: str
    base: TypeExpression
    condition: Expression
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class RecordOf:
    """``struct { f : t; ... }``, a field with its default value."""

    fields: tuple[tuple[str, TypeExpression, Expression | None], ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class EnumOf:
    """``enum { A, B }``."""

    constructors: tuple[tuple[str, Span], ...]
    span: Span


TypeExpression: TypeAlias = NamedType | ArrayOf | TupleOf | RangeOf | SubtypeOf | RecordOf | EnumOf
StaticArgument: TypeAlias = Expression | TypeExpression | Callee


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """A stream of an interface or a local one; without a clock it is on the base clock."""

    name: str
    type: TypeExpression
    clock: ClockOf | None
    span: Span
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A left-hand side: a stream with a path of fields, elements and slices into it."""

    name: str
    path: tuple[str | Expression | Slice, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Defines:
    """``targets = value``; no target where the results of a call are dropped."""

    targets: tuple[Target, ...]
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Asserts:
    """``assert e``: trusted of the environment."""

    value: Expression
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Checks:
    """``--%PROPERTY e``, ``check e``, ``check e provided c``; or ``check reachable e from m within n``.

    Attributes:
        provided: What has to be possible, and makes ``value`` follow.
        instants: Of a goal, the first and the last instant at which it counts; the last one may be None.
    """

    name: str
    value: Expression
    span: Span
    provided: Expression | None = None
    instants: tuple[int, int | None] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """Kind 2's ``if c then items else items fi``."""

    condition: Expression
    then: tuple[Item, ...]
    otherwise: tuple[Item, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Kind 2's ``frame (x, ...) x = init; let items tel``."""

    names: tuple[tuple[str, Span], ...]
    initial: tuple[Defines, ...]
    items: tuple[Item, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class MainMark:
    """``--%MAIN``."""

    span: Span


Item: TypeAlias = Defines | Asserts | Checks | Branches | Frame | MainMark


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """``assume``, ``guarantee``, ``require`` or ``ensure``."""

    kind: str
    name: str
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Mode:
    """``mode m (require ...; ensure ...;)``."""

    name: str
    clauses: tuple[Clause, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Ghost:
    """``var x : t = e`` (or ``const``) of a contract."""

    streams: tuple[Declared, ...]
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Imports:
    """``import contract(inputs) returns (outputs)``."""

    contract: str
    inputs: tuple[Expression, ...]
    outputs: tuple[Expression, ...]
    span: Span


ContractItem: TypeAlias = Clause | Mode | Ghost | Imports


@dataclass(frozen=True, slots=True, eq=False)
class ConstantDeclaration:
    """``const c : t = e``; without a value it is free, and ``--set`` gives it one."""

    name: str
    type: TypeExpression | None
    value: Expression | None
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class TypeDeclaration:
    """``type t = ...``, ``type t<a; b> = ...``; abstract without a definition."""

    name: str
    definition: TypeExpression | None
    span: Span
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StaticParameter:
    """``const n : t``, ``type t`` or ``node f(...) returns (...)`` between ``<<`` and ``>>``."""

    kind: str
    name: str
    span: Span
    type: TypeExpression | None = None
    inputs: tuple[Declared, ...] = ()
    outputs: tuple[Declared, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class NodeDeclaration:
    """A node, a function or a contract (whose body is its items), or another name of a node (``alias``)."""

    name: str
    statics: tuple[StaticParameter, ...]
    inputs: tuple[Declared, ...]
    outputs: tuple[Declared, ...]
    span: Span
    locals: tuple[Declared, ...] = ()
    constants: tuple[ConstantDeclaration, ...] = ()
    items: tuple[Item, ...] = ()
    contract: tuple[ContractItem, ...] = ()
    alias: Callee | None = None
    external: bool = False
    imported: bool = False
    function: bool = False


Declaration: TypeAlias = ConstantDeclaration | TypeDeclaration | NodeDeclaration


@dataclass(frozen=True, slots=True, eq=False)
class Package:
    """``package p uses q; body ... end``, or a model with the static parameters that it needs."""

    name: str
    uses: tuple[tuple[str, Span], ...]
    needs: tuple[StaticParameter, ...]
    declarations: tuple[Declaration, ...]
    span: Span
    provides: tuple[Declaration, ...] = ()
    model: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """``package p = model(a = ..., ...)``."""

    name: str
    model: str
    arguments: tuple[tuple[str, StaticArgument], ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """Everything in a file, with what it includes."""

    declarations: tuple[Declaration, ...] = ()
    contracts: tuple[NodeDeclaration, ...] = ()
    packages: tuple[Package | Instance, ...] = field(default=())
