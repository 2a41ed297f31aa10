"""Values of streams in a report: the shortest text that reads back exactly, and what JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, cast

from syncml.lazy import numpy as np
from syncml.verify import Stream


def shortest(value: Any, type_: str) -> str:
    """Return one scalar of the named type as text; nothing where the stream is absent."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    # A binary32 number has a shorter decimal than its widening to binary64.
    return str(np.float32(value)) if isinstance(value, float) and type_.startswith("f32") else str(value)


def shown(value: Any, type_: str) -> str:
    """Return a value, which may be a nested list, as text."""
    if isinstance(value, list):
        return f"[{', '.join(shown(item, type_) for item in cast('list[Any]', value))}]"
    return shortest(value, type_)


def plain(value: Any, type_: str) -> Any:
    """Return a value as JSON can hold it: an infinity, a NaN or a fraction becomes a string."""
    if isinstance(value, list):
        return [plain(item, type_) for item in cast("list[Any]", value)]
    if value is None or isinstance(value, bool | int | str):
        return value
    text = shortest(value, type_)
    return float(text) if isinstance(value, float) and math.isfinite(value) else text


def leaf_names(stream: Stream) -> list[str]:
    """Return the column names of a stream: `name`, or `name[i][j]` for the elements of a tensor."""
    example = next((value for value in stream.values if value is not None), None)
    return [stream.name + suffix for suffix in _suffixes(example)]


def cells(value: Any, type_: str, count: int) -> list[str]:
    """Return the cells of one value under its `count` column names."""
    return [""] * count if value is None else [shortest(item, type_) for item in _flat(value)]


def _suffixes(example: Any) -> Iterator[str]:
    if not isinstance(example, list):
        yield ""
        return
    for position, item in enumerate(cast("list[Any]", example)):
        yield from (f"[{position}]{rest}" for rest in _suffixes(item))


def _flat(value: Any) -> Iterator[Any]:
    if not isinstance(value, list):
        yield value
        return
    for item in cast("list[Any]", value):
        yield from _flat(item)
