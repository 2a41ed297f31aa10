"""Types of Lustre, and values: a type with the streams of its leaves.

Rule: an array or a record is the list of its leaves, in order: ``x : int^2`` is ``x[0]`` and ``x[1]``, a record has
``x.f`` for each field. A subrange is its integers with a property, a subtype its base with one. The intermediate
language sees the leaves only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import Atom
from syncml.ir.types import Element, EnumType, Scalar

if TYPE_CHECKING:
    from syncml.lustre.scopes import Env
    from syncml.lustre.syntax import Expression


@dataclass(frozen=True, slots=True)
class ArrayType:
    """``element ^ size``."""

    element: LustreType
    size: int

    def __str__(self) -> str:
        return f"{self.element}^{self.size}"


@dataclass(frozen=True, slots=True)
class RecordType:
    """A record; two of them are the same if they have one name and the same fields."""

    name: str
    fields: tuple[tuple[str, LustreType], ...]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class RangeType:
    """The integers from ``low`` to ``high``; None is no bound."""

    low: int | None
    high: int | None

    def __str__(self) -> str:
        low, high = ("*" if bound is None else bound for bound in (self.low, self.high))
        return f"subrange [{low}, {high}] of int"


@dataclass(frozen=True, slots=True)
class SubType:
    """The values of ``base`` that, called ``name``, meet ``condition``, which is read in ``env``."""

    base: LustreType
    name: str
    condition: Expression
    env: Env

    def __str__(self) -> str:
        return f"subtype of {self.base}"


LustreType: TypeAlias = Element | ArrayType | RecordType | RangeType | SubType


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression yields: one atom for each leaf of its type."""

    type: LustreType
    atoms: tuple[Atom, ...]


def tuple_type(items: Sequence[LustreType]) -> RecordType:
    """``[t, u]``: a record whose fields are numbers."""
    return RecordType(f"[{', '.join(map(str, items))}]", tuple((str(i), t) for i, t in enumerate(items)))


def plain(type_: LustreType) -> LustreType:
    """The type without its subranges and subtypes, by which types are compared."""
    match type_:
        case RangeType():
            return Scalar.INT
        case SubType():
            return plain(type_.base)
        case ArrayType():
            return ArrayType(plain(type_.element), type_.size)
        case RecordType():
            if type_.fields and type_.fields[0][0] == "0":
                return tuple_type([plain(t) for _, t in type_.fields])
            return RecordType(type_.name, tuple((name, plain(t)) for name, t in type_.fields))
        case _:
            return type_


@cache
def width(type_: LustreType) -> int:
    """The number of leaves."""
    match type_:
        case ArrayType():
            return width(type_.element) * type_.size
        case RecordType():
            return sum(width(t) for _, t in type_.fields)
        case SubType():
            return width(type_.base)
        case _:
            return 1


@cache
def leaves(type_: LustreType) -> tuple[tuple[str, Element, RangeType | None], ...]:
    """The leaves: how each is written behind the name of the whole, its type, its subrange."""
    match type_:
        case ArrayType():
            inner = leaves(type_.element)
            return tuple((f"[{i}]{path}", t, r) for i in range(type_.size) for path, t, r in inner)
        case RecordType():
            return tuple((f".{name}{path}", t, r) for name, field in type_.fields for path, t, r in leaves(field))
        case SubType():
            return leaves(type_.base)
        case RangeType():
            return (("", Scalar.INT, type_),)
        case Scalar() | EnumType():
            return (("", type_, None),)


def subtypes(type_: LustreType, atoms: tuple[Atom, ...]) -> tuple[tuple[SubType, Value], ...]:
    """The subtypes in a type, each with the part of a value of that type that has to meet it."""
    match type_:
        case SubType():
            inner = subtypes(type_.base, atoms)
            return (*inner, (type_, Value(plain(type_.base), atoms)))
        case ArrayType():
            parts = [type_.element] * type_.size
        case RecordType():
            parts = [field for _, field in type_.fields]
        case _:
            return ()
    found: list[tuple[SubType, Value]] = []
    for part in parts:
        found += subtypes(part, atoms[: width(part)])
        atoms = atoms[width(part) :]
    return tuple(found)


def element(value: Value, index: int) -> Value:
    """``value[index]``, which is in range."""
    assert isinstance(value.type, ArrayType)
    count = width(value.type.element)
    return Value(value.type.element, value.atoms[index * count : (index + 1) * count])


def field(value: Value, name: str) -> Value | None:
    """``value.name``, if there is such a field."""
    assert isinstance(value.type, RecordType)
    start = 0
    for found, type_ in value.type.fields:
        if found == name:
            return Value(type_, value.atoms[start : start + width(type_)])
        start += width(type_)
    return None


def array(values: list[Value]) -> Value:
    """``[values]``, of which there is one at least."""
    return Value(ArrayType(values[0].type, len(values)), tuple(a for v in values for a in v.atoms))
