"""Iterators: a node, or a function of streams, for each element of arrays.

    ys     = each(f)(xs)             y[i] = f(x[i])                                   each with its own state
    c      = fold(f, init)(xs)       c = f(.. f(f(init, x[0]), x[1]) .., x[n-1])
    cs     = scan(f, init)(xs)       c[i] = f(c[i-1], x[i]), with c[-1] = init
    c, ys  = mapfold(f, init)(xs)    (c[i], y[i]) = f(c[i-1], x[i]);  c = c[n-1]

All happen in one instant. An array is a vector, a matrix (its rows are the elements), or an array of records (`Rows`),
and every array has the same extent. What is marked `shared` goes to each element as it is, and a plain function may
read streams of the node around it. ``backwards=True`` goes from the last element to the first. Where nothing is an
array, ``size=`` says how many elements there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from syncml.lang.iteration import Iterator, Shared, iterate
from syncml.lang.records import Record
from syncml.lang.rows import Rows
from syncml.lang.stream import Numbers, Stream
from syncml.lang.types import Mat, Tensor, Vec

X = TypeVar("X")
Y = TypeVar("Y")
Z = TypeVar("Z")
M = TypeVar("M", bound=int)
T = TypeVar("T")
R = TypeVar("R", bound=Record)
V = TypeVar("V", bound=Tensor[Any])


@overload
def each(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    function: Callable[..., Stream[Vec[M, X]]], /, *, size: int | None = None
) -> Callable[..., Stream[Mat[Any, M, X]]]: ...
@overload
def each(function: Callable[..., Stream[X]], /, *, size: int | None = None) -> Callable[..., Stream[Vec[Any, X]]]: ...
@overload
def each(
    function: Callable[..., tuple[Stream[X], Stream[Y]]], /, *, size: int | None = None
) -> Callable[..., tuple[Stream[Vec[Any, X]], Stream[Vec[Any, Y]]]]: ...
@overload
def each(
    function: Callable[..., tuple[Stream[X], Stream[Y], Stream[Z]]],
    /,
    *,
    size: int | None = None,
) -> Callable[..., tuple[Stream[Vec[Any, X]], Stream[Vec[Any, Y]], Stream[Vec[Any, Z]]]]: ...
@overload
def each(function: Callable[..., R], /, *, size: int | None = None) -> Callable[..., Rows[R, Any]]: ...
@overload
def each(function: Callable[..., None], /, *, size: int | None = None) -> Callable[..., None]: ...
def each(
    function: Callable[..., Any],
    /,
    *,
    size: int | None = None,
) -> Callable[..., Any]:
    """``function`` for each element of arrays: ``y[i] = function(x[i])``, each element with its own state.

    Args:
        function: A node, or a function of streams.
        size: The number of elements, where no argument is an array.
    """
    return _applied(Iterator("each", function, None, size))


@overload
def fold(
    function: Callable[..., R], init: R, /, *, size: int | None = None, backwards: bool = False
) -> Callable[..., R]: ...
@overload
def fold(
    function: Callable[..., tuple[Stream[X], Stream[Y]]],
    init: tuple[Stream[X] | X, Stream[Y] | Y],
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Callable[..., tuple[Stream[X], Stream[Y]]]: ...
@overload
def fold(
    function: Callable[..., Stream[V]],
    init: Stream[V] | Numbers,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Callable[..., Stream[V]]: ...
@overload
def fold(
    function: Callable[..., Stream[X]], init: Stream[X] | X, /, *, size: int | None = None, backwards: bool = False
) -> Callable[..., Stream[X]]: ...
def fold(
    function: Callable[..., Any], init: Any, /, *, size: int | None = None, backwards: bool = False
) -> Callable[..., Any]:
    """``function(.. function(function(init, x[0]), x[1]) .., x[n-1])``.

    Args:
        function: A node, or a function of streams, that takes an accumulator first and returns the next one.
        init: The accumulator of the first element.
        size: The number of elements, where no argument is an array.
        backwards: Whether the last element comes first.
    """
    return _applied(Iterator("fold", function, init, size, backwards))


@overload
def scan(
    function: Callable[..., R], init: R, /, *, size: int | None = None, backwards: bool = False
) -> Callable[..., Rows[R, Any]]: ...
@overload
def scan(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    function: Callable[..., Stream[Vec[M, X]]],
    init: Stream[Vec[M, X]] | Numbers,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Callable[..., Stream[Mat[Any, M, X]]]: ...
@overload
def scan(
    function: Callable[..., Stream[X]], init: Stream[X] | X, /, *, size: int | None = None, backwards: bool = False
) -> Callable[..., Stream[Vec[Any, X]]]: ...
def scan(
    function: Callable[..., Any],
    init: Any,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Callable[..., Any]:
    """Every accumulator of `fold`: ``c[i] = function(c[i-1], x[i])`` with ``init`` for ``c[-1]``.

    Args:
        function: A node, or a function of streams, that takes an accumulator first and returns the next one.
        init: The accumulator of the first element.
        size: The number of elements, where no argument is an array.
        backwards: Whether the last element comes first: ``c[i] = function(c[i+1], x[i])``.
    """
    return _applied(Iterator("scan", function, init, size, backwards))


@overload
def mapfold(
    function: Callable[..., tuple[T, R]], init: T, /, *, size: int | None = None, backwards: bool = False
) -> Callable[..., tuple[T, Rows[R, Any]]]: ...
@overload
def mapfold(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    function: Callable[..., tuple[Stream[X], Stream[Vec[M, Y]]]],
    init: Stream[X] | X,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Callable[..., tuple[Stream[X], Stream[Mat[Any, M, Y]]]]: ...
@overload
def mapfold(
    function: Callable[..., tuple[Stream[V], Stream[Y]]],
    init: Stream[V] | Numbers,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Callable[..., tuple[Stream[V], Stream[Vec[Any, Y]]]]: ...
@overload
def mapfold(
    function: Callable[..., tuple[Stream[X], Stream[Y]]],
    init: Stream[X] | X,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Callable[..., tuple[Stream[X], Stream[Vec[Any, Y]]]]: ...
@overload
def mapfold(
    function: Callable[..., tuple[R, Stream[Y]]], init: R, /, *, size: int | None = None, backwards: bool = False
) -> Callable[..., tuple[R, Stream[Vec[Any, Y]]]]: ...
def mapfold(
    function: Callable[..., Any],
    init: Any,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Callable[..., Any]:
    """The last accumulator, and the other results of each element: ``(c[i], y[i]) = function(c[i-1], x[i])``.

    Args:
        function: A node, or a function of streams, that takes an accumulator first and returns a tuple: the next one,
            and what to collect.
        init: The accumulator of the first element.
        size: The number of elements, where no argument is an array.
        backwards: Whether the last element comes first.
    """
    return _applied(Iterator("mapfold", function, init, size, backwards))


def shared(value: T) -> T:
    """``value`` for each element as it is, as an argument of an iterator."""
    found: Any = Shared(value)
    return found


def _applied(iterator: Iterator) -> Callable[..., Any]:
    def apply(*arguments: Any, **named: Any) -> Any:
        return iterate(iterator, arguments, named)

    return apply
