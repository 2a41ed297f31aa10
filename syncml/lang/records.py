"""Records: several streams under one name.

Rule: a record is a Python object whose fields are streams (or records); the intermediate languages see only
its leaves, named ``track.gap``. Operators that take any stream (`pre`, `when`, `merge`, `where`, `hold`, ...) take
records too, leaf by leaf.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform

from syncml.ir.types import element, shape
from syncml.lang.annotations import Field, field_patterns
from syncml.lang.operations import typed, value_of
from syncml.lang.source import here
from syncml.lang.stream import Stream
from syncml.lang.trace import POISON, current, fault
from syncml.lang.types import type_text


@dataclass_transform(frozen_default=True)
class Record:
    """The base of a record; its annotations are its fields.

    class Track(Record):
        gap: Stream[f32]
        closing: Stream[f32]

    ``Track(gap=x, closing=0.0)`` makes one. A record that `state` made has a ``next`` to assign.
    """

    __annotation_scope__: ClassVar[tuple[dict[str, Any], dict[str, Any]]] = ({}, {})

    if TYPE_CHECKING:

        @property
        def next(self) -> Self:
            """The value at the next tick, for a record made by `state`."""
            ...

        @next.setter
        def next(self, value: Self) -> None: ...

        def define(self, value: Self) -> None:
            """Say what the record is, for one made by `wire` or by ``shared`` of modes."""
            ...
    else:

        @property
        def next(self):
            """The value at the next tick."""
            return self.__dict__.get("_next", self)

        @next.setter
        def next(self, value):
            _set_next(self, value)

        def __init__(self, *args, **kwargs):
            _construct(self, args, kwargs)

        def __init_subclass__(cls):
            super().__init_subclass__()
            frame = sys._getframe(1)
            inner = {} if frame.f_locals is frame.f_globals else dict(frame.f_locals)
            cls.__annotation_scope__ = (frame.f_globals, inner)

        def __getattr__(self, name):
            if name.startswith("_"):
                raise AttributeError(name)
            return _unknown_field(self, name)

        def __setattr__(self, name, value):
            if name == "next":
                _set_next(self, value)
            else:
                fault("L019", f"the field `{name}` of a record is assigned", here().span,
                      help=f"make a new record: {type(self).__name__}({name}=..., ...)")  # fmt: skip

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in fields_of(self).items())
        return f"{type(self).__name__}({fields})"


def fields_of(record: Record) -> dict[str, Stream[Any] | Record]:
    """The fields of a record and their values."""
    return {name: vars(record)[name] for name in field_patterns(type(record)) if name in vars(record)}


def _construct(record: Record, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
    place = here()
    wanted = field_patterns(type(record))
    given: dict[str, object] = dict(zip(wanted, args, strict=False)) | kwargs
    name = type(record).__name__
    for unknown in [key for key in kwargs if key not in wanted]:
        fault("T004", f"`{name}` has no field `{unknown}`", place.span, help=_suggestion(unknown, list(wanted)))
    missing = [key for key in wanted if key not in given]
    if missing or len(args) > len(wanted):
        what = f"the field{'s' if len(missing) > 1 else ''} {', '.join(f'`{m}`' for m in missing)}"
        fault("T007", f"`{name}` needs {what}" if missing else f"`{name}` has {len(wanted)} fields", place.span)
    for key, field in wanted.items():
        vars(record)[key] = checked(field, given[key], f"{name}.{key}") if key in given else poisoned(field)


R = TypeVar("R", bound=Record)


def replace(record: R, **fields: Any) -> R:
    """``record`` with other values in the fields that are named: ``replace(track, gap=0.0)``."""
    place = here()
    wanted = field_patterns(type(record))
    name = type(record).__name__
    changed: dict[str, Any] = dict(fields_of(record))
    for key, given in fields.items():
        if key not in wanted:
            fault("T004", f"`{name}` has no field `{key}`", place.span, help=_suggestion(key, list(wanted)))
        else:
            changed[key] = checked(wanted[key], given, f"{name}.{key}")
    return assemble(type(record), changed)


def checked(field: Field, given: object, name: str) -> Stream[Any] | Record:
    """``given`` as a value of ``field``; a report and poison where its type is another."""
    place = here()
    if isinstance(field, type):
        if isinstance(given, field):
            return given
        fault("T001", f"`{name}` is a record `{field.__name__}`", place.span)
        return poisoned(field)
    value = value_of(given, place)
    closed = field.closed
    if value.atom is not None and closed is not None:
        value = typed(value, element(closed), place, shape(closed))
    if value.atom is not None and not field.match(value.type, {}):
        secondary = value.label()
        value = fault("T001", f"`{name}` is {field}, not {type_text(value.type)}", place.span, secondary=secondary)
    return Stream(value)


def declared(cls: type[Any], leaf: Callable[..., Stream[Any]], *given: object) -> Any:
    """A record whose fields are still to be defined: ``record.define(value)`` defines each of them.

    Args:
        cls: Its class.
        leaf: A field of this pattern, with the corresponding fields of what is ``given``, which has a ``define``.
        given: Records of the same class, or None.
    """
    for other in given:
        if other is not None and type(other) is not cls:
            fault("T001", f"a record `{cls.__name__}` meets {type(other).__name__}", here().span)
            return poisoned(cls)
    columns = [fields_of(other) if isinstance(other, Record) else None for other in given]
    made: dict[str, Any] = {}
    for key, field in field_patterns(cls).items():
        parts = [None if column is None else column[key] for column in columns]
        with at_field(key):
            made[key] = declared(field, leaf, *parts) if isinstance(field, type) else leaf(field, *parts)
    record = assemble(cls, made)

    def define(value: Any) -> None:
        if type(value) is not cls:
            fault("T001", f"a record `{cls.__name__}` is defined as something else", here().span,
                  help=f"give a record: {cls.__name__}(...)")  # fmt: skip
            value = poisoned(cls)
        leafwise(_defined, record, value)

    vars(record)["define"] = define
    return record


def _defined(leaf: Any, value: Any) -> Any:
    leaf.define(value)
    return leaf


def is_record(annotation: object) -> bool:
    """Whether an annotation is a class of records."""
    return isinstance(annotation, type) and issubclass(annotation, Record)


def poisoned(field: Field) -> Stream[Any] | Record:
    """What stands for a field after a fault."""
    if isinstance(field, type):
        return assemble(field, {key: poisoned(inner) for key, inner in field_patterns(field).items()})
    return Stream(POISON)


def assemble(cls: type[Any], fields: dict[str, Any]) -> Any:
    """A record of class ``cls`` with ``fields``, unchecked."""
    record: Any = object.__new__(cls)
    record.__dict__.update(fields)
    return record


def _unknown_field(record: Record, name: str) -> Stream[Any]:
    names = list(field_patterns(type(record)))
    what = f"`{type(record).__name__}` has no field `{name}`"
    return Stream(fault("T004", what, here().span, help=_suggestion(name, names)))


def _suggestion(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"did you mean `{close[0]}`?" if close else f"it has {', '.join(f'`{k}`' for k in known)}"


def _set_next(record: Record, value: Any) -> None:
    define = vars(record).get("_define_next")
    if define is None:
        fault(
            "L006", "`.next` is assigned to a record that is no state", here().span, help="make it with state(init=...)"
        )
    else:
        vars(record)["_next"] = value
        define(value)


def leafwise(operation: Callable[..., Any], *records: Any) -> Any:
    """Apply an operation of streams to the corresponding leaves of records of one class.

    A field that is a record is taken apart in turn; records do not nest deeply, so this recurses.
    """
    first = next(record for record in records if isinstance(record, Record))
    cls = type(first)
    for other in records:
        if type(other) is not cls:
            what = type(other).__name__ if isinstance(other, Record) else "no record"
            fault("T001", f"a record `{cls.__name__}` meets {what}", here().span)
            return assemble(cls, {key: poisoned(field) for key, field in field_patterns(cls).items()})
    columns = [fields_of(record) for record in records]
    made: dict[str, Any] = {}
    for key, part in columns[0].items():
        corresponding = [column[key] for column in columns]
        with at_field(key):
            nested = isinstance(part, Record)
            made[key] = leafwise(operation, *corresponding) if nested else operation(*corresponding)
    return assemble(cls, made)


@contextmanager
def at_field(name: str) -> Generator[None]:
    """Name the streams that are made meanwhile after the field ``name`` of their record."""
    trace = current()
    if trace is None:
        yield
        return
    outer, trace.path = trace.path, f"{trace.path}.{name}"
    try:
        yield
    finally:
        trace.path = outer
