"""What a function's annotations say: which parameters are streams, of which types, and what it returns.

parameter ::= Stream[type] | Stream[type] | float | Record      a stream, or the leaves of a record
| anything else                                     a Python value, fixed when the node is traced
result    ::= Stream[type] | Record | tuple[result, ...] | None
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from syncml.lang.types import AnnotationFault, Pattern, Unit, is_union, pattern, written

if TYPE_CHECKING:
    from syncml.lang.records import Record

Field: TypeAlias = "Pattern | type[Record]"
"""A stream, or a record of fields."""

Result: TypeAlias = "Field | tuple[Result, ...]"
"""What a node returns; the empty tuple is None."""


def scope_of_caller(depth: int) -> dict[str, Any]:
    """The local names that an annotation written at the caller's caller may use; nothing at the top of a module."""
    frame = sys._getframe(depth + 1)  # pyright: ignore[reportPrivateUsage]
    return {} if frame.f_locals is frame.f_globals else dict(frame.f_locals)


def evaluate(function: Callable[..., Any], scope: Mapping[str, Any]) -> dict[str, Any]:
    """The annotations of ``function``, with those written as text evaluated.

    Raises:
        AnnotationFault: a name in an annotation is not known.
    """
    try:
        return get_type_hints(function, localns=dict(scope), include_extras=True)
    except AnnotationFault:
        raise
    except Exception as wrong:
        raise AnnotationFault(f"an annotation cannot be read: {wrong}") from wrong


def is_stream(annotation: Any) -> bool:
    """Whether an annotation says that a parameter is a stream or a record of streams."""
    return _stream_part(annotation) is not None


def _stream_part(annotation: Any) -> Any:
    from syncml.lang.records import Record
    from syncml.lang.stream import Stream

    if get_origin(annotation) is Annotated:
        return _stream_part(get_args(annotation)[0])
    if is_union(annotation):
        return next((part for part in map(_stream_part, get_args(annotation)) if part is not None), None)
    if annotation is Stream or get_origin(annotation) is Stream:
        return annotation
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return annotation
    return None


def field(annotation: Any) -> Field:
    """The meaning of an annotation for which `is_stream` holds.

    Raises:
        AnnotationFault: what stands in ``Stream[...]`` is not a type of the language.
    """
    part = _stream_part(annotation)
    if isinstance(part, type) and get_origin(part) is None and part.__name__ != "Stream":
        return part
    arguments = get_args(part)
    if not arguments:
        raise AnnotationFault("`Stream` needs the type of its values", "write one such as Stream[f32]")
    found = pattern(arguments[0])
    units = (
        [e.symbol for e in get_args(annotation)[1:] if isinstance(e, Unit)]
        if get_origin(annotation) is Annotated
        else []
    )
    return Pattern(found.element, found.shape, units[-1]) if units else found


def result(annotation: Any) -> Result:
    """The meaning of a return annotation.

    Raises:
        AnnotationFault: it is neither a stream nor a record nor a tuple of them.
    """
    if annotation is None or annotation is NoneType:
        return ()
    if get_origin(annotation) is tuple:
        arguments = get_args(annotation)
        if arguments and arguments[-1] is Ellipsis:
            raise AnnotationFault(
                "the number of results is open", "write each result: tuple[Stream[f32], Stream[bool]]"
            )
        return tuple(result(argument) for argument in arguments if argument != ())
    if isinstance(annotation, TypeVar):
        return pattern(annotation)
    if is_stream(annotation):
        return field(annotation)
    raise AnnotationFault(
        f"`{written(annotation)}` is not what a node can return", "write Stream[...], a record, or a tuple of them"
    )


_fields: dict[type[Any], dict[str, Field]] = {}


def register_fields(cls: type[Record], fields: dict[str, Field]) -> None:
    """State the fields of a record that has no annotations, an array of records."""
    _fields[cls] = fields


def field_patterns(cls: type[Record]) -> dict[str, Field]:
    """The fields of a record and their types, in order.

    Raises:
        AnnotationFault: a field is not a stream.
    """
    if cls not in _fields:
        from syncml.lang.records import Record

        found: dict[str, Field] = {}
        for base in reversed(cls.__mro__):
            if not issubclass(base, Record) or base is Record:
                continue
            globals_, locals_ = base.__annotation_scope__
            try:
                hints = inspect.get_annotations(base, globals=globals_, locals=locals_, eval_str=True)
            except Exception as wrong:
                raise AnnotationFault(f"a field of `{cls.__name__}` cannot be read: {wrong}") from wrong
            for name in hints:
                if not is_stream(hints[name]):
                    raise AnnotationFault(
                        f"the field `{name}` of `{cls.__name__}` is not a stream", f"write {name}: Stream[f32]"
                    )
                found[name] = field(hints[name])
        _fields[cls] = found
    return _fields[cls]
