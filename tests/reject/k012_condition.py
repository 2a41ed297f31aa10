"""The clock of an output is decided by the future."""

from syncml import Stream, f32, node, post, segment, when


@node
def sampled(r: Stream[f32]) -> tuple[Stream[f32], Stream[bool]]:
    with segment(every=8):
        rises = post(r, init=0.0) > r  # error: [K012]
        return when(r, rises), rises  # error: [K012]
