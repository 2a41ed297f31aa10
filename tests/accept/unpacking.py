"""Names: results, tuples, helpers, augmented assignment, assignment expressions, attributes."""

from types import SimpleNamespace

from syncml import Stream, f32, node


def helper(a: Stream[f32], b: Stream[f32]) -> Stream[f32]:
    """Inlined: its value has the name that the caller gives it."""
    return a * 2.0 + b


@node
def both(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return x + 1.0, x - 1.0


@node
def main(x: Stream[f32]) -> Stream[f32]:
    up, down = both(x)
    middle = helper(up, down)
    middle += 1.0
    box = SimpleNamespace()
    box.inside = middle * 3.0
    first, second = up * 2.0, down * 3.0
    middle = (last := first + second) + middle
    middle = middle - last * 0.5
    x = middle + box.inside
    x = x * 2.0
    return x
