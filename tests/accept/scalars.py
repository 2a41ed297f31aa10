"""A stream of each scalar type, and a literal that takes its type."""

from syncml import Stream, f32, f64, i8, i16, i32, i64, integer, node, real, u8, u16, u32, u64


@node
def scalars(
    a: Stream[i8],
    b: Stream[i16],
    c: Stream[i32],
    d: Stream[i64],
    e: Stream[u8],
    f: Stream[u16],
    g: Stream[u32],
    h: Stream[u64],
    p: Stream[f32],
    q: Stream[f64],
    r: Stream[integer],
    s: Stream[real],
    t: Stream[bool],
) -> Stream[bool]:
    small = (a < 127) & (b < 32767) & (c < 2147483647) & (d < 9223372036854775807)
    unsigned = (e < 255) & (f < 65535) & (g < 4294967295) & (h < 18446744073709551615)
    return small & unsigned & (p < 0.1) & (q < 1e300) & (r < 10**30) & (s < 0.1) & t
