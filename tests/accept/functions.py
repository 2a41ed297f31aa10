"""The pointwise functions."""

from syncml import (
    Stream,
    atan2,
    cast,
    clip,
    cos,
    exp,
    f32,
    f64,
    i32,
    log,
    maximum,
    minimum,
    node,
    sigmoid,
    sin,
    sqrt,
    tanh,
    where,
)  # fmt: skip


@node
def functions(x: Stream[f32], n: Stream[i32]) -> tuple[Stream[f32], Stream[f64], Stream[i32], Stream[bool]]:
    a = exp(-abs(x)) + log(x * x + 1.0) + tanh(x) + sigmoid(x) + sin(x) * cos(x)
    b = atan2(a, x) + atan2(1.0, x) + sqrt(a) + x**2 + x**0.5 + 2.0**x
    c = minimum(maximum(b, -1), clip(x, lo=0, hi=1))
    return where(n > 0, c, 0.0), cast(c, f64), cast(c * 100.0, i32), cast(n, bool)
