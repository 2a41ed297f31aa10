"""Weights out of pickles, without running what a pickle asks to run.

Rule: a pickle is a program that names functions and classes and calls them. Here a name stands for one of the few
functions below, which make arrays, or for an inert class that keeps its arguments and does nothing; no module is
imported and no code of the file runs. A file of weights (`tensors`) may name nothing else than tensors.

Sources: the format that ``torch.save`` writes since PyTorch 1.6 (a zip of ``data.pkl`` and one file for each storage),
and the forms in which NumPy pickles arrays and scalars.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

_STORAGES = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4",
    "ShortStorage": "<i2", "CharStorage": "|i1", "ByteStorage": "|u1", "BoolStorage": "|b1",
}  # fmt: skip
_KINDS = frozenset("fiub")
"""The kinds of elements of arrays: numbers and Booleans, no objects."""


class ForbiddenError(Exception):
    """A pickle names something that has no place in a file of its kind."""


class Inert:
    """An object of a class that is not made: what it was called with, and its state."""

    name: ClassVar[str] = ""

    def __init__(self, *arguments: Any, **_: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def get(self, name: str) -> Any:
        """An attribute of the object, or None."""
        parts: list[Any] = list(cast("tuple[Any, ...]", self.state)) if isinstance(self.state, tuple) else [self.state]
        known = [cast("dict[str, Any]", part) for part in parts if isinstance(part, dict)]
        return next((part[name] for part in known if name in part), None)


class _Kind:
    """A type of elements, as NumPy pickles it."""

    def __init__(self, code: str, *_: Any) -> None:
        self._code = code
        self._order = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._order = str(state[1])

    @property
    def value(self) -> np.dtype[Any]:
        """The type itself."""
        found = np.dtype(self._code)
        if found.kind not in _KINDS:
            raise ForbiddenError(f"an array of {self._code}")
        return found if self._order not in "<>" else found.newbyteorder("<" if self._order == "<" else ">")


class _Array:
    """An array, as NumPy pickles it: empty at first, filled by its state."""

    def __init__(self, *_: Any) -> None:
        self.value: Any = np.zeros(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, is_fortran, data = state
        self.value = _filled(data, kind, shape, "F" if is_fortran else "C")


def _filled(data: bytes, kind: _Kind, shape: tuple[int, ...], order: str) -> NDArray[Any]:
    flat: NDArray[Any] = np.frombuffer(data, dtype=kind.value)
    return flat.reshape(shape, order="F" if order == "F" else "C").copy()


def _buffer(data: bytes, kind: _Kind, shape: tuple[int, ...], order: str) -> _Array:
    made = _Array()
    made.value = _filled(data, kind, shape, order)
    return made


def _scalar(kind: _Kind, data: bytes) -> Any:
    return np.frombuffer(data, dtype=kind.value)[0]


def _tensor(
    storage: NDArray[Any], offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> NDArray[Any]:
    """The elements of a storage that a tensor reads."""
    last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    if offset < 0 or min((*stride, *size), default=0) < 0 or last >= len(storage):
        raise ValueError("a tensor goes over the end of its storage")
    places = np.full(size, offset)
    for axis, (n, s) in enumerate(zip(size, stride, strict=True)):
        places = places + (np.arange(n) * s).reshape([-1 if i == axis else 1 for i in range(len(size))])
    return storage[places]


def _parameter(data: NDArray[Any], *_: Any) -> NDArray[Any]:
    return data


_TENSORS: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}
_NUMPY: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): _Kind,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _buffer for core in ("core", "_core")},
}


@dataclass
class _Storage:
    """The type of a storage."""

    kind: str


class _Tensors(pickle.Unpickler):
    """The tensors of an archive of ``torch.save``."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}data.pkl")))
        self._archive, self._root = archive, root

    def find_class(self, module: str, name: str, /) -> Any:
        """What a name stands for."""
        if module == "torch" and name in _STORAGES:
            return _Storage(_STORAGES[name])
        if (module, name) not in _TENSORS:
            raise ForbiddenError(f"{module}.{name}")
        return _TENSORS[module, name]

    def persistent_load(self, pid: Any, /) -> NDArray[Any]:
        """A storage of the archive."""
        _, storage, key, *_ = pid
        return np.frombuffer(self._archive.read(f"{self._root}data/{key}"), dtype=storage.kind)


class _Inert(pickle.Unpickler):
    """Objects as inert ones, and their arrays."""

    def find_class(self, module: str, name: str, /) -> Any:
        """What a name stands for."""
        if (module, name) in _NUMPY:
            return _NUMPY[module, name]
        return type("Inert", (Inert,), {"name": f"{module}.{name}"})


def tensors(data: bytes) -> dict[str, NDArray[Any]]:
    """The tensors by name of a file that ``torch.save`` wrote.

    Raises:
        ForbiddenError: it holds other things than tensors.
        Exception: it is damaged; zip files and pickles have no one family of exceptions.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        roots = [n.removesuffix("data.pkl") for n in archive.namelist() if n.endswith("/data.pkl")]
        if len(roots) != 1 or any(n.endswith("/byteorder") and archive.read(n) == b"big" for n in archive.namelist()):
            raise ValueError("it is no archive of PyTorch 1.6 or later")
        found: Any = _Tensors(archive, roots[0]).load()
    if not isinstance(found, dict):
        raise ForbiddenError(type(found).__name__)
    pairs = cast("dict[Any, Any]", found)
    return {str(name): value for name, value in pairs.items() if isinstance(value, np.ndarray)}


def inert(data: bytes) -> Any:
    """What a pickle holds, with inert objects for those of unknown classes; `array_of` gives their arrays.

    Raises:
        Exception: it is damaged, see `tensors`.
    """
    return _Inert(io.BytesIO(data)).load()


def array_of(value: Any) -> NDArray[Any]:
    """The array that a pickle holds.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, _Array):
        return value.value
    if isinstance(value, int | float | np.number):
        return np.asarray(value)
    raise ValueError("it holds no array where one is expected")
