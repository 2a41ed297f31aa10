"""Between widths, signs, floats and truth values; out of range is defined."""

from syncml import Stream, cast, f32, f64, i8, i32, i64, node, u8, u32


@node
def main(
    x: Stream[f32], n: Stream[i32], c: Stream[bool]
) -> tuple[Stream[u8], Stream[i8], Stream[i64], Stream[u32], Stream[f64], Stream[f32]]:
    narrow = cast(n, u8)
    signed = cast(narrow, i8)
    wide = cast(signed, i64) * 1000000007
    rounded = cast(x * 1000.0, u32)
    precise = cast(x, f64) / 3.0 + cast(c, f64)
    return narrow, signed, wide, rounded, precise, cast(precise, f32) + cast(cast(x, bool), f32)
