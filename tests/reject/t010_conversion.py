"""Conversions to texts that are no units."""

from syncml import Stream, f32, in_unit, node


@node
def main(a: Stream[f32]) -> Stream[f32]:
    b = in_unit(a, "kkm")  # error: [T010]
    c = in_unit(a, "km", of="m/")  # error: [T010]
    return b + c
