"""Continuous actions of OpenSCENARIO: an actor goes with another one until something else is asked of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from syncml.diagnostics.model import DiagnosticError
from syncml.scenario.templates import read_template
from tests.support import openscenario as x
from tests.support.actors import PERIOD, Played, play

BRAKE = x.speed("4", "linear", "rate", "2")


def along(more: str, limits: str = "") -> str:
    return f"""<PrivateAction><LongitudinalAction>
      <LongitudinalDistanceAction entityRef="Ego" continuous="true" {more}>{limits}</LongitudinalDistanceAction>
      </LongitudinalAction></PrivateAction>"""


def across(more: str) -> str:
    return f"""<PrivateAction><LateralAction><LateralDistanceAction entityRef="Ego" continuous="true" {more}/>
      </LateralAction></PrivateAction>"""


def played(folder: Path, *stories: str, seconds: float = 8.0) -> Played:
    text = x.scenario("".join(s.replace("story", f"story{i}") for i, s in enumerate(stories)), stop=x.at("40"))
    return play(read_template(x.write(folder, text)), seconds)


def other(*events: str) -> str:
    return x.story("".join(events))


def ego(*events: str) -> str:
    return x.story("".join(events), "Ego")


def test_a_distance_is_kept(tmp_path: Path) -> None:
    """It is there at once, and stays to within what a tick of braking makes of it."""
    keep = along('freespace="true" distance="15" displacement="trailingReferencedEntity"')
    found = played(tmp_path, other(x.event("keep", x.at("1"), keep)), ego(x.event("brake", x.at("3"), BRAKE)))
    assert found.s[102, 1] == pytest.approx(found.s[102, 0] - 19.0)
    assert found.s[102:, 0] - found.s[102:, 1] == pytest.approx(np.full(698, 19.0), abs=0.06)
    assert found.speed[-1] == pytest.approx([4.0, 4.0], abs=0.01)


def test_a_distance_is_taken_within_limits(tmp_path: Path) -> None:
    """From 40 m ahead to 10 m ahead: it falls back, no faster than it may speed up again, and settles."""
    keep = along(
        'freespace="false" distance="10" displacement="leadingReferencedEntity"',
        '<DynamicConstraints maxAcceleration="1" maxDeceleration="3" maxSpeed="30"/>',
    )
    found = played(tmp_path, other(x.event("keep", x.at("1"), keep)), seconds=20.0)
    apart, gained = found.s[:, 1] - found.s[:, 0], np.diff(found.speed[:, 1]) / PERIOD
    assert apart[101] == pytest.approx(40.0)
    assert apart[-1] == pytest.approx(10.0, abs=0.05)
    assert apart.min() > 9.9
    assert gained.min() >= -3.0 - 1e-9 and gained.min() < -2.9
    assert gained.max() <= 1.0 + 1e-9 and gained.max() > 0.9
    assert found.speed[:, 1].min() >= 0.0


def test_a_time_gap_is_kept_and_no_limit_of_speed_is_passed(tmp_path: Path) -> None:
    keep = along(
        'freespace="true" timeGap="3" displacement="leadingReferencedEntity"', '<DynamicConstraints maxSpeed="12"/>'
    )
    fast = x.event("fast", x.at("6"), x.speed("20", "linear", "time", "2"))
    found = played(tmp_path, other(x.event("keep", x.at("1"), keep)), ego(fast), seconds=10.0)
    assert found.s[590, 1] - found.s[590, 0] == pytest.approx(4.0 + 3.0 * 10.0, abs=0.2)
    assert found.speed[:, 1].max() == 12.0 == found.speed[-1, 1]


def test_a_speed_goes_with_another(tmp_path: Path) -> None:
    """Until the next action, from which on it is held."""
    follow = x.speed("0", "linear", "time", "1").replace(
        '<AbsoluteTargetSpeed value="0"/>',
        '<RelativeTargetSpeed entityRef="Ego" value="3" speedTargetValueType="delta" continuous="true"/>',
    )
    end = x.event("end", x.at("5"), x.speed("2"))
    found = played(tmp_path, other(x.event("go", x.at("1"), follow), end), ego(x.event("brake", x.at("2.5"), BRAKE)))
    assert found.speed[151, 1] == pytest.approx(11.5, abs=0.05)
    assert found.speed[201:500, 1] == pytest.approx(found.speed[200:499, 0] + 3.0)
    assert found.speed[300, 0] == pytest.approx(9.0)
    assert (found.speed[502:, 1] == 2.0).all()


@pytest.mark.parametrize(
    ("side", "freespace", "t"),
    [("left", "false", 1.0), ("right", "false", -1.0), ("left", "true", 3.0), ("right", "true", -3.0)],
)
def test_an_actor_stays_beside_another(tmp_path: Path, side: str, freespace: str, t: float) -> None:
    beside = across(f'freespace="{freespace}" distance="1" displacement="{side}ToReferencedEntity"')
    swerve = """<PrivateAction><LateralAction><LaneOffsetAction continuous="true">
      <LaneOffsetActionDynamics dynamicsShape="sinusoidal" maxLateralAcc="0.4"/>
      <LaneOffsetTarget><AbsoluteTargetLaneOffset value="1"/></LaneOffsetTarget></LaneOffsetAction></LateralAction>
      </PrivateAction>"""
    found = played(tmp_path, other(x.event("keep", x.at("1"), beside)), ego(x.event("swerve", x.at("2"), swerve)))
    assert found.t[-1, 0] == pytest.approx(-0.5)
    assert found.t[102:, 1] - found.t[102:, 0] == pytest.approx(np.full(698, t), abs=0.02)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            along('freespace="true" distance="9"', '<DynamicConstraints maxSpeed="9" maxAccelerationRate="2"/>'),
            "maxAccelerationRate='2' of <DynamicConstraints>",
        ),
        (
            along('freespace="true" distance="9"', "<DynamicConstraints/>").replace(
                '"true" freespace', '"false" freespace'
            ),
            "<DynamicConstraints> in <LongitudinalDistanceAction>",
        ),
        (across('freespace="true" distance="1" displacement="any"'), "displacement='any' of <LateralDistanceAction>"),
        (
            across('freespace="true" distance="1" displacement="leftToReferencedEntity" coordinateSystem="world"'),
            "coordinateSystem='world' of <LateralDistanceAction>",
        ),
    ],
)
def test_what_is_not_kept_is_said(tmp_path: Path, action: str, message: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        played(tmp_path, other(x.event("keep", x.at("1"), action)))
    assert [(d.code, d.message) for d in caught.value.diagnostics] == [("S010", f"{message} is not supported")]
