"""What actors do, against closed forms: shapes, dimensions, triggers, delays, overriding."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from syncml.diagnostics.model import DiagnosticError
from syncml.scenario.roads import to_world
from tests.support.actors import PERIOD, play_yaml

HEAD = """
name: played
duration: 60
road: {line: [{length: 2000}], left: [3.5], right: [3.5, 3.5]}
actors:
  ego: {lane: -1, at: 0, speed: 10, size: [4, 2]}
  other: {lane: -1, ahead_of: ego, gap: 20, speed: 10, size: [4, 2]}
events:
"""


def one(do: str, when: str = "{time: 1 s}") -> str:
    return HEAD + f"  - {{name: e, actor: other, when: [{when}], do: [{do}]}}"


SHAPES = {
    "linear": (lambda p: p, 1.0),
    "sinusoidal": (lambda p: 0.5 - 0.5 * np.cos(np.pi * p), math.pi / 2),
    "cubic": (lambda p: p * p * (3 - 2 * p), 1.5),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("pace", "rate"), [("time: 4", None), ("rate: 2.5", 2.5), ("distance: 30", None)])
def test_a_speed_follows_its_shape(tmp_path: Path, shape: str, pace: str, rate: float | None) -> None:
    played = play_yaml(tmp_path, one(f"{{speed: 20, {pace}, shape: {shape}}}"), 8.0)
    form, steepest = SHAPES[shape]
    since = played.time - 1.0
    if pace.startswith("distance"):
        part = (played.s[:, 1] - played.s[100, 1]) / 30.0
    else:
        part = since / (10.0 * steepest / rate if rate else 4.0)
    expected = np.where(since < 0.0, 10.0, 10.0 + 10.0 * form(np.clip(part, 0.0, 1.0)))
    assert played.speed[:, 1] == pytest.approx(expected, abs=1e-9)
    if rate:
        assert np.diff(played.speed[:, 1]).max() / PERIOD == pytest.approx(rate, rel=1e-4)


def test_places_are_the_sum_of_speeds(tmp_path: Path) -> None:
    played = play_yaml(tmp_path, one("{speed: 0, rate: 4}"), 6.0)
    summed = played.s[0, 1] + PERIOD * np.concatenate([[0.0], np.cumsum(played.speed[:-1, 1])])
    assert played.s[:, 1] == pytest.approx(summed, abs=1e-9)
    # v^2 / 2a, and what the first-order difference equation adds: half a tick of the speed that is lost.
    braked = played.s[-1, 1] - played.s[100, 1]
    assert braked == pytest.approx(100 / 8 + 0.5 * PERIOD * 10, abs=1e-9)


def test_much_slower_than_a_slow_one_is_a_stop(tmp_path: Path) -> None:
    played = play_yaml(tmp_path, one("{speed: -15, relative_to: ego, rate: 5}"), 6.0)
    assert played.speed[-1, 1] == 0.0
    assert play_yaml(tmp_path, one("{speed: -3, rate: 5}"), 6.0).speed[-1, 1] == -3.0


@pytest.mark.parametrize("shape", SHAPES)
def test_a_lane_change_follows_its_shape_and_turns_the_path(tmp_path: Path, shape: str) -> None:
    played = play_yaml(tmp_path, one(f"{{lane: -2, rate: 1.4, shape: {shape}}}"), 8.0)
    form, steepest = SHAPES[shape]
    part = np.clip((played.time - 1.0) / (3.5 * steepest / 1.4), 0.0, 1.0)
    assert played.t[:, 1] == pytest.approx(-1.75 - 3.5 * form(part), abs=1e-9)
    assert played.lane[-1, 1] == -2 and played.offset[-1, 1] == 0.0
    # The speed is that along the path.
    along, across = np.diff(played.s[:, 1]) / PERIOD, np.diff(played.t[:, 1]) / PERIOD
    assert np.hypot(along, across) == pytest.approx(np.full(len(along), 10.0), abs=1e-9)


@pytest.mark.parametrize(("shape", "time"), [("sinusoidal", math.pi * math.sqrt(0.75 / 0.3)), ("cubic", math.sqrt(30))])
def test_an_offset_keeps_its_lateral_acceleration(tmp_path: Path, shape: str, time: float) -> None:
    played = play_yaml(tmp_path, one(f"{{offset: 1.5, acceleration: 0.3, shape: {shape}}}"), 10.0)
    part = np.clip((played.time - 1.0) / time, 0.0, 1.0)
    assert played.offset[:, 1] == pytest.approx(1.5 * SHAPES[shape][0](part), abs=1e-9)
    assert abs(np.diff(played.offset[:, 1], 2)).max() / PERIOD**2 == pytest.approx(0.3, rel=0.02)


def test_a_path_is_followed_in_time(tmp_path: Path) -> None:
    played = play_yaml(tmp_path, one("{path: [[0, 100, -1.75], [2, 110, 1.75], [5, 110, 3.75]]}"), 8.0)
    at = np.clip(played.time - 1.0, 0.0, 5.0)
    assert played.s[101:, 1] == pytest.approx(np.interp(at, [0, 2, 5], [100, 110, 110])[101:], abs=1e-9)
    assert played.t[101:, 1] == pytest.approx(np.interp(at, [0, 2, 5], [-1.75, 1.75, 3.75])[101:], abs=1e-9)
    assert played.speed[-1, 1] == 0.0


def test_an_actor_on_a_path_faces_the_way_it_goes(tmp_path: Path) -> None:
    played = play_yaml(tmp_path, one("{path: [[0, 100, 0], [2, 110, 0], [4, 110, 5], [6, 100, 5]]}"), 9.0)
    headings = [played.heading[round((1 + at) / PERIOD), 1] for at in (1, 3, 5, 7)]
    assert headings == pytest.approx([0.0, math.pi / 2, math.pi, math.pi])


BENT = HEAD.replace(
    "{length: 2000}",
    "{length: 60}, {length: 7, curvature: [0, 0.1]}, {length: 8.71, curvature: 0.1}, {length: 7, curvature: [0.1, 0]}, "
    "{length: 60}",
)


def test_a_path_in_the_plane_is_straight_there(tmp_path: Path) -> None:
    """Across a bend, from its outside to its inside, as an oncoming target comes that the ego turns in front of."""
    path = "{frame: plane, path: [[0, 143, 1.75], [14, 3, 1.75], [15, 3, 6]]}"
    played = play_yaml(tmp_path, BENT + f"  - {{name: e, actor: other, when: [{{time: 1 s}}], do: [{path}]}}", 16.0)
    at = np.clip(played.time - 1.0, 0.0, 15.0)
    x, y = np.array([to_world(played.line, *place)[:2] for place in zip(played.s[:, 1], played.t[:, 1], strict=True)]).T
    assert np.abs(x - np.interp(at, [0, 14, 15], [143, 3, 3]))[101:].max() < 0.006
    assert np.abs(y - np.interp(at, [0, 14, 15], [1.75, 1.75, 6]))[101:].max() < 0.006
    assert played.speed[301:1300, 1] == pytest.approx(np.full(999, 10.0), rel=0.02)
    ways = played.heading[102:1500, 1] + np.array([to_world(played.line, s, 0.0)[2] for s in played.s[102:1500, 1]])
    assert np.abs(np.sin(ways)).max() < 0.05
    assert np.cos(ways).max() < 0.0


@pytest.mark.parametrize(("x", "y"), [(-5.0, 1.0), (61.0, 40.0)])
def test_a_path_keeps_beside_the_road(tmp_path: Path, x: float, y: float) -> None:
    """Not behind its start, and not through the centre of a bend, where road coordinates jump."""
    path = f"{{frame: plane, path: [[0, 50, 1], [4, {x}, {y}]]}}"
    with pytest.raises(DiagnosticError) as caught:
        play_yaml(tmp_path, BENT + f"  - {{name: e, actor: other, when: [{{time: 1 s}}], do: [{path}]}}", 1.0)
    (fault,) = caught.value.diagnostics
    assert fault.code == "S009" and fault.span is not None and fault.span.line == 9


def test_steps_happen_at_once(tmp_path: Path) -> None:
    played = play_yaml(tmp_path, one("{speed: 3}, {lane: -2}, {offset: 0.5}"), 3.0)
    assert played.speed[99:101, 1].tolist() == [10.0, 3.0]
    assert played.t[99:101, 1].tolist() == [-1.75, -4.75]


def test_actors_stand_where_they_are_put(tmp_path: Path) -> None:
    text = """
    name: places
    duration: 60
    road: {line: [{length: 2000}], left: [3.5], right: [3.5]}
    actors:
      back: {behind: ego, time_gap: 2 s, speed: 36 km/h, size: [5, 2]}
      ego: {lane: -1, at: 100, speed: 10, size: [4, 2]}
      coming: {lane: 1, at: 500, speed: 10}
    """
    played = play_yaml(tmp_path, text, 1.0)
    assert played.s[0].tolist() == [100 - 20 - 2 - 2.5, 100.0, 500.0]
    assert played.t[0].tolist() == [-1.75, -1.75, 1.75]
    assert played.s[-1, 2] == pytest.approx(500 - 9.9)


@pytest.mark.parametrize(
    ("when", "first"),
    [
        ("{time: 2 s}", 200),
        ("{time: 0}", 0),
        ("{time: 1 s, delay: 0.5 s}", 150),
        # The ego starts 20 m behind and gains 1 m/s from the second second on.
        ("{gap: [ego, other], below: 15}", 601),
        ("{headway: [ego, other], below: 1.5 s}", 451),
        ("{ttc: [ego, other], below: 12}", 901),
        ("{speed_of: ego, above: 10.5}", 101),
        ("{collision: [ego, other]}", 2101),
    ],
)
def test_a_trigger_fires_at_its_tick(tmp_path: Path, when: str, first: int) -> None:
    text = (
        HEAD
        + f"""
  - {{name: faster, actor: ego, when: [{{time: 1 s}}], do: [{{speed: 11}}]}}
  - {{name: e, actor: other, when: [{when}], do: [{{lane: -2}}]}}
"""
    )
    played = play_yaml(tmp_path, text, 25.0)
    changed = int(np.argmax(played.lane[:, 1] == -2.0))
    assert played.lane[-1, 1] == -2.0
    assert abs(changed - first) <= 1


def test_an_event_waits_for_another_and_for_its_delay(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
  - {name: slow, actor: other, when: [{time: 1 s}], do: [{name: brake, speed: 5, rate: 5}]}
  - {name: go, actor: other, when: [{after: brake, delay: 2 s}], do: [{speed: 12}]}
  - {name: last, actor: other, when: [{after: go}], do: [{lane: -2}]}
"""
    )
    played = play_yaml(tmp_path, text, 6.0)
    assert int(np.argmax(played.speed[:, 1] == 5.0)) == 200
    assert int(np.argmax(played.speed[:, 1] == 12.0)) == 400
    assert int(np.argmax(played.lane[:, 1] == -2.0)) == 401


def test_a_new_speed_overrides_the_one_before_and_leaves_the_lane_alone(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
  - {name: a, actor: other, when: [{time: 1 s}], do: [{speed: 30, rate: 1}, {lane: -2, time: 4}]}
  - {name: b, actor: other, when: [{time: 3 s}], do: [{speed: 6, rate: 2}]}
"""
    )
    played = play_yaml(tmp_path, text, 8.0)
    assert played.speed[300, 1] == pytest.approx(12.0)
    assert played.speed[400, 1] == pytest.approx(10.0)
    assert played.offset[500, 1] == 0.0 and played.lane[500, 1] == -2.0


def test_a_run_stops_at_its_stop(tmp_path: Path) -> None:
    text = HEAD + "  - {name: a, actor: other, when: [{time: 1 s}], do: [{speed: 0, rate: 10}]}\n"
    played = play_yaml(tmp_path, text + "stop: [{time: 9}, {standstill: other, for: 2 s}]", 20.0)
    assert abs(len(played.s) - 401) <= 1


def test_on_a_bend_the_outer_lane_is_longer(tmp_path: Path) -> None:
    text = """
    name: bend
    duration: 60
    road: {line: [{length: 1000, curvature: 0.01}], left: [4], right: [4]}
    actors:
      ego: {lane: -1, at: 0, speed: 10}
      inner: {lane: 1, at: 500, speed: 10}
    """
    played = play_yaml(tmp_path, text, 10.01)
    assert played.s[-1] == pytest.approx([100 / 1.02, 500 - 100 / 0.98], abs=1e-9)
