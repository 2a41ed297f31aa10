"""Classes of data as `dataclasses.dataclass` makes them, in a fraction of the time.

The standard decorator writes and compiles the methods of every class anew, half a millisecond each, which for the
classes of this package was a quarter of the time that the command line took to start. But the methods of two classes
differ in the names of their fields only. So a method is compiled once for each *shape*, such as three fields of which
the last has a factory, with names that stand for those of the fields; a class gets a copy with its own names.

Rule: a class is what the standard decorator makes of it for the same arguments, and `dataclasses.replace`, `fields`
and the like take it for one; only one without a docstring stays without. What is not accepted here, such as a class
without slots, is made by the standard decorator.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError
from functools import cache
from reprlib import recursive_repr
from types import CellType, CodeType, FunctionType, SimpleNamespace
from typing import Any, Final, Literal, NoReturn, TypeAlias, TypeVar, cast, dataclass_transform

T = TypeVar("T")

Fields: TypeAlias = "dict[str, Field[Any]]"

_IS_FIELD: Final[Any] = vars(dataclasses)["_FIELD"]
"""How the library tells fields from variables of a class."""

_COMPARISONS: Final = {"__eq__": "==", "__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


class _Factory:
    """Stands for an argument that was left out, where a factory makes the value."""

    def __repr__(self) -> str:
        return "<factory>"


_LEFT_OUT: Final = _Factory()


@dataclass_transform(field_specifiers=(dataclasses.field,))
def dataclass(
    *, slots: Literal[True], frozen: bool = False, eq: bool = True, order: bool = False
) -> Callable[[type[T]], type[T]]:
    """The decorator; its arguments mean what they mean to `dataclasses.dataclass`.

    Raises:
        TypeError: a field without a default follows one that has one, a default can change, or an order lacks equality.
    """
    if order and not eq:
        raise TypeError("an order needs equality")

    def made(plain: type[T]) -> type[T]:
        return _made(plain, frozen=frozen, comparisons=tuple(_COMPARISONS)[: 5 if order else int(eq)])

    return made


def _made(plain: type[T], *, frozen: bool, comparisons: Sequence[str]) -> type[T]:
    fields = _fields(plain)
    taken = {slot for base in plain.__mro__[1:-1] for slot in _slots(base)}
    body = {n: value for n, value in vars(plain).items() if n not in fields and n not in ("__dict__", "__weakref__")}
    body["__slots__"] = tuple(name for name in fields if name not in taken)
    body["__qualname__"] = plain.__qualname__
    body["__dataclass_fields__"] = fields
    body["__dataclass_params__"] = SimpleNamespace(frozen=frozen)
    body.setdefault("__match_args__", tuple(f.name for f in fields.values() if f.init))
    body.setdefault("__repr__", _repr)
    if frozen:
        body["__setattr__"], body["__delattr__"] = _assign, _delete
        body.setdefault("__getstate__", _state)
        body.setdefault("__setstate__", _set_state)
    compared = [f.name for f in fields.values() if f.compare]
    # A class that defines equality alone has a hash that is None.
    hashed = body.get("__hash__") is not None
    for name in comparisons:
        if name not in body:
            body[name] = _method(_comparison(name, len(compared)), compared, plain)
    if comparisons and not hashed:
        used = [f.name for f in fields.values() if (f.compare if f.hash is None else f.hash)]
        body["__hash__"] = _method(_hash(len(used)), used, plain) if frozen else None
    made = type(plain)(plain.__name__, plain.__bases__, body)
    if "__init__" not in body:
        setattr(made, "__init__", _initialiser(made, list(fields.values()), frozen=frozen))  # noqa: B010
    return made


def _fields(plain: type) -> Fields:
    """The fields of the bases, and then those that the class itself declares."""
    found: Fields = {}
    for base in reversed(plain.__mro__[1:]):
        found |= vars(base).get("__dataclass_fields__", {})
    for name, kind in plain.__annotations__.items():
        if not str(kind).startswith(("ClassVar", "typing.ClassVar")):
            default: Any = vars(plain).get(name, MISSING)
            if default.__class__.__hash__ is None:
                raise TypeError(f"the default of {name!r} can change: use a default_factory")
            field = cast("Any", default if isinstance(default, Field) else dataclasses.field(default=default))
            field.name, field.type, field.kw_only, field._field_type = name, kind, False, _IS_FIELD
            found[name] = field
    return found


def _slots(base: type) -> Collection[str]:
    slots: str | Collection[str] = vars(base).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else slots


# Methods that need no names.


def _assign(self: object, name: str, value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__dataclass_fields__]


def _set_state(self: Any, state: Iterable[Any]) -> None:
    for name, value in zip(self.__dataclass_fields__, state, strict=True):
        object.__setattr__(self, name, value)


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in self.__dataclass_fields__.values() if f.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


# Methods with the names of the fields: `f0`, `f1` and so on stand for them in a shape.


def _method(shape: CodeType, names: Iterable[str], of: type, cells: Mapping[str, Any] | None = None) -> Any:
    """The method of a class that has a shape, for fields of these names; its free variables are ``cells``."""
    named = {f"f{i}": name for i, name in enumerate(names)}
    code = shape.replace(
        co_names=tuple(named.get(n, n) for n in shape.co_names),
        co_varnames=tuple(named.get(n, n) for n in shape.co_varnames),
    )
    closure = tuple(CellType((cells or {})[n]) for n in shape.co_freevars)
    method = FunctionType(code, vars(sys.modules[of.__module__]), code.co_name, None, closure)
    method.__qualname__ = f"{of.__qualname__}.{code.co_name}"
    return method


def _initialiser(made: type, fields: Sequence[Field[Any]], *, frozen: bool) -> Any:
    """The method that takes the fields; of each letter of a shape, `_initialisation` says what it means."""
    shape = ""
    cells: dict[str, Any] = {"left_out": _LEFT_OUT}
    defaults: list[Any] = []
    for i, field in enumerate(fields):
        # What assigns to a slot does so whatever the class says of assignments.
        cells[f"set{i}"] = getattr(made, field.name).__set__
        cells[f"new{i}"], cells[f"default{i}"] = field.default_factory, field.default
        made_here = field.default_factory is not MISSING
        given = field.default is not MISSING
        if field.init:
            shape += "f" if made_here else "p"
            if made_here or given:
                defaults.append(_LEFT_OUT if made_here else field.default)
            elif defaults:
                raise TypeError(f"{field.name!r} without a default follows a field that has one")
        else:
            shape += "F" if made_here else "D" if given else "-"
    code = _initialisation(shape, frozen=frozen, ends=hasattr(made, "__post_init__"))
    method = _method(code, [f.name for f in fields], made, cells)
    method.__defaults__ = tuple(defaults)
    method.__annotations__ = {**{f.name: f.type for f in fields if f.init}, "return": None}
    return method


@cache
def _initialisation(shape: str, *, frozen: bool, ends: bool) -> CodeType:
    """`p` is a parameter, `f` one with a factory, `F` a factory alone, `D` a default alone, `-` nothing."""
    values = {"p": "f{0}", "f": "new{0}() if f{0} is left_out else f{0}", "F": "new{0}()", "D": "default{0}"}
    taken = [f"f{i}" for i, letter in enumerate(shape) if letter in "pf"]
    lines = [
        (f"set{i}(self, {values[letter]})" if frozen else f"self.f{i} = {values[letter]}").format(i)
        for i, letter in enumerate(shape)
        if letter in values
    ]
    cells = ["left_out", *(f"{kind}{i}" for i in range(len(shape)) for kind in ("set", "new", "default"))]
    end = ["self.__post_init__()"] if ends else []
    return _compiled("__init__", ["self", *taken], [*lines, *end, "return None"], cells)


@cache
def _comparison(name: str, count: int) -> CodeType:
    both = [f"{_tuple(each, count)}" for each in ("self", "other")]
    lines = [
        f"if other.__class__ is self.__class__: return {both[0]} {_COMPARISONS[name]} {both[1]}",
        "return NotImplemented",
    ]
    return _compiled(name, ["self", "other"], lines)


@cache
def _hash(count: int) -> CodeType:
    return _compiled("__hash__", ["self"], [f"return hash({_tuple('self', count)})"])


def _tuple(of: str, count: int) -> str:
    return f"({''.join(f'{of}.f{i}, ' for i in range(count))})"


def _compiled(name: str, parameters: Iterable[str], lines: Iterable[str], cells: Iterable[str] = ()) -> CodeType:
    """The code of a function whose free variables are among ``cells``."""
    inner = f" def {name}({', '.join(parameters)}):\n" + "".join(f"  {line}\n" for line in lines)
    made: dict[str, Any] = {}
    exec(f"def make({', '.join(f'{cell}=0' for cell in cells)}):\n{inner} return {name}", made)
    code: CodeType = made["make"]().__code__
    return code
