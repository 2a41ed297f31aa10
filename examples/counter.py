"""Count events up to a limit, with a reset: the contract of a node is proved with one lemma.

syncml verify examples/counter.py
syncml verify examples/counter.py --set limit=40000     a limit that does not fit i16 is refused
syncml sim    examples/counter.py --input examples/events.csv
"""

from syncml import Stream, ensure, i16, invariant, maximum, minimum, node, pre, state, where


@node
def counter(event: Stream[bool], reset: Stream[bool], limit: int = 3) -> tuple[Stream[i16], Stream[bool]]:
    """The number of events since the last reset, at most `limit`; whether the limit is reached."""
    last = state(init=0, type=i16)
    count = where(reset, 0, where(event, minimum(last + 1, limit), last))
    last.next = count
    full = count == limit
    invariant((last >= 0) & (last <= limit), "in range")
    ensure((count >= 0) & (count <= limit), "never above the limit")
    ensure(~full | ~reset, "a reset empties the counter")
    ensure(maximum(count - pre(count, init=0), 0) <= 1, "one at a time")
    return count, full
