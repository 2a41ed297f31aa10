"""Results and records as flat lists of leaves, and back.

Rule: the leaves of a record are its fields in order, named ``record.field``; those of a tuple are the leaves of its
parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from syncml.lang.annotations import Field, Result, field_patterns
from syncml.lang.records import Record, assemble
from syncml.lang.stream import Stream
from syncml.lang.types import Pattern


def leaves_of_field(field: Field, name: str) -> list[tuple[str, Pattern]]:
    """The names and types of the leaves of a parameter."""
    if isinstance(field, Pattern):
        return [(name, field)]
    return [leaf for key, part in field_patterns(field).items() for leaf in leaves_of_field(part, f"{name}.{key}")]


def leaves_of_result(result: Result, name: str, separator: str = "_") -> list[tuple[str, Pattern]]:
    """The names and types of the leaves of what a node returns; results of a tuple are numbered from 1."""
    if isinstance(result, tuple):
        return [
            leaf
            for number, part in enumerate(result, 1)
            for leaf in leaves_of_result(part, f"{name}{separator}{number}")
        ]
    return leaves_of_field(result, name)


def values_of(given: object) -> Iterator[Any]:
    """The streams in a stream, record or tuple of them, in the order of the leaves."""
    if isinstance(given, tuple):
        for part in cast("tuple[object, ...]", given):
            yield from values_of(part)
    elif isinstance(given, Record):
        for name in field_patterns(type(given)):
            yield from values_of(vars(given)[name])
    elif given is not None:
        yield given


def build(result: Result, take: Callable[[], Stream[Any]]) -> Any:
    """What a call returns, from its leaves in order."""
    if isinstance(result, tuple):
        return tuple(build(part, take) for part in result) if result else None
    if isinstance(result, Pattern):
        return take()
    return assemble(result, {key: build(part, take) for key, part in field_patterns(result).items()})
