"""Results that are inputs, constants, the same stream twice; no result at all."""

from syncml import Stream, assume, f32, i32, node


@node
def monitor(x: Stream[f32]) -> None:
    assume(x > 0.0, "positive")


@node
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32], Stream[f32], Stream[i32], Stream[bool]]:
    monitor(x)
    y = x + 1.0
    return x, y, y, 3, True  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
