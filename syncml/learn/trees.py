"""Several streams as one: streams, records of streams, and tuples of these, leaf by leaf.

Rule: two trees correspond if they have the same leaves in the same order; what is made from one has its form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from syncml.diagnostics.model import error
from syncml.lang.leaves import values_of
from syncml.lang.records import Record, assemble, fields_of
from syncml.lang.source import here
from syncml.lang.stream import Stream
from syncml.lang.trace import report

T = TypeVar("T")


def leaves(tree: object) -> list[Stream[Any]]:
    """The streams of a tree, in order."""
    return list(values_of(tree))


def shaped(like: T, found: Iterator[Any]) -> T:
    """A tree of the form of ``like`` with other leaves."""
    made: Any
    if isinstance(like, tuple):
        parts: list[object] = [shaped(part, found) for part in cast("tuple[object, ...]", like)]
        made = tuple(parts)
    elif isinstance(like, Record):
        made = assemble(type(like), {name: shaped(part, found) for name, part in fields_of(like).items()})
    else:
        made = next(found)
    return cast("T", made)


def correspond(first: object, *others: object) -> bool:
    """Whether trees have as many leaves; a report if not."""
    counts = [len(leaves(tree)) for tree in (first, *others)]
    if len(set(counts)) > 1:
        text = " and ".join(map(str, counts))
        report(error("G011", f"parameters and what belongs to them do not correspond: {text} streams", here().span,
                     help="give the gradient by the same parameters, in the same order"))  # fmt: skip
    return len(set(counts)) == 1


def mapped(operation: Callable[..., Any], first: T, *others: object) -> T:
    """The operation on corresponding leaves, in the form of the first tree."""
    if not correspond(first, *others):
        return first
    rows = zip(*(leaves(tree) for tree in (first, *others)), strict=True)
    return shaped(first, iter([operation(*row) for row in rows]))
