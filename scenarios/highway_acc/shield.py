"""A run-time shield on responsibility-sensitive safety distances (RSS, Shalev-Shwartz et al. 2017).

At each tick the shield asks: if the candidate command acts for one more tick, can the car still stop behind a lead
that brakes as hard as it may? If not, it brakes. The distance covers the reaction of one tick, the lag of the brake,
the ramp of its pressure, the radar's period, lost frames and bounded noise: docs/explanation/flagship-derivation.md.

Quantities in metres and seconds; decelerations are positive numbers.
"""

from typing import Annotated

from syncml import (
    Record,
    Stream,
    Unit,
    assume,
    clip,
    ensure,
    f32,
    first,
    invariant,
    maximum,
    minimum,
    node,
    pre,
    state,
    where,
)

TICK = 0.01
BRAKE_LAG = 0.16
"""Time constant of the brake and of the engine, s; TICK / BRAKE_LAG is 1/16."""
BRAKING = 6.0
"""What the shield commands, m/s²; UN R157 5.2.5.2 reckons with 6 m/s²."""
LEAD_BRAKING = 7.0
"""The hardest braking of a lead that the guarantee covers, m/s²."""
RAMP = 25.0
"""How fast the shield builds up braking, m/s³."""
TOP_ACCELERATION = 2.0
TOP_SPEED = 50.0
RADAR_RANGE = 300.0
CLEARANCE = 0.5
"""The distance that is kept to a stopped lead, m."""
RANGE_NOISE = 0.5
RANGE_RATE_NOISE = 0.25
SPEED_NOISE = 0.1
"""Bounds of the sensors' errors, m and m/s."""

NOISE_ROUNDING = 1e-4
"""Room for the rounding of f32 in what the sensors say: the shield reckons with errors that are larger by this."""
ROUNDING = 2e-5
"""Room for the rounding of f32 in the comparisons that are exact in real numbers."""

Metres = Annotated[f32, Unit("m")]
MetresPerSecond = Annotated[f32, Unit("m/s")]
Acceleration = Annotated[f32, Unit("m/s²")]


class Stopping(Record):
    """How far the car goes if the shield brakes from now on.

    ``excess`` is the speed that braking has to remove: the car's, what the lag still adds, and what the ramp lets
    pass; ``ramp`` is the last of them.
    """

    ramp: Stream[MetresPerSecond]
    excess: Stream[MetresPerSecond]
    to_brake: Stream[MetresPerSecond]
    braking: Stream[Metres]
    distance: Stream[Metres]


class Bounds(Record):
    """What is certain of the lead and of the car: the gap and the lead's speed are no less, the own speed no more."""

    gap: Stream[Metres]
    lead_speed: Stream[MetresPerSecond]
    speed: Stream[MetresPerSecond]


def stopping(speed: Stream[f32], acceleration: Stream[f32], command: Stream[f32]) -> Stopping:
    """The stopping distance from a speed, an acceleration and the command that acts now."""
    missing = command + BRAKING
    ramp = missing * missing * (1 / (2 * RAMP))
    excess = speed + BRAKE_LAG * acceleration + ramp
    to_brake = maximum(excess, 0.0)
    braking = to_brake * to_brake / (2 * BRAKING) + TICK * to_brake
    return Stopping(ramp, excess, to_brake, braking, BRAKE_LAG * speed + braking)


def lead_stopping(speed: Stream[f32]) -> Stream[f32]:
    """How far a lead goes that brakes as hard as it may."""
    return speed * speed / (2 * LEAD_BRAKING)


def margin(bounds: Bounds, own: Stopping, lead: Stream[f32]) -> Stream[f32]:
    """What is left of the gap when both have stopped; the shield keeps it from becoming negative."""
    return bounds.gap + lead - own.distance - CLEARANCE


class Detection(Record):
    """What the radar yields at a tick: ``new`` and ``valid`` say whether there is a frame, and of which target."""

    new: Stream[bool]
    valid: Stream[bool]
    range: Stream[Metres]
    range_rate: Stream[MetresPerSecond]


@node
def shield(
    candidate: Stream[Acceleration],
    last: Stream[Acceleration],
    acceleration: Stream[Acceleration],
    speed: Stream[MetresPerSecond],
    target: Detection,
) -> tuple[Stream[Acceleration], Stream[bool], Bounds]:
    """The candidate command where it is safe, else braking; whether it brakes; what is certain of the lead.

    Args:
        candidate: What the controller asks for.
        last: The command of the previous tick.
        acceleration: The car's, exact (the lag makes it a function of past commands).
        speed: The car's, measured with an error of at most SPEED_NOISE.
        target: The radar's frame, with errors of at most RANGE_NOISE and RANGE_RATE_NOISE.
    """
    gap, lead_speed, top_speed = state(init=0.0), state(init=0.0), state(init=TOP_SPEED)
    seen_gap = target.range - (RANGE_NOISE + NOISE_ROUNDING)
    seen_lead = clip(target.range_rate + speed - (RANGE_RATE_NOISE + SPEED_NOISE + NOISE_ROUNDING), 0.0, TOP_SPEED)
    now = Bounds(
        gap=where(target.new, seen_gap, where(target.valid, maximum(seen_gap, gap), gap)),
        lead_speed=where(target.new, seen_lead, where(target.valid, maximum(seen_lead, lead_speed), lead_speed)),
        speed=minimum(top_speed, speed + (SPEED_NOISE + NOISE_ROUNDING)),
    )
    following = Bounds(
        gap=minimum(now.gap + TICK * (now.lead_speed - now.speed), RADAR_RANGE),
        lead_speed=maximum(now.lead_speed - TICK * LEAD_BRAKING, 0.0),
        speed=clip(now.speed + TICK * acceleration, 0.0, TOP_SPEED),
    )
    gap.next, lead_speed.next, top_speed.next = following.gap, following.lead_speed, following.speed

    lead_after = lead_stopping(following.lead_speed)
    tried = stopping(following.speed, after_lag(acceleration, candidate), candidate)
    left_if_accepted = margin(following, tried, lead_after)
    braking = left_if_accepted < 0.0
    command = where(braking, maximum(last - TICK * RAMP, -BRAKING), candidate)

    _prove(now, following, acceleration, last, command, braking, left_if_accepted, lead_after, target)
    return command, braking, now


def after_lag(acceleration: Stream[f32], command: Stream[f32]) -> Stream[f32]:
    """The acceleration one tick later: a first-order lag."""
    return acceleration + TICK / BRAKE_LAG * (command - acceleration)


def _prove(
    now: Bounds,
    following: Bounds,
    acceleration: Stream[f32],
    last: Stream[f32],
    command: Stream[f32],
    braking: Stream[bool],
    left_if_accepted: Stream[f32],
    lead_after: Stream[f32],
    target: Detection,
) -> None:
    """The margin never becomes negative, step by step; the names are those of the derivation."""
    start = first()
    own, lead = stopping(now.speed, acceleration, last), lead_stopping(now.lead_speed)
    left = margin(now, own, lead)
    after = stopping(following.speed, after_lag(acceleration, command), command)
    left_after = margin(following, after, lead_after)
    assume(~target.new | (target.valid & (left >= 0.0) & (now.gap >= CLEARANCE)), "targets appear at a safe distance")

    # What the sensors say can only help.
    invariant(start | (own.excess <= pre(after.excess, init=0.0)), "seeing does not add speed")
    invariant(start | (own.distance <= pre(after.distance, init=0.0)), "seeing does not add distance")
    invariant(target.new | (lead >= pre(lead_after, init=0.0)), "seeing does not slow the lead")
    invariant(left >= 0.0, "the margin is never negative", req="SR-1")
    # One tick of the lead's hardest braking.
    invariant(lead_after + TICK * now.lead_speed >= lead, "a lead that brakes keeps its stopping point")
    # An accepted command has been checked; braking takes the car to where it would have stopped.
    invariant(braking | (left_after == left_if_accepted), "an accepted command was checked")
    invariant(~braking | (after.ramp + TICK * (command + BRAKING) <= own.ramp), "the ramp goes on")
    stopped = following.speed == 0.0
    invariant(
        ~braking | (after.excess <= own.excess - TICK * BRAKING + ROUNDING) | (stopped & (after.excess <= own.excess)),
        "braking takes speed",
    )
    invariant(own.excess >= now.speed + BRAKE_LAG * acceleration, "the ramp adds speed")
    invariant(
        ~braking | (after.braking + TICK * own.to_brake <= own.braking) | (stopped & (after.braking <= own.braking)),
        "braking takes distance",
    )
    invariant(stopped | (following.speed <= now.speed + TICK * acceleration), "speed follows acceleration")
    invariant(~braking | (after.distance + TICK * now.speed <= own.distance), "braking keeps the stopping point")
    invariant(after.to_brake <= 52.0, "the excess is bounded")
    invariant(after.distance <= 290.0, "the radar sees further than the car goes")
    ensure(left_after >= 0.0, "the margin stays", req="SR-1")
    # The stopping distances also keep the cars apart on the way.
    invariant(own.distance >= now.speed * now.speed / (2 * BRAKING) + TICK * now.speed, "stopping takes its distance")
    invariant((now.speed < now.lead_speed) | (own.distance - lead >= TICK * now.speed), "a slower lead stops first")
    invariant(now.gap >= CLEARANCE, "the certain gap is kept")
    invariant(following.gap >= CLEARANCE, "the certain gap stays")
