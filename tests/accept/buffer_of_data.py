"""Requests that come while the plant is busy are served one by one afterwards; `verify` proves the size."""

from syncml import Stream, buffer, f32, hold, node, pre, when


@node
def served(x: Stream[f32], busy: Stream[bool]) -> Stream[f32]:
    arrives = busy & pre(~busy, init=True)
    request = when(x, arrives)
    now = buffer(request, at=pre(arrives, init=False), size=1)
    return hold(now, init=0.0)
