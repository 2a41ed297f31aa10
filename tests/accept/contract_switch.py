"""A clause in each block of a switch; together they bound what the blocks share."""

from syncml import Stream, clip, ensure, f32, node, switch


@node
def main(brake: Stream[bool], wish: Stream[f32]) -> Stream[f32]:
    chosen = switch(brake)
    force = chosen.shared(f32)
    with chosen(True):
        slow = clip(wish, -4.0, 0.0)
        ensure(slow <= 0.0, "only braking")
        force.define(slow)
    with chosen(False):
        fast = clip(wish, 0.0, 2.0)
        ensure(fast >= 0.0, "only driving")
        force.define(fast)
    ensure((force >= -4.0) & (force <= 2.0), "limits", req="SR-3")
    return force
