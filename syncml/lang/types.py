"""The types that a program is annotated with, and what each means.

    scalar  ::= bool | i8 .. i64 | u8 .. u64 | f32 | f64 | integer | real | an `enum.Enum` class
    type    ::= scalar | Vec[n] | Vec[n, scalar] | Mat[n, m] | Mat[n, m, scalar]        (f32 where no scalar is given)
    unit    ::= Annotated[type, Unit("m/s")]

A type checker sees Python numbers (``f32`` is ``float``, ``i32`` is ``int``); the language tells all of them apart.
An extent that is ``Any`` or a type variable, and an element that is a type variable, stand for whatever the argument
of a call has: such a node is traced anew for each.
"""

from __future__ import annotations

import enum
import types as python_types
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeAlias, Union, get_args, get_origin

from syncml.dataclass import dataclass
from syncml.ir.types import BOOL, Element, EnumType, Scalar, TensorType, Type, element, shape, tensor

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    i8: TypeAlias = int
    i16: TypeAlias = int
    i32: TypeAlias = int
    i64: TypeAlias = int
    u8: TypeAlias = int
    u16: TypeAlias = int
    u32: TypeAlias = int
    u64: TypeAlias = int
    f32: TypeAlias = float
    f64: TypeAlias = float
    integer: TypeAlias = int
    real: TypeAlias = float

    _N = TypeVar("_N", bound=int)
    _M = TypeVar("_M", bound=int)
    _E = TypeVar("_E", default=float)

    class Tensor(Generic[_E]):
        """What vectors and matrices have in common."""

    class Vec(Tensor[_E], Generic[_N, _E]):
        """A vector: ``Vec[Literal[4]]`` of f32, ``Vec[Literal[4], f64]``."""

    class Mat(Tensor[_E], Generic[_N, _M, _E]):
        """A matrix of rows and columns: ``Mat[Literal[3], Literal[4]]``."""

else:
    from typing import TypeVar

    i8 = Annotated[int, Scalar.I8]
    i16 = Annotated[int, Scalar.I16]
    i32 = Annotated[int, Scalar.I32]
    i64 = Annotated[int, Scalar.I64]
    u8 = Annotated[int, Scalar.U8]
    u16 = Annotated[int, Scalar.U16]
    u32 = Annotated[int, Scalar.U32]
    u64 = Annotated[int, Scalar.U64]
    f32 = Annotated[float, Scalar.F32]
    f64 = Annotated[float, Scalar.F64]
    integer = Annotated[int, Scalar.INT]
    real = Annotated[float, Scalar.REAL]

    class Tensor:
        """What vectors and matrices have in common."""

        def __class_getitem__(cls, parameters):
            return python_types.GenericAlias(cls, parameters)

    class Vec(Tensor):
        """A vector: ``Vec[Literal[4]]`` of f32, ``Vec[Literal[4], f64]``."""

    class Mat(Tensor):
        """A matrix of rows and columns: ``Mat[Literal[3], Literal[4]]``."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A physical unit, for traces, plots and reports: ``Annotated[f32, Unit("m/s")]``."""

    symbol: str


Extent: TypeAlias = "int | TypeVar | None"
"""A size; a type variable or None stands for any."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A type in which parts may be open. ``element`` None stands for any scalar, ``shape`` None for any type."""

    element: Element | TypeVar | None
    shape: tuple[Extent, ...] | None = ()
    unit: str = ""

    @property
    def closed(self) -> Type | None:
        """The type, if no part is open."""
        if self.shape is None or not isinstance(self.element, Scalar | EnumType):
            return None
        extents = [extent for extent in self.shape if isinstance(extent, int)]
        return tensor(self.element, tuple(extents)) if len(extents) == len(self.shape) else None

    def match(self, type_: Type, bindings: dict[TypeVar, object]) -> bool:
        """Whether ``type_`` is an instance; type variables are bound on the way and must agree."""
        if self.shape is None:
            return self.element is None or not isinstance(self.element, TypeVar) or _bind(self.element, type_, bindings)
        extents = shape(type_)
        if len(extents) != len(self.shape):
            return False
        pairs: list[tuple[object, object]] = [(self.element, element(type_)), *zip(self.shape, extents, strict=True)]
        for wanted, found in pairs:
            if isinstance(wanted, TypeVar):
                if not _bind(wanted, found, bindings):
                    return False
            elif wanted is not None and wanted != found:
                return False
        return True

    def __str__(self) -> str:
        if self.shape is None:
            return "any type"
        if self.closed is not None:
            return type_text(self.closed)
        name = "any" if self.element is None else getattr(self.element, "__name__", str(self.element))
        extents = ", ".join("any" if e is None else getattr(e, "__name__", str(e)) for e in self.shape)
        if len(self.shape) in (1, 2):
            return f"{'Vec' if len(self.shape) == 1 else 'Mat'}[{extents}{'' if name == 'f32' else f', {name}'}]"
        return f"{name}[{extents}]" if self.shape else name


def _bind(variable: TypeVar, value: object, bindings: dict[TypeVar, object]) -> bool:
    return bindings.setdefault(variable, value) == value


class AnnotationFault(Exception):
    """An annotation is not a type of the language; ``help`` says what to write."""

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.help = help_


_VAGUE: Mapping[object, tuple[str, str]] = {
    int: ("`int` does not say how many bits", "write i32 (or i8 .. i64, u8 .. u64), or integer in a specification"),
    float: ("`float` does not say which precision", "write f32 or f64, or real in a specification"),
}


def pattern(annotation: Any) -> Pattern:
    """The meaning of what stands in ``Stream[...]``, ``Vec[..., here]``, ``cast(x, here)`` or ``wire(here)``.

    Raises:
        AnnotationFault: it is not a type of the language.
    """
    if not isinstance(annotation, Hashable):
        # No type is one of these, and an array does not compare with types.
        raise AnnotationFault(
            f"a value of `{type(annotation).__name__}` is not a type of streams",
            "write the type, such as Vec[Literal[4]]; `wire` also takes a stream of the type, such as zeros(4)",
        )
    origin = get_origin(annotation)
    if origin is Annotated:
        base, *extras = get_args(annotation)
        units = [extra.symbol for extra in extras if isinstance(extra, Unit)]
        scalars = [extra for extra in extras if isinstance(extra, Scalar)]
        inner = Pattern(scalars[0]) if scalars else pattern(base)
        return Pattern(inner.element, inner.shape, units[-1] if units else inner.unit)
    if isinstance(annotation, Scalar):
        return Pattern(annotation)
    if annotation is bool:
        return Pattern(BOOL)
    if annotation is Any:
        return Pattern(None, None)
    if isinstance(annotation, TypeVar):
        return Pattern(annotation, None)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return Pattern(enum_type(annotation))
    if origin in (Vec, Mat):
        return _tensor_pattern(annotation, 1 if origin is Vec else 2)
    if annotation in (Vec, Mat):
        raise AnnotationFault(f"`{annotation.__name__}` needs its size", f"write {annotation.__name__}[Literal[4]]")
    if annotation in _VAGUE:
        raise AnnotationFault(*_VAGUE[annotation])
    raise AnnotationFault(
        f"`{written(annotation)}` is not a type of streams", "write one such as f32, i32, bool, Vec[L[4]]"
    )


def _tensor_pattern(annotation: Any, rank: int) -> Pattern:
    arguments = get_args(annotation)
    if not rank <= len(arguments) <= rank + 1:
        raise AnnotationFault(f"`{written(annotation)}` needs {rank} size{'s' if rank > 1 else ''}")
    if len(arguments) == rank:
        return Pattern(Scalar.F32, tuple(map(_extent, arguments)))
    if rank == 1 and get_origin(arguments[1]) is Literal:
        raise AnnotationFault("a vector has one size", f"write Mat[{', '.join(map(written, arguments))}]")
    inner = pattern(arguments[rank])
    if inner.shape not in ((), None):
        raise AnnotationFault("the element of a tensor is a scalar", "write Mat[...] for a vector of vectors")
    return Pattern(inner.element, tuple(map(_extent, arguments[:rank])), inner.unit)


def _extent(argument: Any) -> Extent:
    if get_origin(argument) is Literal:
        (argument,) = get_args(argument)
    if argument is Any:
        return None
    if isinstance(argument, TypeVar):
        return argument
    if isinstance(argument, int) and not isinstance(argument, bool) and argument >= 1:
        return argument
    help_ = "write Vec[Any] for any size" if argument is int else "write Vec[Literal[4]]"
    raise AnnotationFault(f"a size is a positive integer, not `{written(argument)}`", help_)


def is_member(member: enum.Enum, type_: Type) -> bool:
    """Whether a member is one of the enumeration that ``type_`` is; another one may share its name."""
    return isinstance(type_, EnumType) and type(member).__name__ == type_.name and member.name in type_.constructors


def enum_type(cls: type[enum.Enum]) -> EnumType:
    """The enumeration that a Python class stands for; aliases of a member are that member."""
    return EnumType(cls.__name__, tuple(member.name for member in cls))


def is_union(annotation: Any) -> bool:
    """Whether an annotation is ``A | B``."""
    return get_origin(annotation) in (Union, python_types.UnionType)


def written(annotation: Any) -> str:
    """An annotation as a message shows it."""
    if get_origin(annotation) is Annotated:
        scalars = [str(extra) for extra in get_args(annotation)[1:] if isinstance(extra, Scalar)]
        return scalars[0] if scalars else written(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return f"Literal[{', '.join(map(repr, get_args(annotation)))}]"
    return annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)


def type_text(type_: Type) -> str:
    """A type as the user writes it: ``f32``, ``Vec[3]``, ``Vec[3, i32]``, ``Mat[2, 3]``."""
    if not isinstance(type_, TensorType):
        return str(type_)
    name = {1: "Vec", 2: "Mat"}.get(len(type_.shape))
    if name is None:
        return str(type_)
    suffix = "" if type_.element is Scalar.F32 else f", {type_.element}"
    return f"{name}[{', '.join(map(str, type_.shape))}{suffix}]"
