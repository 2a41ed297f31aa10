"""Arrays of records: each element is a record."""

from typing import Literal as L

from syncml import Record, Rows, Stream, Vec, each, f32, fold, i32, mapfold, node, scan, state, where


class Track(Record):
    gap: Stream[f32]
    valid: Stream[bool]


class Columns(Record):
    gap: Stream[Vec[L[4]]]
    valid: Stream[Vec[L[4], bool]]


@node
def smooth(track: Track) -> Track:
    gap = state(init=100.0)
    gap.next = where(track.valid, 0.5 * gap + 0.5 * track.gap, gap)
    return Track(gap=gap, valid=track.valid)


@node
def nearer(best: Track, track: Track) -> Track:
    return where(track.valid & ((track.gap < best.gap) | ~best.valid), track, best)


@node
def main(
    tracks: Rows[Track, L[4]], columns: Columns
) -> tuple[Rows[Track, L[4]], Track, Rows[Track, L[4]], Stream[i32], Rows[Track, L[4]]]:
    smoothed = each(smooth)(tracks)
    nearest = fold(nearer, Track(gap=100.0, valid=False))(smoothed)
    running = scan(nearer, nearest)(columns)

    def count(n: Stream[i32], track: Track) -> tuple[Stream[i32], Track]:
        return n + where(track.valid, 1, 0), Track(gap=track.gap * nearest.gap, valid=track.valid)

    valid, scaled = mapfold(count, 0)(running)
    return smoothed, nearest, running, valid, scaled
