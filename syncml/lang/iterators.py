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
from typing import Any, Protocol, TypeVar, overload

from syncml.lang.iteration import Iterator, Shared, iterate
from syncml.lang.records import Record
from syncml.lang.rows import Rows
from syncml.lang.stream import Numbers, Open, Stream
from syncml.lang.types import Mat, Tensor, Vec

X = TypeVar("X")
Y = TypeVar("Y")
Z = TypeVar("Z")
M = TypeVar("M", bound=int)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R", bound=Record)
V = TypeVar("V", bound=Tensor[Any])


class Lifted(Protocol[T_co]):
    """What an iterator makes of a function: it takes arrays."""

    def __call__(self, *arrays: Any, **named: Any) -> T_co:
        """The results for these arrays."""
        ...


@overload
def each(function: Callable[..., Open], /, *, size: int | None = None) -> Lifted[Any]: ...
@overload
def each(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    function: Callable[..., Stream[Vec[M, X]]], /, *, size: int | None = None
) -> Lifted[Stream[Mat[Any, M, X]]]: ...
@overload
def each(function: Callable[..., Stream[X]], /, *, size: int | None = None) -> Lifted[Stream[Vec[Any, X]]]: ...
@overload
def each(
    function: Callable[..., tuple[Stream[X], Stream[Y]]], /, *, size: int | None = None
) -> Lifted[tuple[Stream[Vec[Any, X]], Stream[Vec[Any, Y]]]]: ...
@overload
def each(
    function: Callable[..., tuple[Stream[X], Stream[Y], Stream[Z]]],
    /,
    *,
    size: int | None = None,
) -> Lifted[tuple[Stream[Vec[Any, X]], Stream[Vec[Any, Y]], Stream[Vec[Any, Z]]]]: ...
@overload
def each(function: Callable[..., R], /, *, size: int | None = None) -> Lifted[Rows[R, Any]]: ...
@overload
def each(function: Callable[..., None], /, *, size: int | None = None) -> Lifted[None]: ...
def each(
    function: Callable[..., Any],
    /,
    *,
    size: int | None = None,
) -> Lifted[Any]:
    """``function`` for each element of arrays: ``y[i] = function(x[i])``, each element with its own state.

    Args:
        function: A node, or a function of streams.
        size: The number of elements, where no argument is an array.
    """
    return _applied(Iterator("each", function, None, size))


@overload
def fold(
    function: Callable[..., Open], init: Any, /, *, size: int | None = None, backwards: bool = False
) -> Lifted[Any]: ...
@overload
def fold(function: Callable[..., R], init: R, /, *, size: int | None = None, backwards: bool = False) -> Lifted[R]: ...
@overload
def fold(
    function: Callable[..., tuple[Stream[X], Stream[Y]]],
    init: tuple[Stream[X] | X, Stream[Y] | Y],
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Lifted[tuple[Stream[X], Stream[Y]]]: ...
@overload
def fold(
    function: Callable[..., Stream[V]],
    init: Stream[V] | Numbers,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Lifted[Stream[V]]: ...
@overload
def fold(
    function: Callable[..., Stream[X]], init: Stream[X] | X, /, *, size: int | None = None, backwards: bool = False
) -> Lifted[Stream[X]]: ...
def fold(
    function: Callable[..., Any], init: Any, /, *, size: int | None = None, backwards: bool = False
) -> Lifted[Any]:
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
    function: Callable[..., Open], init: Any, /, *, size: int | None = None, backwards: bool = False
) -> Lifted[Any]: ...
@overload
def scan(
    function: Callable[..., R], init: R, /, *, size: int | None = None, backwards: bool = False
) -> Lifted[Rows[R, Any]]: ...
@overload
def scan(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    function: Callable[..., Stream[Vec[M, X]]],
    init: Stream[Vec[M, X]] | Numbers,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Lifted[Stream[Mat[Any, M, X]]]: ...
@overload
def scan(
    function: Callable[..., Stream[X]], init: Stream[X] | X, /, *, size: int | None = None, backwards: bool = False
) -> Lifted[Stream[Vec[Any, X]]]: ...
def scan(
    function: Callable[..., Any],
    init: Any,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Lifted[Any]:
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
    function: Callable[..., tuple[Open, Open]], init: Any, /, *, size: int | None = None, backwards: bool = False
) -> Lifted[Any]: ...
@overload
def mapfold(
    function: Callable[..., tuple[Stream[X], R]],
    init: Stream[X] | X,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Lifted[tuple[Stream[X], Rows[R, Any]]]: ...
@overload
def mapfold(
    function: Callable[..., tuple[T, R]], init: T, /, *, size: int | None = None, backwards: bool = False
) -> Lifted[tuple[T, Rows[R, Any]]]: ...
@overload
def mapfold(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    function: Callable[..., tuple[Stream[X], Stream[Vec[M, Y]]]],
    init: Stream[X] | X,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Lifted[tuple[Stream[X], Stream[Mat[Any, M, Y]]]]: ...
@overload
def mapfold(
    function: Callable[..., tuple[Stream[V], Stream[Y]]],
    init: Stream[V] | Numbers,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Lifted[tuple[Stream[V], Stream[Vec[Any, Y]]]]: ...
@overload
def mapfold(
    function: Callable[..., tuple[Stream[X], Stream[Y]]],
    init: Stream[X] | X,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Lifted[tuple[Stream[X], Stream[Vec[Any, Y]]]]: ...
@overload
def mapfold(
    function: Callable[..., tuple[R, Stream[Y]]], init: R, /, *, size: int | None = None, backwards: bool = False
) -> Lifted[tuple[R, Stream[Vec[Any, Y]]]]: ...
def mapfold(
    function: Callable[..., Any],
    init: Any,
    /,
    *,
    size: int | None = None,
    backwards: bool = False,
) -> Lifted[Any]:
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


def _applied(iterator: Iterator) -> Lifted[Any]:
    def apply(*arguments: Any, **named: Any) -> Any:
        return iterate(iterator, arguments, named)

    return apply
