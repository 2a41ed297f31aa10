"""A callee that adds points on a scale; a register of records that takes one for a length."""

from typing import Annotated

from syncml import Record, Stream, Unit, f32, node, state

Celsius = Annotated[f32, Unit("degC")]


class Room(Record):
    air: Stream[Annotated[f32, Unit("°C")]]
    gap: Stream[Annotated[f32, Unit("m")]]


@node
def mixed(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    return x + y


@node
def main(a: Stream[Celsius], b: Stream[f32], m: Stream[Annotated[f32, Unit("m")]]) -> tuple[Stream[f32], Room]:
    rooms = state(init=Room(air=0.0, gap=0.0))  # error: [T009]
    rooms.next = Room(air=rooms.air, gap=a)
    return mixed(a, b), rooms  # error: [T009]
