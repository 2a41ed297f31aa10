"""An ONNX graph while it is written: tensors, constants and operations in order.

Rule: a tensor that depends on inputs or states has a first axis, the batch, which the extents of the stream follow; one
that depends on constants alone has none. Operands meet by the rule of broadcasting, so a tensor of lower rank gets axes
of 1 *after* the batch before it meets one of higher rank. Equal constants are one, and those that nothing reads are not
written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.constants import dtype
from syncml.ir.types import BOOL, I32, I64, Element, EnumType, Scalar

Shape: TypeAlias = tuple[int, ...]
Attributes: TypeAlias = Mapping[str, "int | str | tuple[int, ...]"]

ELEMENT_TYPES = {
    Scalar.F32: 1, Scalar.U8: 2, Scalar.I8: 3, Scalar.U16: 4, Scalar.I16: 5, Scalar.I32: 6, Scalar.I64: 7,
    Scalar.BOOL: 9, Scalar.F64: 11, Scalar.U32: 12, Scalar.U64: 13,
}  # fmt: skip
"""The numbers of ONNX for the types; an enumeration is an `i32`, the number of the constructor."""

_WORKING = {Scalar.I8: I32, Scalar.I16: I32, Scalar.U8: I32, Scalar.U16: I32, Scalar.U32: I64, Scalar.U64: I64}


def element_type(kind: Element) -> int:
    """The number of ONNX for a type."""
    return ELEMENT_TYPES[I32 if isinstance(kind, EnumType) else kind]


def working(kind: Element) -> Scalar:
    """The type that runtimes compute with; what it wraps to in ``kind`` is what ``kind`` would have computed."""
    return I32 if isinstance(kind, EnumType) else _WORKING.get(kind, kind)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value: ``shape`` is without the batch; ``array`` is there if it is constant."""

    name: str
    kind: Element
    shape: Shape
    batched: bool
    array: NDArray[Any] | None = field(default=None, compare=False)

    @property
    def before(self) -> int:
        """The number of axes before those of the stream."""
        return int(self.batched)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operator: tensors by name, and where it comes from."""

    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: Attributes
    span: Span


class Draft:
    """Operations and constants so far."""

    def __init__(self, at: Span) -> None:
        self.operations: list[Operation] = []
        self.arrays: dict[str, NDArray[Any]] = {}
        self.at = at
        """Where the operations that follow come from."""
        self._taken: set[str] = set()
        self._reserved: set[str] = set()
        self._known: dict[tuple[str, str, Shape, bytes], str] = {}
        self._unnamed = ""
        self._source = ""
        self._batch: Tensor | None = None

    def take(self, name: str) -> str:
        """A name like ``name`` that no tensor has."""
        found, number = name, 1
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._taken.add(found)
        return found

    def reserve(self, name: str) -> str:
        """A name like ``name`` for an output, which the stream of that name gets when it is made."""
        found = self.take(name)
        self._reserved.add(found)
        return found

    def entrance(self, name: str, kind: Element, shape: Shape) -> Tensor:
        """An input of the graph."""
        tensor = Tensor(self.take(name), kind, shape, batched=True)
        self._source = self._source or tensor.name
        return tensor

    def constant(self, values: Any, kind: Element, name: str = "constant") -> Tensor:
        """A constant; it is written when an operation reads it."""
        array = np.asarray(values, dtype=dtype(kind))
        return Tensor(name, kind, array.shape, batched=False, array=array)

    def integers(self, *values: int) -> Tensor:
        """Axes, positions or extents."""
        return self.constant(values, I64, "integers_" + "_".join(map(str, values)).replace("-", "m"))

    def apply(
        self,
        operator: str,
        *inputs: Tensor,
        kind: Element,
        shape: Shape,
        batched: bool | None = None,
        **attributes: Any,
    ) -> Tensor:
        """The result of an operation, of the type and the shape that the caller knows."""
        names = tuple(self._written(x) for x in inputs)
        output = self.take(operator)
        self._unnamed = output
        self.operations.append(Operation(operator, names, output, attributes, self.at))
        return Tensor(output, kind, shape, any(x.batched for x in inputs) if batched is None else batched)

    def called(self, tensor: Tensor, name: str) -> Tensor:
        """``tensor`` under the name of a stream, if it is what the last operation made; otherwise as it is."""
        if tensor.array is not None or self._unnamed != tensor.name:
            return tensor
        last = self.operations[-1]
        new = name if name in self._reserved else self.take(name)
        self._reserved.discard(new)
        self._unnamed = ""
        self.operations[-1] = Operation(last.operator, last.inputs, new, last.attributes, last.span)
        return Tensor(new, tensor.kind, tensor.shape, tensor.batched)

    def exit(self, tensor: Tensor, name: str) -> Tensor:
        """``tensor`` as the output of the graph for which ``name`` is reserved."""
        tensor = self.batched(tensor)
        if tensor.name == name:
            return tensor
        return self.called(self.apply("Identity", tensor, kind=tensor.kind, shape=tensor.shape), name)

    def keep(self, outputs: Sequence[Tensor]) -> None:
        """Leave out the operations and constants that ``outputs`` do not depend on."""
        read = {x.name for x in outputs}
        kept: list[Operation] = []
        for operation in reversed(self.operations):
            if operation.output in read:
                read.update(operation.inputs)
                kept.append(operation)
        self.operations = kept[::-1]
        self.arrays = {name: array for name, array in self.arrays.items() if name in read}

    def cast(self, x: Tensor, kind: Element) -> Tensor:
        """``x`` in a type that runtimes convert to as the language does."""
        if element_type(x.kind) == element_type(kind):
            return Tensor(x.name, kind, x.shape, x.batched, x.array)
        if x.array is not None and x.kind is not BOOL:
            return self.constant(x.array.astype(dtype(kind)), kind, x.name)
        return self.apply("Cast", x, kind=kind, shape=x.shape, to=element_type(kind))

    def reshaped(self, x: Tensor, shape: Shape) -> Tensor:
        """The same elements, row-major, in another shape."""
        if x.shape == shape:
            return x
        if x.array is not None:
            return self.constant(x.array.reshape(shape), x.kind, x.name)
        # An extent of 0 is that of the input: the batch.
        return self.apply("Reshape", x, self.integers(*(0,) * x.before, *shape), kind=x.kind, shape=shape)

    def aligned(self, x: Tensor, rank: int) -> Tensor:
        """``x`` with as many axes as it needs to meet a tensor of ``rank``."""
        return self.reshaped(x, (*(1,) * (rank - len(x.shape)), *x.shape)) if x.batched else x

    def elementwise(self, operator: str, *inputs: Tensor, kind: Element, shape: Shape, **attributes: Any) -> Tensor:
        """An operation on each element; operands broadcast to ``shape``."""
        parts = [self.aligned(x, len(shape)) for x in inputs]
        return self.apply(operator, *parts, kind=kind, shape=shape, **attributes)

    def batched(self, x: Tensor) -> Tensor:
        """``x`` for each element of the batch; as it is in a graph without inputs."""
        if x.batched or not self._source:
            return x
        if self._batch is None:
            source = Tensor(self._source, x.kind, (), batched=True)
            self._batch = self.apply("Shape", source, kind=I64, shape=(1,), batched=False, start=0, end=1)
        extents = self._batch
        if x.shape:
            extents = self.apply(
                "Concat", extents, self.integers(*x.shape), kind=I64, shape=(1 + len(x.shape),), axis=0
            )
        return self.apply("Expand", x, extents, kind=x.kind, shape=x.shape, batched=True)

    def _written(self, x: Tensor) -> str:
        """The name of a tensor, which is written now if it is a constant."""
        if x.array is None:
            return x.name
        key = (x.name, x.array.dtype.str, x.array.shape, x.array.tobytes())
        if key not in self._known:
            self._known[key] = self.take(x.name)
            self.arrays[self._known[key]] = x.array
        return self._known[key]
