"""Python values with defaults, by position and by name; a parameter of the program among them."""

from syncml import Stream, clip, f32, node, param, state

LIMIT = param("limit", 4.0, help="of every command")


@node
def ramp(x: Stream[f32], up: float = 1.0, down: float = 0.5, *, start: float = 0.0) -> Stream[f32]:
    y = state(init=start)
    y.next = clip(x, y - down, y + up)
    return y.next


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return clip(ramp(x) + ramp(x, 2.0) + ramp(x, down=3.0, start=1.0), -LIMIT, LIMIT)
