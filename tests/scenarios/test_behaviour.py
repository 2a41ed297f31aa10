"""What the flagship does: contracts in f32 on scenarios and at the corners of the assumptions, and good driving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.pipeline import check_file
from tests.support.corners import corner_runs
from tests.support.flagship import PIPELINE, SCENARIOS, Monitored, Streams, misbehaviour, scenario_inputs

CORNERS, CORNER_TICKS = 150, 400


@pytest.fixture(scope="module")
def flagship(tmp_path_factory: pytest.TempPathFactory) -> Monitored:
    return Monitored.of(check_file(str(PIPELINE)), tmp_path_factory.mktemp("flagship"))


def test_there_are_scenarios() -> None:
    assert {"cut_in", "hard_braking", "stop_and_go", "euro_ncap_ccrb", "radar_loss", "highway_cut_in"} == set(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_keeps_assumptions_and_contracts_and_goes_well(flagship: Monitored, scenario: str) -> None:
    streams = flagship.run(*scenario_inputs(flagship.node, scenario))
    assert flagship.left_its_assumptions(streams) == []
    assert flagship.broken(streams) == {}
    assert misbehaviour(scenario, streams) == []


def test_contracts_hold_at_the_corners_of_the_assumptions(flagship: Monitored) -> None:
    shielded = 0
    for inputs in corner_runs(CORNERS, CORNER_TICKS, seed=7):
        streams = flagship.run(inputs, CORNER_TICKS)
        assert flagship.left_its_assumptions(streams) == []
        assert flagship.broken(streams) == {}
        shielded += bool(streams["command.shielded"].any())
    assert shielded > CORNERS / 2, "the corners are where the shield is needed"


def test_without_the_shield_the_car_collides(tmp_path: Path) -> None:
    """The scenarios are hard enough to tell: the same runs end in a collision when the shield is removed."""
    from tests.mutants.mutants import MUTANTS
    from tests.mutants.runner import sow

    removed = next(m for m in MUTANTS if m.name == "shield removed")
    unshielded = Monitored.of(check_file(str(sow(removed, tmp_path))), tmp_path)
    streams = unshielded.run(*scenario_inputs(unshielded.node, "hard_braking"))
    assert float(streams["gap"].min()) < 0.0
    assert "no collision" in unshielded.broken(streams)


@pytest.mark.parametrize("gap", [12.0, 40.0])
@pytest.mark.parametrize("braking", [2.0, 6.0])
def test_all_tests_of_euro_ncap_ccrb(flagship: Monitored, gap: float, braking: float) -> None:
    inputs, _ = scenario_inputs(flagship.node, "euro_ncap_ccrb")
    ticks = 1500
    streams = flagship.run(
        _longer(inputs, ticks)
        | {
            "target_gap": np.full(ticks, gap, dtype=np.float32),
            "lead_acceleration": np.where(np.arange(ticks) < 100, 0.0, -braking).astype(np.float32),
        },
        ticks,
    )
    assert flagship.left_its_assumptions(streams) == []
    assert flagship.broken(streams) == {}
    assert _stopped(streams)


@pytest.mark.parametrize("slower", [10, 20, 30, 40, 50])
@pytest.mark.parametrize("speed", [60, 90, 120])
def test_cut_ins_that_the_regulation_asks_to_avoid(flagship: Monitored, speed: int, slower: int) -> None:
    """UN Regulation 157, 5.2.5.2: no collision if TTC exceeds v_rel / 12 m/s² + 0.35 s; closer than what is proved."""
    relative = slower / 3.6
    distance = relative * (relative / 12.0 + 0.35) + 0.01
    ticks = 1200
    cut_in = np.arange(ticks) == 200
    inputs, _ = scenario_inputs(flagship.node, "cut_in")

    def before_and_after(before: float, after: float) -> Any:
        return np.where(np.arange(ticks) < 200, before, after).astype(np.float32)

    streams = flagship.run(
        _longer(inputs, ticks)
        | {
            "v_set": np.full(ticks, speed / 3.6, dtype=np.float32),
            "start_speed": np.full(ticks, speed / 3.6, dtype=np.float32),
            "target_gap": before_and_after(290.0, distance),
            "target_speed": before_and_after(speed / 3.6, speed / 3.6 - relative),
            "cut_in": cut_in,
            "radar_lost": np.zeros(ticks, dtype=np.bool_),
        },
        ticks,
    )
    assert flagship.left_its_assumptions(streams) == ["acc.shield.targets appear at a safe distance"]
    assert float(streams["gap"].min()) > 0.0


@pytest.mark.parametrize("speed", [16.7, 30.0, 36.0])
def test_the_shield_is_silent_in_steady_following(flagship: Monitored, speed: float) -> None:
    """The lead's speed varies by 5 m/s with 1 m/s² (the ASAM ALKS scenario 4.3_1)."""
    ticks = 3000
    inputs, _ = scenario_inputs(flagship.node, "stop_and_go")
    phase = np.arange(ticks) % 2000
    wave = np.where(phase < 500, -1.0, np.where(phase < 1000, 1.0, 0.0)).astype(np.float32)
    constant = {
        "v_set": speed + 5.0,
        "start_speed": speed,
        "target_gap": 1.8 * speed + 4.0,
        "target_speed": speed,
    }
    always = {name: np.full(ticks, value, dtype=np.float32) for name, value in constant.items()}
    streams = flagship.run(_longer(inputs, ticks) | always | {"lead_acceleration": wave}, ticks)
    assert flagship.left_its_assumptions(streams) == []
    assert flagship.broken(streams) == {}
    assert not streams["command.shielded"].any()


def _longer(inputs: dict[str, Any], ticks: int) -> dict[str, Any]:
    """Inputs for ``ticks`` ticks; what a scenario is too short for starts again."""
    return {name: [values[i % len(values)] for i in range(ticks)] for name, values in inputs.items()}


def _stopped(streams: Streams) -> bool:
    """The controller creeps the last metre to its distance at standstill."""
    return float(streams["speed"][-1]) < 0.8 and 0.5 <= float(streams["gap"][-1]) <= 6.0
