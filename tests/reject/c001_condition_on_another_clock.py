"""A fast stream is sampled by a slow condition."""

from syncml import Hz, Stream, f32, node, when


@node(rate=Hz(100), at={"valid": Hz(25)})
def accept(x: Stream[f32], valid: Stream[bool]) -> tuple[Stream[bool], Stream[f32]]:
    return valid, when(x, valid)  # error: [C001]
