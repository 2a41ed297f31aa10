"""The names of the language, as `from syncml import ...` gives them."""

from syncml.lang.buffering import buffer, word
from syncml.lang.contracts import assume, ensure, invariant, require
from syncml.lang.functions import (
    atan2,
    cast,
    clip,
    concat,
    constant,
    cos,
    exp,
    log,
    maximum,
    minimum,
    sigmoid,
    sin,
    sqrt,
    stack,
    tanh,
    vec,
    where,
    zeros,
)
from syncml.lang.kernel import arrow, fby, first, merge, pre, when
from syncml.lang.node import Node, node
from syncml.lang.parameters import param
from syncml.lang.rates import Duration, Hz, ms, s
from syncml.lang.records import Record
from syncml.lang.registers import State, Wire, state, wire
from syncml.lang.sampling import every, hold, sample
from syncml.lang.stream import Stream
from syncml.lang.types import (
    Mat,
    Unit,
    Vec,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    integer,
    real,
    u8,
    u16,
    u32,
    u64,
)

__all__ = [
    "Duration", "Hz", "Mat", "Node", "Record", "State", "Stream", "Unit", "Vec", "Wire", "arrow", "assume", "atan2",
    "buffer", "cast", "clip", "concat", "constant", "cos", "ensure", "every", "exp", "f32", "f64", "fby", "first",
    "hold", "i8", "i16", "i32", "i64", "integer", "invariant", "log", "maximum", "merge", "minimum", "ms", "node",
    "param", "pre", "real", "require", "s", "sample", "sigmoid", "sin", "sqrt", "stack", "state", "tanh", "u8", "u16",
    "u32", "u64", "vec", "when", "where", "wire", "word", "zeros",
]  # fmt: skip
