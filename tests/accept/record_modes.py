"""Enumerations as state, in arrays and records; records chosen by an enumeration."""

import enum
from typing import Literal as L

from syncml import Record, Stream, Vec, f32, fby, i32, merge, node, pre, replace, state, when, where


class Gear(enum.Enum):
    """A gear."""

    PARK = 0
    DRIVE = 1
    REVERSE = 2


class Car(Record):
    """A car."""

    gear: Stream[Gear]
    speed: Stream[f32]


class Fleet(Record):
    """Two cars and what they were."""

    front: Car
    back: Car
    past: Stream[Vec[L[3], Gear]]


@node
def moved(fleet: Fleet, i: Stream[i32]) -> Fleet:
    gear = state(init=Gear.PARK)
    gear.next = fleet.front.gear
    past = fby([Gear.PARK, Gear.PARK, Gear.DRIVE], fleet.past.at[i].set(gear))
    return replace(fleet, past=past, back=replace(fleet.front, gear=gear))


@node
def main(fleet: Fleet, i: Stream[i32]) -> tuple[Fleet, Car, Stream[bool]]:
    now = moved(fleet, i)
    gear = now.front.gear
    chosen = merge(
        gear,
        {
            Gear.PARK: when(now.front, gear, Gear.PARK),
            Gear.DRIVE: when(now.back, gear, Gear.DRIVE),
            Gear.REVERSE: when(fleet.back, gear, Gear.REVERSE),
        },
    )
    before = pre(chosen, init=Car(gear=Gear.REVERSE, speed=0.0))
    same = now.past[i] == before.gear
    return now, where(same, before, chosen), same
