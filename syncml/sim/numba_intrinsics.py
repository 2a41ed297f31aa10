"""Machine operations that Numba has no exact spelling for, as one LLVM instruction each.

Rule: operands and result have the width that step code says, so integers wrap and floats round once; nothing is
promoted, nothing is checked. Partial operations (division, shifts, float to integer) are guarded by the step code
around them. Importing this module imports Numba: only generated modules and their loader do.
"""

# Numba carries no types; its values are `Any` from here on.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false, reportMissingParameterType=false
# pyright: reportUntypedFunctionDecorator=false, reportUnusedParameter=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types  # noqa: TID253
from numba.core import cgutils  # noqa: TID253
from numba.extending import intrinsic  # noqa: TID253

__all__ = [
    "absolute",
    "add",
    "advance",
    "and_",
    "bits_f32",
    "bits_f64",
    "bits_i32",
    "bits_i64",
    "bits_u32",
    "bits_u64",
    "convert_f32",
    "convert_f64",
    "convert_i8",
    "convert_i16",
    "convert_i32",
    "convert_i64",
    "convert_u8",
    "convert_u16",
    "convert_u32",
    "convert_u64",
    "equal",
    "invert",
    "load",
    "load_bool",
    "mul",
    "negate",
    "not_equal",
    "or_",
    "pointer",
    "quot",
    "rem",
    "root",
    "select",
    "shl",
    "shr",
    "stack",
    "store",
    "store_bool",
    "sub",
    "xor",
]


def _signed(kind: Any) -> bool:
    return isinstance(kind, types.Integer) and bool(kind.signed)  # pyright: ignore[reportAttributeAccessIssue]


def _two(emit: Callable[[Any, bool, Any, Any], Any]) -> Any:
    """An operation on two values of one type, with a result of that type."""

    def typing(typingctx, left, right):
        kind = types.unliteral(left)
        if types.unliteral(right) != kind:
            raise TypeError(f"operands of {left} and {right}")

        def codegen(context, builder, signature, args):
            return emit(builder, _signed(kind), args[0], args[1])

        return kind(kind, kind), codegen

    return intrinsic(typing)


def _compare(emit: Callable[[Any, Any, Any], Any]) -> Any:
    """A comparison of two integers or Booleans of one type."""

    def typing(typingctx, left, right):
        kind = types.unliteral(left)

        def codegen(context, builder, signature, args):
            return emit(builder, args[0], args[1])

        return types.boolean(kind, kind), codegen

    return intrinsic(typing)


add = _two(lambda b, signed, x, y: b.add(x, y))
sub = _two(lambda b, signed, x, y: b.sub(x, y))
mul = _two(lambda b, signed, x, y: b.mul(x, y))
and_ = _two(lambda b, signed, x, y: b.and_(x, y))
or_ = _two(lambda b, signed, x, y: b.or_(x, y))
xor = _two(lambda b, signed, x, y: b.xor(x, y))
quot = _two(lambda b, signed, x, y: b.sdiv(x, y) if signed else b.udiv(x, y))
rem = _two(lambda b, signed, x, y: b.srem(x, y) if signed else b.urem(x, y))
shl = _two(lambda b, signed, x, y: b.shl(x, y))
shr = _two(lambda b, signed, x, y: b.ashr(x, y) if signed else b.lshr(x, y))
equal = _compare(lambda b, x, y: b.icmp_unsigned("==", x, y))
not_equal = _compare(lambda b, x, y: b.icmp_unsigned("!=", x, y))


def _one(emit: Callable[[Any, Any, Any], Any]) -> Any:
    """An operation on one value, with a result of its type."""

    def typing(typingctx, operand):
        kind = types.unliteral(operand)

        def codegen(context, builder, signature, args):
            return emit(builder, kind, args[0])

        return kind(kind), codegen

    return intrinsic(typing)


def _call(builder: Any, name: str, value: Any) -> Any:
    """An LLVM intrinsic function of one float."""
    suffix = "f32" if isinstance(value.type, ir.FloatType) else "f64"
    function_type = ir.FunctionType(value.type, [value.type])
    function = cgutils.get_or_insert_function(builder.module, function_type, f"llvm.{name}.{suffix}")
    return builder.call(function, [value])


def _absolute(builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Float):
        return _call(builder, "fabs", value)
    negative = builder.icmp_signed("<", value, ir.Constant(value.type, 0))
    return builder.select(negative, builder.neg(value), value)


negate = _one(lambda b, kind, x: b.fneg(x) if isinstance(kind, types.Float) else b.neg(x))
invert = _one(lambda b, kind, x: b.not_(x))
absolute = _one(_absolute)
root = _one(lambda b, kind, x: _call(b, "sqrt", x))


@intrinsic
def select(typingctx, condition, then, otherwise):
    """``then if condition else otherwise`` without a branch."""
    kind = types.unliteral(then)
    if types.unliteral(otherwise) != kind:
        raise TypeError(f"a choice between {then} and {otherwise}")

    def codegen(context, builder, signature, args):
        return builder.select(args[0], args[1], args[2])

    return kind(types.boolean, kind, kind), codegen


def _converted(builder: Any, source: Any, target: Any, value: Any, llvm_type: Any) -> Any:
    """``value`` as ``target``; integers wrap, floats round once, a float to an integer truncates."""
    from_float, to_float = isinstance(source, types.Float), isinstance(target, types.Float)
    if from_float and to_float:
        if source.bitwidth == target.bitwidth:
            return value
        narrow = target.bitwidth < source.bitwidth
        return builder.fptrunc(value, llvm_type) if narrow else builder.fpext(value, llvm_type)
    if from_float:
        return builder.fptosi(value, llvm_type) if target.signed else builder.fptoui(value, llvm_type)
    if to_float:
        return builder.sitofp(value, llvm_type) if _signed(source) else builder.uitofp(value, llvm_type)
    width = value.type.width
    if width == llvm_type.width:
        return value
    if width > llvm_type.width:
        return builder.trunc(value, llvm_type)
    return builder.sext(value, llvm_type) if _signed(source) else builder.zext(value, llvm_type)


def _conversion(target: Any) -> Any:
    def typing(typingctx, operand):
        kind = types.unliteral(operand)

        def codegen(context, builder, signature, args):
            return _converted(builder, kind, target, args[0], context.get_value_type(target))

        return target(kind), codegen

    return intrinsic(typing)


def _bit_cast(target: Any) -> Any:
    def typing(typingctx, operand):
        kind = types.unliteral(operand)

        def codegen(context, builder, signature, args):
            wanted = context.get_value_type(target)
            return args[0] if args[0].type == wanted else builder.bitcast(args[0], wanted)

        return target(kind), codegen

    return intrinsic(typing)


convert_i8 = _conversion(types.int8)
convert_i16 = _conversion(types.int16)
convert_i32 = _conversion(types.int32)
convert_i64 = _conversion(types.int64)
convert_u8 = _conversion(types.uint8)
convert_u16 = _conversion(types.uint16)
convert_u32 = _conversion(types.uint32)
convert_u64 = _conversion(types.uint64)
convert_f32 = _conversion(types.float32)
convert_f64 = _conversion(types.float64)
bits_i32 = _bit_cast(types.int32)
bits_u32 = _bit_cast(types.uint32)
bits_f32 = _bit_cast(types.float32)
bits_i64 = _bit_cast(types.int64)
bits_u64 = _bit_cast(types.uint64)
bits_f64 = _bit_cast(types.float64)


@intrinsic
def pointer(typingctx, array):
    """The address of the first element of a contiguous array."""

    def codegen(context, builder, signature, args):
        return context.make_array(signature.args[0])(context, builder, args[0]).data

    return types.CPointer(array.dtype)(array), codegen


@intrinsic
def advance(typingctx, address, count):
    """The address of the element at ``count``."""

    def codegen(context, builder, signature, args):
        return builder.gep(args[0], [args[1]], inbounds=True)

    return address(address, types.int64), codegen


@intrinsic(prefer_literal=True)
def stack(typingctx, like, count):
    """Room for ``count`` (a literal) elements of the type of the pointer ``like``, on the stack of the function."""
    if not isinstance(count, types.IntegerLiteral):
        raise TypeError("the size of a stack array is a literal")
    room = count.literal_value

    def codegen(context, builder, signature, args):
        kind = context.get_data_type(like.dtype)
        return cgutils.alloca_once(builder, kind, size=ir.Constant(ir.IntType(64), room))

    # The literal stays in the signature: numba keeps one implementation for each signature.
    return like(like, count), codegen


@intrinsic
def load(typingctx, address, index):
    """The element at ``index``, which step code keeps in range."""

    def codegen(context, builder, signature, args):
        return builder.load(builder.gep(args[0], [args[1]], inbounds=True))

    return address.dtype(address, types.int64), codegen


@intrinsic
def store(typingctx, address, index, value):
    """Write the element at ``index``."""

    def codegen(context, builder, signature, args):
        builder.store(args[2], builder.gep(args[0], [args[1]], inbounds=True))
        return context.get_dummy_value()

    return types.void(address, types.int64, address.dtype), codegen


@intrinsic
def load_bool(typingctx, address, index):
    """The Boolean stored as a byte at ``index``."""

    def codegen(context, builder, signature, args):
        byte = builder.load(builder.gep(args[0], [args[1]], inbounds=True))
        return builder.icmp_unsigned("!=", byte, ir.Constant(byte.type, 0))

    return types.boolean(address, types.int64), codegen


@intrinsic
def store_bool(typingctx, address, index, value):
    """Write a Boolean as a byte at ``index``."""

    def codegen(context, builder, signature, args):
        byte = builder.zext(args[2], ir.IntType(8))
        builder.store(byte, builder.gep(args[0], [args[1]], inbounds=True))
        return context.get_dummy_value()

    return types.void(address, types.int64, types.boolean), codegen
