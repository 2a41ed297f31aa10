"""When two specialisations of a node are one: keys of Python values.

Rule: equal parameters share a node. Numbers are equal if their type and value are; arrays by content; functions and
nodes by their code and what they close over; anything else by its own ``==`` if it can be hashed, and by identity if
not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from syncml.lang.operations import Carrier

DEEPEST = 20


def key_of(value: object, kept: list[object], depth: int = 0) -> object:
    """A hashable key; objects that are known by their identity are added to ``kept``, so that they live on."""
    if depth > DEEPEST:
        return _identity(value, kept)
    match value:
        case None | bool() | int() | str() | bytes():
            return (type(value), value)
        case float():
            return (float, repr(float(value)))
        case Carrier():
            return _identity(value, kept)
        case np.ndarray():
            array = cast("np.ndarray[Any, Any]", value)
            return (
                ("array", array.dtype.str, array.shape, array.tobytes())
                if array.dtype != object
                else _identity(value, kept)
            )
        case tuple() | list():
            kind, items = isinstance(value, list), cast("list[object]", value)
            return ("list" if kind else "tuple", tuple(key_of(item, kept, depth + 1) for item in items))
        case dict():
            pairs = cast("Mapping[object, object]", value).items()
            return (dict, tuple((key_of(k, kept, depth + 1), key_of(v, kept, depth + 1)) for k, v in pairs))
        case _:
            return _of_object(value, kept, depth)


def _of_object(value: object, kept: list[object], depth: int) -> object:
    wrapped = getattr(value, "__syncml_function__", None)
    if wrapped is not None:
        return ("node", key_of(value.__dict__.get("options"), kept, depth + 1), function_key(wrapped, kept, depth + 1))
    try:
        hash(value)
    except TypeError:
        return _identity(value, kept)
    kept.append(value)
    return (type(value), value)


def function_key(function: Callable[..., Any], kept: list[object], depth: int = 0) -> object:
    """The key of a function: its code, its defaults and what it closes over."""
    code = function.__code__
    kept.append(code)
    cells: list[object] = []
    for cell in function.__closure__ or ():
        try:
            content = cell.cell_contents
        except ValueError:  # Not assigned yet.
            content = cell
        cells.append(key_of(content, kept, depth + 1))
    return (
        id(code),
        tuple(cells),
        key_of(function.__defaults__, kept, depth + 1),
        key_of(function.__kwdefaults__, kept, depth + 1),
    )


def _identity(value: object, kept: list[object]) -> object:
    kept.append(value)
    return ("identity", id(value))
