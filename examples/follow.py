"""Follow a lead vehicle: a learned policy, a shield that is proved for every policy, and the two cars.

syncml verify examples/follow.py
syncml sim    examples/follow.py --scenario examples/hard_braking.yaml --plot follow.html
syncml export examples/follow.py --scenario examples/hard_braking.yaml -o build/follow && make -C build/follow check

A small version of scenarios/highway_acc, without sensor errors, actuator lag and modes. Metres and seconds.
"""

from pathlib import Path

from syncml import (
    Hz,
    Stream,
    assume,
    clip,
    ensure,
    f32,
    first,
    hold,
    invariant,
    maximum,
    node,
    pre,
    sample,
    state,
    tanh,
    vec,
    where,
)
from syncml.networks.weights import load_weights
from syncml.nodes.neural import MLP

TICK, BRAKING, LEAD_BRAKING, TOP_SPEED, CLEARANCE = 0.01, 6.0, 7.0, 50.0, 1.0
NETWORK = MLP.of(load_weights(Path(__file__).parent / "policy.safetensors"), tanh)


def own_room(v: Stream[f32]) -> Stream[f32]:
    """The room that the car needs to stop."""
    return v * v / (2 * BRAKING) + TICK * v + CLEARANCE


def lead_room(v: Stream[f32]) -> Stream[f32]:
    """The room that the lead opens at least until it stands."""
    return v * v / (2 * LEAD_BRAKING)


@node(rate=Hz(10), abstract=True)
def policy(gap: Stream[f32], speed: Stream[f32], closing: Stream[f32]) -> Stream[f32]:
    """The acceleration that a trained network wishes; a proof knows nothing of it but its range."""
    score = NETWORK(vec(gap / 100.0, speed / 50.0, closing / 10.0))[0]
    wish = clip(4.0 * score, -BRAKING, 2.0)
    ensure((wish >= -BRAKING) & (wish <= 2.0), "wish in range")
    return wish


@node
def shield(wish: Stream[f32], gap: Stream[f32], speed: Stream[f32], lead: Stream[f32]) -> Stream[f32]:
    """The wish, if the car can still stop behind the lead after one more tick of it; else full braking."""
    worst = lead_room(maximum(lead - TICK * LEAD_BRAKING, 0.0))
    room = gap + TICK * (lead - speed) + worst
    safe = own_room(clip(speed + TICK * wish, 0.0, TOP_SPEED)) <= room
    command = where(safe, wish, -BRAKING)

    before, after = own_room(speed), own_room(clip(speed + TICK * command, 0.0, TOP_SPEED))
    invariant(worst + TICK * lead >= lead_room(lead), "a lead that brakes keeps its stopping point")
    invariant(first() | (lead_room(lead) >= pre(worst, init=0.0)), "no lead brakes harder")
    invariant(safe | (after + TICK * speed <= before), "braking keeps the stopping point")
    invariant(after <= room, "room is left")
    invariant((speed < lead) | (before - lead_room(lead) >= TICK * speed + CLEARANCE), "a slower lead stops first")
    return command


@node(rate=Hz(100))
def follow(
    start_gap: Stream[f32], start_speed: Stream[f32], lead_acceleration: Stream[f32]
) -> tuple[Stream[f32], Stream[f32], Stream[f32], Stream[f32]]:
    """The loop: policy and shield, the car, and a lead that brakes and accelerates as it likes."""
    start = first()
    last_gap, last_speed, lead = state(init=0.0), state(init=0.0), state(init=20.0)
    gap, speed = where(start, start_gap, last_gap), where(start, start_speed, last_speed)
    seen_gap, seen_speed, seen_lead = (sample(each, to=Hz(10)) for each in (gap, speed, lead))
    wish = hold(policy(seen_gap, seen_speed, seen_lead - seen_speed))
    command = shield(wish, gap, speed, lead)
    last_gap.next = gap + TICK * (lead - speed)
    last_speed.next = clip(speed + TICK * command, 0.0, TOP_SPEED)
    lead.next = clip(lead + TICK * lead_acceleration, 0.0, TOP_SPEED)

    assume((start_speed >= 0.0) & (start_speed <= TOP_SPEED), "start speed in range")
    assume(~start | (start_gap + lead_room(lead) >= own_room(speed)), "starts with room to stop")
    assume(~start | (start_gap >= CLEARANCE), "starts behind the lead")
    assume(lead_acceleration >= -LEAD_BRAKING, "the lead brakes with at most 7 m/s²")
    invariant((speed >= 0.0) & (speed <= TOP_SPEED) & (lead >= 0.0) & (lead <= TOP_SPEED), "speeds in range")
    invariant(gap + lead_room(lead) >= own_room(speed), "room to stop")
    ensure(gap >= CLEARANCE, "no collision")
    return gap, speed, lead, command
