"""Records as inputs, results, in memory and in choices; nested."""

from typing import Annotated

from syncml import Record, Stream, Unit, f32, fby, merge, node, pre, when, where


class Track(Record):
    """What a radar sees."""

    gap: Stream[Annotated[f32, Unit("m")]]
    closing: Stream[Annotated[f32, Unit("m/s")]]


class Scene(Record):
    """A track that may be absent."""

    lead: Track
    valid: Stream[bool]


@node
def latest(scene: Scene, other: Track) -> tuple[Track, Scene]:
    old = pre(scene, init=Scene(lead=Track(gap=100.0, closing=0.0), valid=False))
    chosen = where(scene.valid, scene.lead, old.lead)
    delayed = fby(Track(gap=0.0, closing=0.0), chosen)
    merged = merge(scene.valid, when(delayed, scene.valid), when(other, ~scene.valid))
    return merged, old
