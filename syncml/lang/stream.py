"""Streams: what a node's body computes with.

Rule: each operator of Python on streams is an operator of the table; the stubs say what the result is. A stream has no
truth value, no length and no number at tracing time, so what asks for one is reported with the expression that asked.

Two streams are equal as Python objects only if they are one object: ``==`` is a stream.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast, overload

from numpy.typing import NDArray

from syncml.ir.operators import Op
from syncml.ir.types import shape
from syncml.lang import guards, indexing
from syncml.lang.operations import Carrier, apply
from syncml.lang.powers import power
from syncml.lang.trace import Value
from syncml.lang.types import Mat, Tensor, Vec, type_text

Item = TypeVar("Item")
N = TypeVar("N", bound=int)
M = TypeVar("M", bound=int)
E = TypeVar("E")
FloatTensor = TypeVar("FloatTensor", bound=Tensor[float])
IntTensor = TypeVar("IntTensor", bound=Tensor[int])

Numbers: TypeAlias = "NDArray[Any] | Sequence[float] | Sequence[Sequence[float]] | Sequence[enum.Enum]"
"""An array or list of numbers, or of members of an enumeration, where a tensor is expected."""

Part: TypeAlias = "Stream[E] | E | NDArray[Any] | Sequence[float] | Sequence[Sequence[float]]"
"""What broadcasts to a tensor of ``E``."""


class Open:
    """What only ``Any`` stands for: ``Stream[Open]`` matches a stream of which a checker does not know the shape."""


def _operator(op: Op) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """The method of a binary operator, and the one for a literal on its left."""

    def method(self: Any, other: Any) -> Any:
        return stream(apply(op, (self, other)))

    def reflected(self: Any, other: Any) -> Any:
        return stream(apply(op, (other, self)))

    return method, reflected


class Stream(Carrier, Generic[Item]):
    """A stream of values of type ``Item``, one at each tick of its clock."""

    __slots__ = ("__weakref__",)

    __array_ufunc__ = None  # NumPy leaves ``array * stream`` to the stream.

    if TYPE_CHECKING:
        # As a field of a record, a stream may be given as a literal or an array.
        def __get__(self, instance: Any, owner: Any) -> Stream[Item]: ...
        def __set__(self, instance: Any, value: Stream[Item] | Item | Numbers) -> None: ...

    def __init__(self, ir: Value) -> None:
        self.ir = ir

    def __repr__(self) -> str:
        if self.ir.atom is None:
            return "<Stream with an error>"
        return f"<Stream {self.ir.text.strip('`')}: {type_text(self.ir.type)}>"

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents of a vector or matrix; ``()`` for a scalar."""
        return () if self.ir.atom is None else shape(self.ir.type)

    __hash__ = object.__hash__

    # The operators. Their types are stated once for each kind, concretely for each type of the left side: a checker
    # would not hold a type variable of `self` to its bound.
    if TYPE_CHECKING:

        @overload
        def __add__(self: Stream[Open], other: Any) -> Stream[Any]: ...
        @overload
        def __add__(self: Stream[Any], other: Stream[Open]) -> Stream[Any]: ...
        @overload
        def __add__(self: Stream[float], other: Stream[float] | float) -> Stream[float]: ...
        @overload
        def __add__(self: Stream[int], other: Stream[int] | int) -> Stream[int]: ...
        @overload
        def __add__(
            self: Stream[Vec[N, E]], other: Stream[Vec[N, E]] | Stream[E] | E | Numbers
        ) -> Stream[Vec[N, E]]: ...
        @overload
        def __add__(
            self: Stream[Mat[N, M, E]], other: Stream[Mat[N, M, E]] | Stream[Vec[M, E]] | Part[E]
        ) -> Stream[Mat[N, M, E]]: ...
        @overload
        def __add__(self: Stream[float], other: Stream[FloatTensor]) -> Stream[FloatTensor]: ...
        @overload
        def __add__(self: Stream[int], other: Stream[IntTensor]) -> Stream[IntTensor]: ...
        def __add__(self, other: Any) -> Any: ...

        __sub__ = __mul__ = __floordiv__ = __mod__ = __pow__ = __add__

        @overload
        def __radd__(self: Stream[Open], other: Any) -> Stream[Any]: ...
        @overload
        def __radd__(self: Stream[float], other: float) -> Stream[float]: ...
        @overload
        def __radd__(self: Stream[int], other: int) -> Stream[int]: ...
        @overload
        def __radd__(self: Stream[Vec[N, E]], other: E | Numbers) -> Stream[Vec[N, E]]: ...
        @overload
        def __radd__(self: Stream[Mat[N, M, E]], other: E | Numbers) -> Stream[Mat[N, M, E]]: ...
        def __radd__(self, other: Any) -> Any: ...

        __rsub__ = __rmul__ = __rfloordiv__ = __rmod__ = __rpow__ = __radd__

        @overload
        def __truediv__(self: Stream[Open], other: Any) -> Stream[Any]: ...
        @overload
        def __truediv__(self: Stream[Any], other: Stream[Open]) -> Stream[Any]: ...
        @overload
        def __truediv__(self: Stream[float], other: Stream[float] | float) -> Stream[float]: ...
        @overload
        def __truediv__(
            self: Stream[Vec[N, float]], other: Stream[Vec[N, float]] | Stream[float] | float | Numbers
        ) -> Stream[Vec[N, float]]: ...
        @overload
        def __truediv__(
            self: Stream[Mat[N, M, float]],
            other: Stream[Mat[N, M, float]] | Stream[Vec[M, float]] | Stream[float] | float | Numbers,
        ) -> Stream[Mat[N, M, float]]: ...
        @overload
        def __truediv__(self: Stream[float], other: Stream[FloatTensor]) -> Stream[FloatTensor]: ...
        def __truediv__(self, other: Any) -> Any: ...

        @overload
        def __rtruediv__(self: Stream[Open], other: Any) -> Stream[Any]: ...
        @overload
        def __rtruediv__(self: Stream[float], other: float) -> Stream[float]: ...
        @overload
        def __rtruediv__(self: Stream[Vec[N, float]], other: float | Numbers) -> Stream[Vec[N, float]]: ...
        @overload
        def __rtruediv__(self: Stream[Mat[N, M, float]], other: float | Numbers) -> Stream[Mat[N, M, float]]: ...
        def __rtruediv__(self, other: Any) -> Any: ...

        @overload
        def __lt__(self: Stream[Open], other: Any) -> Stream[Any]: ...
        @overload
        def __lt__(self: Stream[Any], other: Stream[Open]) -> Stream[Any]: ...
        @overload
        def __lt__(self: Stream[float], other: Stream[float] | float) -> Stream[bool]: ...
        @overload
        def __lt__(self: Stream[int], other: Stream[int] | int) -> Stream[bool]: ...
        @overload
        def __lt__(
            self: Stream[Vec[N, E]], other: Stream[Vec[N, E]] | Stream[E] | E | Numbers
        ) -> Stream[Vec[N, bool]]: ...
        @overload
        def __lt__(
            self: Stream[Mat[N, M, E]], other: Stream[Mat[N, M, E]] | Stream[Vec[M, E]] | Part[E]
        ) -> Stream[Mat[N, M, bool]]: ...
        @overload
        def __lt__(self: Stream[float], other: Stream[Vec[N, float]]) -> Stream[Vec[N, bool]]: ...
        @overload
        def __lt__(self: Stream[int], other: Stream[Vec[N, int]]) -> Stream[Vec[N, bool]]: ...
        def __lt__(self, other: Any) -> Any: ...

        __le__ = __gt__ = __ge__ = __lt__

        @overload
        def __and__(self: Stream[Open], other: Any) -> Stream[Any]: ...
        @overload
        def __and__(self: Stream[Any], other: Stream[Open]) -> Stream[Any]: ...
        @overload
        def __and__(self: Stream[bool], other: Stream[bool] | bool) -> Stream[bool]: ...
        @overload
        def __and__(self: Stream[int], other: Stream[int] | int) -> Stream[int]: ...
        @overload
        def __and__(self: Stream[Vec[N, E]], other: Stream[Vec[N, E]] | Part[E]) -> Stream[Vec[N, E]]: ...
        @overload
        def __and__(
            self: Stream[Mat[N, M, E]], other: Stream[Mat[N, M, E]] | Stream[E] | E
        ) -> Stream[Mat[N, M, E]]: ...
        @overload
        def __and__(self: Stream[bool], other: Stream[Vec[N, bool]]) -> Stream[Vec[N, bool]]: ...
        def __and__(self, other: Any) -> Any: ...

        __or__ = __xor__ = __and__

        @overload
        def __rand__(self: Stream[Open], other: Any) -> Stream[Any]: ...
        @overload
        def __rand__(self: Stream[bool], other: bool) -> Stream[bool]: ...
        @overload
        def __rand__(self: Stream[int], other: int) -> Stream[int]: ...
        def __rand__(self, other: Any) -> Any: ...

        __ror__ = __rxor__ = __rand__

        @overload
        def __lshift__(self: Stream[Open], other: Any) -> Stream[Any]: ...
        @overload
        def __lshift__(self: Stream[Any], other: Stream[Open]) -> Stream[Any]: ...
        @overload
        def __lshift__(self: Stream[int], other: Stream[int] | int) -> Stream[int]: ...
        @overload
        def __lshift__(self: Stream[Vec[N, int]], other: Stream[int] | int) -> Stream[Vec[N, int]]: ...
        def __lshift__(self, other: Any) -> Any: ...

        __rshift__ = __lshift__

        @overload  # type: ignore[override]
        def __eq__(self: Stream[Open], other: object) -> Stream[Any]: ...
        @overload
        def __eq__(self: Stream[Any], other: Stream[Open]) -> Stream[Any]: ...
        @overload
        def __eq__(self: Stream[Vec[N, E]], other: object) -> Stream[Vec[N, bool]]: ...  # type: ignore[overload-overlap]
        @overload
        def __eq__(self: Stream[Mat[N, M, E]], other: object) -> Stream[Mat[N, M, bool]]: ...  # type: ignore[overload-overlap]
        @overload
        def __eq__(self: Stream[E], other: Stream[Vec[N, E]]) -> Stream[Vec[N, bool]]: ...  # type: ignore[overload-overlap]
        @overload
        def __eq__(self, other: object) -> Stream[bool]: ...
        def __eq__(self, other: Any) -> Any: ...  # pyright: ignore[reportIncompatibleMethodOverride]

        @overload  # type: ignore[override]
        def __ne__(self: Stream[Open], other: object) -> Stream[Any]: ...
        @overload
        def __ne__(self: Stream[Any], other: Stream[Open]) -> Stream[Any]: ...
        @overload
        def __ne__(self: Stream[Vec[N, E]], other: object) -> Stream[Vec[N, bool]]: ...  # type: ignore[overload-overlap]
        @overload
        def __ne__(self: Stream[Mat[N, M, E]], other: object) -> Stream[Mat[N, M, bool]]: ...  # type: ignore[overload-overlap]
        @overload
        def __ne__(self: Stream[E], other: Stream[Vec[N, E]]) -> Stream[Vec[N, bool]]: ...  # type: ignore[overload-overlap]
        @overload
        def __ne__(self, other: object) -> Stream[bool]: ...
        def __ne__(self, other: Any) -> Any: ...  # pyright: ignore[reportIncompatibleMethodOverride]

    else:
        __add__, __radd__ = _operator(Op.ADD)
        __sub__, __rsub__ = _operator(Op.SUB)
        __mul__, __rmul__ = _operator(Op.MUL)
        __truediv__, __rtruediv__ = _operator(Op.DIV)
        __floordiv__, __rfloordiv__ = _operator(Op.FLOORDIV)
        __mod__, __rmod__ = _operator(Op.MOD)
        __lt__, __gt__ = _operator(Op.LT)[0], _operator(Op.GT)[0]
        __le__, __ge__ = _operator(Op.LE)[0], _operator(Op.GE)[0]
        __and__, __rand__ = _operator(Op.AND)
        __or__, __ror__ = _operator(Op.OR)
        __xor__, __rxor__ = _operator(Op.XOR)
        __lshift__, __rlshift__ = _operator(Op.SHL)
        __rshift__, __rrshift__ = _operator(Op.SHR)
        __eq__, __ne__ = _operator(Op.EQ)[0], _operator(Op.NE)[0]

        def __pow__(self, other):
            return Stream(power(self, other))

        def __rpow__(self, other):
            return Stream(power(other, self))

    def __neg__(self) -> Stream[Item]:
        return Stream(apply(Op.NEG, (self,)))

    def __pos__(self) -> Stream[Item]:
        return self

    def __abs__(self) -> Stream[Item]:
        return Stream(apply(Op.ABS, (self,)))

    def __invert__(self) -> Stream[Item]:
        return Stream(guards.negation(apply(Op.NOT, (self,)), self.ir))

    @overload
    def __matmul__(self: Stream[Open], other: Any) -> Stream[Any]: ...
    @overload
    def __matmul__(self: Stream[Any], other: Stream[Open]) -> Stream[Any]: ...
    @overload
    def __matmul__(self: Stream[Any], other: Numbers) -> Stream[Any]: ...
    @overload
    def __matmul__(self: Stream[Vec[N, E]], other: Stream[Vec[N, E]]) -> Stream[E]: ...
    @overload
    def __matmul__(self: Stream[Mat[N, M, E]], other: Stream[Vec[M, E]]) -> Stream[Vec[N, E]]: ...
    @overload
    def __matmul__(self: Stream[Vec[N, E]], other: Stream[Mat[N, M, E]]) -> Stream[Vec[M, E]]: ...
    @overload
    def __matmul__(self: Stream[Mat[N, Any, E]], other: Stream[Mat[Any, M, E]]) -> Stream[Mat[N, M, E]]: ...
    def __matmul__(self, other: Any) -> Any:
        return stream(apply(Op.MATMUL, (self, other)))

    def __rmatmul__(self, other: Numbers) -> Stream[Any]:
        return Stream(apply(Op.MATMUL, (other, self)))

    @overload
    def __getitem__(self: Stream[Open], index: Any) -> Stream[Any]: ...
    @overload
    def __getitem__(self: Stream[Vec[Any, E]], index: int | Stream[int]) -> Stream[E]: ...
    @overload
    def __getitem__(self: Stream[Vec[Any, E]], index: slice) -> Stream[Vec[Any, E]]: ...
    @overload
    def __getitem__(self: Stream[Mat[Any, M, E]], index: int | Stream[int]) -> Stream[Vec[M, E]]: ...
    @overload
    def __getitem__(self: Stream[Mat[Any, M, E]], index: slice) -> Stream[Mat[Any, M, E]]: ...
    @overload
    def __getitem__(
        self: Stream[Mat[Any, Any, E]], index: tuple[int | Stream[int], int | Stream[int]]
    ) -> Stream[E]: ...
    @overload
    def __getitem__(
        self: Stream[Mat[Any, Any, E]], index: tuple[int, slice] | tuple[slice, int]
    ) -> Stream[Vec[Any, E]]: ...
    @overload
    def __getitem__(self: Stream[Mat[Any, Any, E]], index: tuple[slice, slice]) -> Stream[Mat[Any, Any, E]]: ...
    def __getitem__(self, index: Any) -> Any:
        return stream(indexing.item(self, index))

    @property
    def at(self) -> At[Item]:
        """The places of an array: ``x.at[i].set(v)`` replaces an element, ``x.at[i].get(d)`` has a default."""
        return At(self)

    def window(self, start: Stream[int] | int, count: int) -> Stream[Any]:
        """``count`` elements of the first axis from ``start`` on, which is clamped to where they fit."""
        return Stream(indexing.window(self, start, count))

    def windows(self, size: int, stride: int = 1, dilation: int = 1, axis: int = 0) -> Stream[Any]:
        """The windows along an axis: element ``k`` of window ``w`` is the one at ``w * stride + k * dilation``.

        In place of the axis there is one for the windows that fit, and after it one for the position in a window.
        """
        return Stream(indexing.windows(self, size, stride, dilation, axis))

    @property
    def T(self) -> Stream[Any]:  # noqa: N802
        """The transpose."""
        return Stream(indexing.transpose(self))

    def transpose(self, *axes: int) -> Stream[Any]:
        """The axes in another order: axis ``n`` of the result is the axis ``axes[n]``."""
        return Stream(indexing.transpose(self, axes))

    def reshape(self, *extents: int) -> Stream[Any]:
        """The same elements in row-major order in another shape; one extent may be -1."""
        return Stream(indexing.reshape(self, extents))

    @overload
    def sum(self: Stream[Open], axis: int | None = None) -> Stream[Any]: ...
    @overload
    def sum(self: Stream[Vec[Any, E]], axis: int | None = None) -> Stream[E]: ...
    @overload
    def sum(self: Stream[Mat[Any, Any, E]], axis: None = None) -> Stream[E]: ...
    @overload
    def sum(self: Stream[Mat[Any, Any, E]], axis: int) -> Stream[Vec[Any, E]]: ...
    def sum(self, axis: int | None = None) -> Any:
        """The sum along an axis, or of all elements: from 0, in ascending index order."""
        return stream(indexing.reduce(Op.SUM, self, axis))

    @overload
    def min(self: Stream[Open], axis: int | None = None) -> Stream[Any]: ...
    @overload
    def min(self: Stream[Vec[Any, E]], axis: int | None = None) -> Stream[E]: ...
    @overload
    def min(self: Stream[Mat[Any, Any, E]], axis: None = None) -> Stream[E]: ...
    @overload
    def min(self: Stream[Mat[Any, Any, E]], axis: int) -> Stream[Vec[Any, E]]: ...
    def min(self, axis: int | None = None) -> Any:
        """The least element along an axis, or of all."""
        return stream(indexing.reduce(Op.LEAST, self, axis))

    @overload
    def max(self: Stream[Open], axis: int | None = None) -> Stream[Any]: ...
    @overload
    def max(self: Stream[Vec[Any, E]], axis: int | None = None) -> Stream[E]: ...
    @overload
    def max(self: Stream[Mat[Any, Any, E]], axis: None = None) -> Stream[E]: ...
    @overload
    def max(self: Stream[Mat[Any, Any, E]], axis: int) -> Stream[Vec[Any, E]]: ...
    def max(self, axis: int | None = None) -> Any:
        """The greatest element along an axis, or of all."""
        return stream(indexing.reduce(Op.GREATEST, self, axis))

    @overload
    def mean(self: Stream[Open], axis: int | None = None) -> Stream[Any]: ...
    @overload
    def mean(self: Stream[Vec[Any, float]], axis: int | None = None) -> Stream[float]: ...
    @overload
    def mean(self: Stream[Mat[Any, Any, float]], axis: None = None) -> Stream[float]: ...
    @overload
    def mean(self: Stream[Mat[Any, Any, float]], axis: int) -> Stream[Vec[Any, float]]: ...
    def mean(self, axis: int | None = None) -> Any:
        """The sum along an axis, or of all elements, divided by how many there are; of floats."""
        return stream(indexing.mean(self, axis))

    @overload
    def all(self: Stream[Open], axis: int | None = None) -> Stream[Any]: ...
    @overload
    def all(self: Stream[Vec[Any, bool]], axis: int | None = None) -> Stream[bool]: ...
    @overload
    def all(self: Stream[Mat[Any, Any, bool]], axis: None = None) -> Stream[bool]: ...
    @overload
    def all(self: Stream[Mat[Any, Any, bool]], axis: int) -> Stream[Vec[Any, bool]]: ...
    def all(self, axis: int | None = None) -> Any:
        """Whether all elements are true, along an axis or of all."""
        return stream(indexing.reduce(Op.ALL, self, axis))

    @overload
    def any(self: Stream[Open], axis: int | None = None) -> Stream[Any]: ...
    @overload
    def any(self: Stream[Vec[Any, bool]], axis: int | None = None) -> Stream[bool]: ...
    @overload
    def any(self: Stream[Mat[Any, Any, bool]], axis: None = None) -> Stream[bool]: ...
    @overload
    def any(self: Stream[Mat[Any, Any, bool]], axis: int) -> Stream[Vec[Any, bool]]: ...
    def any(self, axis: int | None = None) -> Any:
        """Whether an element is true, along an axis or of all."""
        return stream(indexing.reduce(Op.ANY, self, axis))

    def __iter__(self: Stream[Vec[Any, E]]) -> Iterator[Stream[E]]:
        return cast("Iterator[Stream[E]]", map(Stream, indexing.elements(self)))

    def __len__(self: Stream[Vec[Any, E]]) -> int:
        return guards.length(self)

    if not TYPE_CHECKING:
        # What these ask for, a stream does not have; a type checker says so before the program runs.
        __bool__ = guards.truth
        __float__ = __int__ = __index__ = __complex__ = __round__ = __trunc__ = __floor__ = __ceil__ = guards.number
        __setitem__ = guards.set_item
        __format__ = guards.formatted


class At(Generic[Item]):
    """The places of an array; `Stream.at` makes it."""

    __slots__ = ("_array",)

    def __init__(self, array: Stream[Item]) -> None:
        self._array = array

    @overload
    def __getitem__(self: At[Vec[N, E]], index: int | Stream[int]) -> Spot[Vec[N, E], E]: ...
    @overload
    def __getitem__(self: At[Mat[N, M, E]], index: int | Stream[int]) -> Spot[Mat[N, M, E], Vec[M, E]]: ...
    @overload
    def __getitem__(
        self: At[Mat[N, M, E]], index: tuple[int | Stream[int], int | Stream[int]]
    ) -> Spot[Mat[N, M, E], E]: ...
    def __getitem__(self, index: Any) -> Spot[Any, Any]:
        return Spot(self._array, index)


class Spot(Generic[Item, E]):
    """One place of an array, at static or dynamic indices."""

    __slots__ = ("_array", "_index")

    def __init__(self, array: Stream[Item], index: object) -> None:
        self._array = array
        self._index = index

    def set(self, value: Stream[E] | E | Numbers) -> Stream[Item]:
        """The array with ``value`` here; unchanged if the place is out of range, which `verify` wants excluded."""
        return Stream(indexing.update(self._array, self._index, value))

    def get(self, default: Stream[E] | E | Numbers | float) -> Stream[E]:
        """The element that is here; ``default`` if the place is out of range."""
        return Stream(indexing.item_or(self._array, self._index, default))


def stream(ir: Value) -> Stream[Any]:
    """The stream of a value, where the caller's annotation says of what."""
    return Stream(ir)
