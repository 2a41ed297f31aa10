"""What asks a stream for its number: a list, a type, a format; a dictionary and a match, which ask what it is."""

import enum

from syncml import Stream, f32, i32, last, node


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def of_list(x: Stream[f32], i: Stream[i32]) -> Stream[f32]:
    return [x, -x][i]  # error: [L012]


@node
def of_type(x: Stream[i32]) -> Stream[f32]:
    return f32(x)  # error: [L012]


@node
def of_text(x: Stream[f32]) -> Stream[f32]:
    text = f"{x:.2f}"  # error: [L012]
    return x * len(text)


@node
def of_table(x: Stream[f32], mode: Stream[Mode]) -> Stream[f32]:
    return {Mode.OFF: x, Mode.ON: -x}[mode]  # error: [L018]


@node
def of_case(x: Stream[f32], mode: Stream[Mode]) -> Stream[f32]:
    match mode:
        case Mode.OFF:  # error: [L001]
            return x
        case _:
            return -x


@node
def main(x: Stream[f32], i: Stream[i32], mode: Stream[Mode]) -> Stream[f32]:
    before = last(x)  # error: [I001]
    return of_list(x, i) + of_type(i) + of_text(x) + of_table(x, mode) + of_case(x, mode) + before
