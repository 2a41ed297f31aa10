"""A record is sampled, held and merged as a whole, and conditioned by one of its own fields."""

from syncml import Record, Stream, f32, hold, i32, merge, node, when


class Reading(Record):
    valid: Stream[bool]
    value: Stream[f32]
    code: Stream[i32]


@node
def main(r: Reading) -> tuple[Reading, Reading]:
    good = when(r, r.valid)
    bad = when(r, ~r.valid)
    latest = hold(good, init=Reading(valid=False, value=0.0, code=-1))
    cleaned = merge(r.valid, good, Reading(valid=bad.valid, value=0.0, code=bad.code + 1000))
    return latest, cleaned
