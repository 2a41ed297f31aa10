"""Inputs that are present on a condition, declared and held."""

import enum

from syncml import Stream, f32, hold, node


class Source(enum.Enum):
    """Who speaks."""

    RADAR = 0
    CAMERA = 1


@node(at={"x": "valid", "y": ("source", Source.CAMERA)})
def latest(valid: Stream[bool], x: Stream[f32], source: Stream[Source], y: Stream[f32]) -> Stream[f32]:
    return hold(x, init=0.0) + hold(y, init=1.0)
