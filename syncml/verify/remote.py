"""Functions of this package that are called in a worker process: its memory, its time and its end are their own.

    function(emit, *arguments)        what it emits reaches the caller value by value

Rule: what was emitted counts, whatever becomes of the process then; a function that fails, or is ended at its limit,
yields a `Failure` last, which decides nothing. Values travel as pickles between a process and the copies of it that it
starts itself, and nowhere else.
"""

from __future__ import annotations

import base64
import copyreg
import io
import pickle
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any, TypeAlias

from syncml.dataclass import dataclass
from syncml.verify.pool import Pool

ENGINE = "call"
"""What a task of a call names as its engine."""

Emit: TypeAlias = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that did not come to its end, and why."""

    reason: str


def called(pool: Pool, function: Callable[..., None], arguments: tuple[Any, ...], seconds: float) -> Iterator[Any]:
    """What a function of a module emits in a worker within ``seconds``, and a `Failure` if it was ended.

    The pool has to have no other task. Arguments that cannot travel, such as a function within a function, are a
    failure, too.
    """
    try:
        packed = _packed((function, arguments))
    except (pickle.PicklingError, AttributeError, TypeError) as fault:
        yield Failure(f"it cannot be sent to another process: {fault}")
        return
    task = {"engine": ENGINE, "system": "", "limit": max(0.05, seconds), "call": packed}
    number = pool.submit(task)
    for about, event in pool.events():
        if about != number:
            continue
        if event["event"] == "value":
            yield _unpacked(event["value"])
        elif event["event"] == "failed":
            yield Failure(event["reason"])


def serve(task: dict[str, Any], emit: Callable[[dict[str, Any]], None]) -> None:
    """Make the call that a task describes."""

    def emitted(value: Any) -> None:
        emit({"event": "value", "value": _packed(value)})

    function, arguments = _unpacked(task["call"])
    function(emitted, *arguments)


def _view(items: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(items)


class _Pickler(pickle.Pickler):
    """Knows the views that nobody changes, such as the clocks of a node."""

    dispatch_table = copyreg.dispatch_table.copy()
    dispatch_table[MappingProxyType] = lambda view: (_view, (dict(view),))


def _packed(value: Any) -> str:
    sink = io.BytesIO()
    _Pickler(sink, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    return base64.b64encode(sink.getvalue()).decode("ascii")


def _unpacked(text: str) -> Any:
    return pickle.loads(base64.b64decode(text))
