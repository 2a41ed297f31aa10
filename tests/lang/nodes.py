"""A node that the tests take from a module, as a script would."""

from __future__ import annotations

from syncml import Stream, f32, node


@node
def scaled(x: Stream[f32], gain: float) -> Stream[f32]:
    """Scale a stream."""
    return x * gain
