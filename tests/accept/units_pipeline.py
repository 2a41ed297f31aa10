"""Units through a state, a record and a call: a battery in volts, amperes and watt hours."""

from typing import Annotated

from syncml import Hz, Record, Stream, Unit, f32, in_unit, node, state

Volts = Annotated[f32, Unit("V")]
Amperes = Annotated[f32, Unit("A")]
Watts = Annotated[f32, Unit("W")]
Joules = Annotated[f32, Unit("J")]
Seconds = Annotated[f32, Unit("s")]


class Cell(Record):
    voltage: Stream[Volts]
    current: Stream[Amperes]


@node
def power(cell: Cell) -> Stream[Watts]:
    return cell.voltage * cell.current


@node(rate=Hz(10))
def main(cell: Cell, tick: Stream[Seconds]) -> tuple[Stream[Joules], Stream[Annotated[f32, Unit("W*h")]]]:
    used = state(init=0.0, type=Joules)
    used.next = used + power(cell) * tick
    return used, in_unit(used, "W*h")
