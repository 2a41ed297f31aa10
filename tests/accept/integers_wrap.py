"""Each width wraps at its own border, upwards and downwards."""

from syncml import Stream, i8, i16, i64, node, state, u8, u16, u32


@node
def main(
    step: Stream[u8], change: Stream[i8]
) -> tuple[Stream[u8], Stream[i8], Stream[u16], Stream[u32], Stream[i16], Stream[i64]]:
    a = state(init=200, type=u8)
    a.next = a + step
    b = state(init=100, type=i8)
    b.next = b + change
    c = state(init=3, type=u16)
    c.next = c - 1000
    d = state(init=1, type=u32)
    d.next = d * 1664525 + 1013904223
    e = state(init=-32768, type=i16)
    e.next = -e + 7
    f = state(init=1, type=i64)
    f.next = f * 6364136223846793005 + 1442695040888963407
    return a, b, c, d, e, f
