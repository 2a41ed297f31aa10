"""Arrays of records, as records of arrays.

Rule: a value of ``Rows[Track, L[4]]`` has the fields of `Track`, each with a first axis of 4 before its own axes. An
index, a slice or an update acts on every field at once: ``tracks[i]`` is a `Track`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args, get_origin, overload

from syncml.lang.annotations import Field, field_patterns, register_fields
from syncml.lang.functions import stack
from syncml.lang.records import Record, assemble, fields_of, leafwise
from syncml.lang.source import here
from syncml.lang.stream import Stream
from syncml.lang.trace import Abandoned, fault
from syncml.lang.types import AnnotationFault, Pattern, written

R = TypeVar("R", bound=Record)
Q = TypeVar("Q", bound=Record)
N = TypeVar("N", bound=int)

if TYPE_CHECKING:

    class Rows(Record, Generic[R, N]):
        """An array of records: ``Rows[Track, L[4]]``."""

        @staticmethod
        def of(*rows: Q) -> Rows[Q, Any]:
            """The array of ``rows``."""
            ...

        @overload
        def __getitem__(self, index: int | Stream[int]) -> R: ...
        @overload
        def __getitem__(self, index: slice) -> Rows[R, Any]: ...
        def __getitem__(self, index: Any) -> Any: ...
        def __getattr__(self, name: str) -> Any: ...
        def __iter__(self) -> Iterator[R]: ...
        def __len__(self) -> int: ...
        @property
        def at(self) -> RowsAt[R, N]:
            """The places of the array."""
            ...

else:

    class Rows(Record):
        """An array of records: ``Rows[Track, L[4]]``."""

        def __class_getitem__(cls, parameters):
            row, extent = parameters if isinstance(parameters, tuple) and len(parameters) == 2 else (None, None)
            size = get_args(extent)[0] if get_origin(extent) is Literal else extent
            good = isinstance(row, type) and issubclass(row, Record) and type(size) is int and size >= 1
            if not good:
                raise AnnotationFault(
                    f"`Rows[{written(parameters)}]` is no array of records", "write Rows[Track, L[4]]"
                )
            return _rows(row, size)

        @staticmethod
        def of(*rows):
            """The array of ``rows``."""
            if not rows:
                fault("T002", "an array of no records", here().span, help="give at least one")
                raise Abandoned
            return _filled(_rows(type(rows[0]), len(rows)), leafwise(stack, *rows))

        def __getitem__(self, index):
            taken = leafwise(lambda field: field[index], self)
            row, _ = _kinds[type(self)]
            if not isinstance(index, slice):
                return _filled(row, taken)
            return _filled(_rows(row, len(range(len(self))[index]) or 1), taken)

        def __iter__(self):
            return (self[i] for i in range(len(self)))

        def __len__(self):
            return _kinds[type(self)][1]

        @property
        def at(self):
            """The places of the array."""
            return RowsAt(self)


class RowsAt(Generic[R, N]):
    """The places of an array of records."""

    def __init__(self, rows: Rows[R, N]) -> None:
        self._rows = rows

    def __getitem__(self, index: int | Stream[int]) -> RowsSpot[R, N]:
        return RowsSpot(self._rows, index)


class RowsSpot(Generic[R, N]):
    """One place of an array of records."""

    def __init__(self, rows: Rows[R, N], index: int | Stream[int]) -> None:
        self._rows = rows
        self._index = index

    def set(self, row: R) -> Rows[R, N]:
        """The array with ``row`` here; unchanged if the place is out of range."""

        def update(field: Any, new: Any) -> Any:
            return field.at[self._index].set(new)

        return _filled(type(self._rows), _each(update, self._rows, row))

    def get(self, default: R) -> R:
        """The record that is here; ``default`` if the place is out of range."""

        def item(field: Any, other: Any) -> Any:
            return field.at[self._index].get(other)

        return _filled(type(default), _each(item, self._rows, default))


_kinds: dict[type[Any], tuple[type[Any], int]] = {}
"""The record and the size of each class of arrays."""

_made: dict[tuple[type[Any], int], type[Any]] = {}


def rows_of(record: Record, size: int) -> Any:
    """A record whose leaves have a first axis of ``size`` as an array of records."""
    return _filled(_rows(type(record), size), record)


def row_class(cls: type[Any]) -> type[Any]:
    """The class of the records of an array; ``cls`` itself for a class of records."""
    return _kinds[cls][0] if cls in _kinds else cls


def _rows(row: type[Any], size: int) -> type[Any]:
    """The class of arrays of ``size`` records of class ``row``."""
    if (row, size) not in _made:
        made: type[Any] = type(f"Rows[{row.__name__}, {size}]", (Rows,), {})
        _made[row, size], _kinds[made] = made, (row, size)
        register_fields(made, {name: _lifted(field, size) for name, field in field_patterns(row).items()})
    return _made[row, size]


def _lifted(field: Field, size: int) -> Field:
    if not isinstance(field, Pattern):
        return _rows(field, size)
    if field.shape is None:
        raise AnnotationFault("a field of a record in an array has an open type", "give the field its type")
    return Pattern(field.element, (size, *field.shape), field.unit)


def _each(operation: Any, rows: Any, row: Any) -> Any:
    """``operation`` on each leaf of an array and the leaf of a record that belongs to it."""
    kind: Any = _kinds[type(rows)][0]
    return leafwise(operation, _filled(kind, rows), row)


def _filled(cls: type[Any], record: Any) -> Any:
    """The streams of ``record`` as a record of class ``cls``, which has the same fields."""
    parts = fields_of(record)
    wanted = field_patterns(cls)
    return assemble(cls, {
        key: part if isinstance(wanted[key], Pattern) else _filled(wanted[key], part) for key, part in parts.items()  # pyright: ignore[reportArgumentType]
    })  # fmt: skip
