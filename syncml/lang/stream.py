"""Streams: what a node's body computes with.

Rule: each operator of Python on streams is an operator of the table; the stubs say what the result is. A stream has no
truth value, no length and no number at tracing time, so what asks for one is reported with the expression that asked.

``Stream[float] + float`` and its like are written out as overloads, since a type checker resolves operators by the
class of the left side alone. Two streams are equal as Python objects only if they are one object: ``==`` is a stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
K = TypeVar("K", int, float)
B = TypeVar("B", bool, int)
N = TypeVar("N", bound=int)
M = TypeVar("M", bound=int)
E = TypeVar("E")
I = TypeVar("I", int, Vec[Any, int], Mat[Any, Any, int])  # noqa: E741
V = TypeVar("V", bound=Tensor[Any])
W = TypeVar("W", bound=Mat[Any, Any, Any])

Numbers: TypeAlias = "NDArray[Any] | Sequence[float]"
"""An array or list of numbers, where a tensor is expected."""


class Stream(Carrier, Generic[Item]):
    """A stream of values of type ``Item``, one at each tick of its clock."""

    __slots__ = ("__weakref__",)

    __array_ufunc__ = None  # NumPy leaves ``array * stream`` to the stream.

    if TYPE_CHECKING:
        # As a field of a record, a stream may be given as a literal.
        def __get__(self, instance: Any, owner: Any) -> Stream[Item]: ...
        def __set__(self, instance: Any, value: Stream[Item] | Item) -> None: ...

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

    @overload
    def __add__(self: Stream[K], other: Stream[K] | K) -> Stream[K]: ...
    @overload
    def __add__(self: Stream[V], other: Stream[V] | Stream[float] | Stream[int] | float | Numbers) -> Stream[V]: ...
    @overload
    def __add__(self: Stream[K], other: Stream[V]) -> Stream[V]: ...
    @overload
    def __add__(self: Stream[W], other: Stream[Vec[Any, Any]]) -> Stream[W]: ...
    @overload
    def __add__(self: Stream[Vec[Any, Any]], other: Stream[W]) -> Stream[W]: ...
    def __add__(self, other: Any) -> Any:
        return stream(apply(Op.ADD, (self, other)))

    @overload
    def __radd__(self: Stream[K], other: K) -> Stream[K]: ...
    @overload
    def __radd__(self: Stream[V], other: float | Numbers) -> Stream[V]: ...
    def __radd__(self, other: Any) -> Any:
        return stream(apply(Op.ADD, (other, self)))

    @overload
    def __sub__(self: Stream[K], other: Stream[K] | K) -> Stream[K]: ...
    @overload
    def __sub__(self: Stream[V], other: Stream[V] | Stream[float] | Stream[int] | float | Numbers) -> Stream[V]: ...
    @overload
    def __sub__(self: Stream[K], other: Stream[V]) -> Stream[V]: ...
    @overload
    def __sub__(self: Stream[W], other: Stream[Vec[Any, Any]]) -> Stream[W]: ...
    @overload
    def __sub__(self: Stream[Vec[Any, Any]], other: Stream[W]) -> Stream[W]: ...
    def __sub__(self, other: Any) -> Any:
        return stream(apply(Op.SUB, (self, other)))

    @overload
    def __rsub__(self: Stream[K], other: K) -> Stream[K]: ...
    @overload
    def __rsub__(self: Stream[V], other: float | Numbers) -> Stream[V]: ...
    def __rsub__(self, other: Any) -> Any:
        return stream(apply(Op.SUB, (other, self)))

    @overload
    def __mul__(self: Stream[K], other: Stream[K] | K) -> Stream[K]: ...
    @overload
    def __mul__(self: Stream[V], other: Stream[V] | Stream[float] | Stream[int] | float | Numbers) -> Stream[V]: ...
    @overload
    def __mul__(self: Stream[K], other: Stream[V]) -> Stream[V]: ...
    @overload
    def __mul__(self: Stream[W], other: Stream[Vec[Any, Any]]) -> Stream[W]: ...
    @overload
    def __mul__(self: Stream[Vec[Any, Any]], other: Stream[W]) -> Stream[W]: ...
    def __mul__(self, other: Any) -> Any:
        return stream(apply(Op.MUL, (self, other)))

    @overload
    def __rmul__(self: Stream[K], other: K) -> Stream[K]: ...
    @overload
    def __rmul__(self: Stream[V], other: float | Numbers) -> Stream[V]: ...
    def __rmul__(self, other: Any) -> Any:
        return stream(apply(Op.MUL, (other, self)))

    @overload
    def __truediv__(self: Stream[K], other: Stream[K] | K) -> Stream[K]: ...
    @overload
    def __truediv__(self: Stream[V], other: Stream[V] | Stream[float] | Stream[int] | float | Numbers) -> Stream[V]: ...
    @overload
    def __truediv__(self: Stream[K], other: Stream[V]) -> Stream[V]: ...
    @overload
    def __truediv__(self: Stream[W], other: Stream[Vec[Any, Any]]) -> Stream[W]: ...
    @overload
    def __truediv__(self: Stream[Vec[Any, Any]], other: Stream[W]) -> Stream[W]: ...
    def __truediv__(self, other: Any) -> Any:
        return stream(apply(Op.DIV, (self, other)))

    @overload
    def __rtruediv__(self: Stream[K], other: K) -> Stream[K]: ...
    @overload
    def __rtruediv__(self: Stream[V], other: float | Numbers) -> Stream[V]: ...
    def __rtruediv__(self, other: Any) -> Any:
        return stream(apply(Op.DIV, (other, self)))

    @overload
    def __floordiv__(self: Stream[K], other: Stream[K] | K) -> Stream[K]: ...
    @overload
    def __floordiv__(
        self: Stream[V], other: Stream[V] | Stream[float] | Stream[int] | float | Numbers
    ) -> Stream[V]: ...
    @overload
    def __floordiv__(self: Stream[K], other: Stream[V]) -> Stream[V]: ...
    @overload
    def __floordiv__(self: Stream[W], other: Stream[Vec[Any, Any]]) -> Stream[W]: ...
    @overload
    def __floordiv__(self: Stream[Vec[Any, Any]], other: Stream[W]) -> Stream[W]: ...
    def __floordiv__(self, other: Any) -> Any:
        return stream(apply(Op.FLOORDIV, (self, other)))

    @overload
    def __rfloordiv__(self: Stream[K], other: K) -> Stream[K]: ...
    @overload
    def __rfloordiv__(self: Stream[V], other: float | Numbers) -> Stream[V]: ...
    def __rfloordiv__(self, other: Any) -> Any:
        return stream(apply(Op.FLOORDIV, (other, self)))

    @overload
    def __mod__(self: Stream[K], other: Stream[K] | K) -> Stream[K]: ...
    @overload
    def __mod__(self: Stream[V], other: Stream[V] | Stream[float] | Stream[int] | float | Numbers) -> Stream[V]: ...
    @overload
    def __mod__(self: Stream[K], other: Stream[V]) -> Stream[V]: ...
    @overload
    def __mod__(self: Stream[W], other: Stream[Vec[Any, Any]]) -> Stream[W]: ...
    @overload
    def __mod__(self: Stream[Vec[Any, Any]], other: Stream[W]) -> Stream[W]: ...
    def __mod__(self, other: Any) -> Any:
        return stream(apply(Op.MOD, (self, other)))

    @overload
    def __rmod__(self: Stream[K], other: K) -> Stream[K]: ...
    @overload
    def __rmod__(self: Stream[V], other: float | Numbers) -> Stream[V]: ...
    def __rmod__(self, other: Any) -> Any:
        return stream(apply(Op.MOD, (other, self)))

    @overload
    def __pow__(self: Stream[K], other: Stream[K] | K) -> Stream[K]: ...
    @overload
    def __pow__(self: Stream[V], other: Stream[V] | Stream[float] | float) -> Stream[V]: ...
    def __pow__(self, other: Any) -> Any:
        return stream(power(self, other))

    @overload
    def __rpow__(self: Stream[K], other: K) -> Stream[K]: ...
    @overload
    def __rpow__(self: Stream[V], other: float | Numbers) -> Stream[V]: ...
    def __rpow__(self, other: Any) -> Any:
        return stream(power(other, self))

    @overload
    def __lt__(self: Stream[K], other: Stream[K] | K) -> Stream[bool]: ...
    @overload
    def __lt__(self: Stream[Vec[N, E]], other: Stream[Vec[N, E]] | Stream[E] | E | Numbers) -> Stream[Vec[N, bool]]: ...
    @overload
    def __lt__(self: Stream[Mat[N, M, E]], other: Stream[Mat[N, M, E]] | Stream[E] | E) -> Stream[Mat[N, M, bool]]: ...
    @overload
    def __lt__(self: Stream[K], other: Stream[Vec[N, K]]) -> Stream[Vec[N, bool]]: ...
    def __lt__(self, other: Any) -> Any:
        return stream(apply(Op.LT, (self, other)))

    @overload
    def __le__(self: Stream[K], other: Stream[K] | K) -> Stream[bool]: ...
    @overload
    def __le__(self: Stream[Vec[N, E]], other: Stream[Vec[N, E]] | Stream[E] | E | Numbers) -> Stream[Vec[N, bool]]: ...
    @overload
    def __le__(self: Stream[Mat[N, M, E]], other: Stream[Mat[N, M, E]] | Stream[E] | E) -> Stream[Mat[N, M, bool]]: ...
    @overload
    def __le__(self: Stream[K], other: Stream[Vec[N, K]]) -> Stream[Vec[N, bool]]: ...
    def __le__(self, other: Any) -> Any:
        return stream(apply(Op.LE, (self, other)))

    @overload
    def __gt__(self: Stream[K], other: Stream[K] | K) -> Stream[bool]: ...
    @overload
    def __gt__(self: Stream[Vec[N, E]], other: Stream[Vec[N, E]] | Stream[E] | E | Numbers) -> Stream[Vec[N, bool]]: ...
    @overload
    def __gt__(self: Stream[Mat[N, M, E]], other: Stream[Mat[N, M, E]] | Stream[E] | E) -> Stream[Mat[N, M, bool]]: ...
    @overload
    def __gt__(self: Stream[K], other: Stream[Vec[N, K]]) -> Stream[Vec[N, bool]]: ...
    def __gt__(self, other: Any) -> Any:
        return stream(apply(Op.GT, (self, other)))

    @overload
    def __ge__(self: Stream[K], other: Stream[K] | K) -> Stream[bool]: ...
    @overload
    def __ge__(self: Stream[Vec[N, E]], other: Stream[Vec[N, E]] | Stream[E] | E | Numbers) -> Stream[Vec[N, bool]]: ...
    @overload
    def __ge__(self: Stream[Mat[N, M, E]], other: Stream[Mat[N, M, E]] | Stream[E] | E) -> Stream[Mat[N, M, bool]]: ...
    @overload
    def __ge__(self: Stream[K], other: Stream[Vec[N, K]]) -> Stream[Vec[N, bool]]: ...
    def __ge__(self, other: Any) -> Any:
        return stream(apply(Op.GE, (self, other)))

    @overload
    def __and__(self: Stream[B], other: Stream[B] | B) -> Stream[B]: ...
    @overload
    def __and__(self: Stream[V], other: Stream[V] | Stream[bool] | Stream[int] | int) -> Stream[V]: ...
    @overload
    def __and__(self: Stream[B], other: Stream[V]) -> Stream[V]: ...
    def __and__(self, other: Any) -> Any:
        return stream(apply(Op.AND, (self, other)))

    def __rand__(self: Stream[B], other: B) -> Stream[B]:
        return Stream(apply(Op.AND, (other, self)))

    @overload
    def __or__(self: Stream[B], other: Stream[B] | B) -> Stream[B]: ...
    @overload
    def __or__(self: Stream[V], other: Stream[V] | Stream[bool] | Stream[int] | int) -> Stream[V]: ...
    @overload
    def __or__(self: Stream[B], other: Stream[V]) -> Stream[V]: ...
    def __or__(self, other: Any) -> Any:
        return stream(apply(Op.OR, (self, other)))

    def __ror__(self: Stream[B], other: B) -> Stream[B]:
        return Stream(apply(Op.OR, (other, self)))

    @overload
    def __xor__(self: Stream[B], other: Stream[B] | B) -> Stream[B]: ...
    @overload
    def __xor__(self: Stream[V], other: Stream[V] | Stream[bool] | Stream[int] | int) -> Stream[V]: ...
    @overload
    def __xor__(self: Stream[B], other: Stream[V]) -> Stream[V]: ...
    def __xor__(self, other: Any) -> Any:
        return stream(apply(Op.XOR, (self, other)))

    def __rxor__(self: Stream[B], other: B) -> Stream[B]:
        return Stream(apply(Op.XOR, (other, self)))

    def __lshift__(self: Stream[I], other: Stream[int] | int) -> Stream[I]:
        return Stream(apply(Op.SHL, (self, other)))

    def __rshift__(self: Stream[I], other: Stream[int] | int) -> Stream[I]:
        return Stream(apply(Op.SHR, (self, other)))

    def __eq__(self, other: object) -> Stream[bool]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return Stream(apply(Op.EQ, (self, other)))

    def __ne__(self, other: object) -> Stream[bool]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return Stream(apply(Op.NE, (self, other)))

    def __neg__(self) -> Stream[Item]:
        return Stream(apply(Op.NEG, (self,)))

    def __pos__(self) -> Stream[Item]:
        return self

    def __abs__(self) -> Stream[Item]:
        return Stream(apply(Op.ABS, (self,)))

    def __invert__(self) -> Stream[Item]:
        return Stream(guards.negation(apply(Op.NOT, (self,)), self.ir))

    @overload
    def __matmul__(self: Stream[Vec[N, E]], other: Stream[Vec[N, E]] | Numbers) -> Stream[E]: ...
    @overload
    def __matmul__(self: Stream[Mat[N, M, E]], other: Stream[Vec[M, E]]) -> Stream[Vec[N, E]]: ...
    @overload
    def __matmul__(self: Stream[Vec[N, E]], other: Stream[Mat[N, M, E]]) -> Stream[Vec[M, E]]: ...
    @overload
    def __matmul__(self: Stream[Mat[N, Any, E]], other: Stream[Mat[Any, M, E]]) -> Stream[Mat[N, M, E]]: ...
    def __matmul__(self, other: Any) -> Any:
        return stream(apply(Op.MATMUL, (self, other)))

    def __rmatmul__(self: Stream[Vec[N, E]], other: Numbers) -> Stream[Vec[Any, E]]:
        return Stream(apply(Op.MATMUL, (other, self)))

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
    def T(self) -> Stream[Any]:  # noqa: N802
        """The transpose."""
        return Stream(indexing.transpose(self))

    def reshape(self, *extents: int) -> Stream[Any]:
        """The same elements in row-major order in another shape; one extent may be -1."""
        return Stream(indexing.reshape(self, extents))

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
    def min(self: Stream[Vec[Any, E]], axis: int | None = None) -> Stream[E]: ...
    @overload
    def min(self: Stream[Mat[Any, Any, E]], axis: None = None) -> Stream[E]: ...
    @overload
    def min(self: Stream[Mat[Any, Any, E]], axis: int) -> Stream[Vec[Any, E]]: ...
    def min(self, axis: int | None = None) -> Any:
        """The least element along an axis, or of all."""
        return stream(indexing.reduce(Op.LEAST, self, axis))

    @overload
    def max(self: Stream[Vec[Any, E]], axis: int | None = None) -> Stream[E]: ...
    @overload
    def max(self: Stream[Mat[Any, Any, E]], axis: None = None) -> Stream[E]: ...
    @overload
    def max(self: Stream[Mat[Any, Any, E]], axis: int) -> Stream[Vec[Any, E]]: ...
    def max(self, axis: int | None = None) -> Any:
        """The greatest element along an axis, or of all."""
        return stream(indexing.reduce(Op.GREATEST, self, axis))

    def all(self: Stream[Vec[Any, bool]] | Stream[Mat[Any, Any, bool]]) -> Stream[bool]:
        """Whether all elements are true."""
        return Stream(indexing.reduce(Op.ALL, self, None))

    def any(self: Stream[Vec[Any, bool]] | Stream[Mat[Any, Any, bool]]) -> Stream[bool]:
        """Whether an element is true."""
        return Stream(indexing.reduce(Op.ANY, self, None))

    def __iter__(self: Stream[Vec[Any, E]]) -> Iterator[Stream[E]]:
        return cast("Iterator[Stream[E]]", map(Stream, indexing.elements(self)))

    def __len__(self: Stream[Vec[Any, E]]) -> int:
        return guards.length(self)

    if not TYPE_CHECKING:
        # What these ask for, a stream does not have; a type checker says so before the program runs.
        __bool__ = guards.truth
        __float__ = __int__ = __index__ = __complex__ = __round__ = __trunc__ = __floor__ = __ceil__ = guards.number
        __setitem__ = guards.set_item


def stream(ir: Value) -> Stream[Any]:
    """The stream of a value, where the caller's annotation says of what."""
    return Stream(ir)
