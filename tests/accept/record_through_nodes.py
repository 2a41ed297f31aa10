"""Records as arguments and results of nodes, with an enumeration and a vector as fields."""

import enum
from typing import Literal as L

from syncml import Record, Stream, Vec, f32, node, pre, where


class Kind(enum.Enum):
    CAR = 0
    TRUCK = 1


class Thing(Record):
    kind: Stream[Kind]
    place: Stream[Vec[L[2]]]
    length: Stream[f32]


@node
def nearer(a: Thing, b: Thing) -> Thing:
    return where(a.place @ a.place <= b.place @ b.place, a, b)


@node
def moved(a: Thing, by: Stream[Vec[L[2]]]) -> Thing:
    return Thing(kind=a.kind, place=a.place + by, length=where(a.kind == Kind.TRUCK, a.length * 2.0, a.length))


@node
def main(a: Thing, b: Thing, by: Stream[Vec[L[2]]]) -> tuple[Thing, Stream[bool]]:
    best = moved(nearer(a, b), by)
    return best, best.kind != pre(best.kind, init=Kind.CAR)
