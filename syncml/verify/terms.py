"""Arrays of terms of the solver: the value of a stream, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from syncml.lazy import numpy as np
from syncml.verify.smt import Term

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Terms: TypeAlias = NDArray[Any]
    """An array of terms; of shape ``()`` for a scalar."""
else:
    Terms = Any


class Single:
    """An array of shape ``()`` as far as it is asked for: most programs have no other, and need not load NumPy."""

    __slots__ = ("_term",)

    shape = ()
    size = 1

    def __init__(self, term: Term) -> None:
        self._term = term

    @property
    def flat(self) -> tuple[Term]:
        """The only element."""
        return (self._term,)

    def __getitem__(self, place: tuple[()]) -> Term:
        return self._term

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.object_]:
        result = np.empty((), dtype=np.object_)
        result[()] = self._term
        return result


def array_of(terms: Sequence[Term], shape: tuple[int, ...]) -> Terms:
    """The terms, row-major, in a shape."""
    if not shape:
        single: Any = Single(terms[0])
        return single
    result = np.empty(len(terms), dtype=np.object_)
    for i, term in enumerate(terms):
        result[i] = term
    return result.reshape(shape)
