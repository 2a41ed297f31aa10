"""The ALKS scenarios of ASAM, from the folder that ``SYNCML_TEST_DATA`` names: ``make test-data``."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from syncml.pipeline import Checked, check_file
from syncml.scenario.closed_loop import run_compiled
from syncml.scenario.many import ManyRuns, Programs
from syncml.scenario.suite import Outcome, chosen, judge
from syncml.scenario.templates import find_connection, read_template
from syncml.sim.compiled import Simulation, compile_program
from syncml.sim.monitor import monitor
from tests.support.actors import play

FLAGSHIP = Path(__file__).resolve().parents[2] / "scenarios" / "highway_acc" / "pipeline.py"
FOLDER = Path(os.environ.get("SYNCML_TEST_DATA", "")) / "openscenario" / "alks"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir() or "SYNCML_TEST_DATA" not in os.environ,
    reason="no ALKS scenarios: set SYNCML_TEST_DATA to a folder with openscenario/alks",
)

COUNTS = {
    "4_1_1_free_driving": (12, 12),
    "4_1_2_swerving_lead_vehicle": (300, 300),
    "4_1_3_side_vehicle": (1200, 1200),
    "4_2_1_fully_blocking_target": (360, 360),
    "4_2_2_partially_blocking_target": (6120, 6120),
    "4_2_3_crossing_pedestrian": (120, 120),
    "4_2_4_multiple_blocking_targets": (1800, 1800),
    "4_3_1_follow_lead_vehicle_comfortable": (2400, 2100),
    "4_3_2_follow_lead_vehicle_emergency_brake": (1400, 1225),
    "4_3_2_follow_lead_vehicle_emergency_brake_variation_reference": (3000, 2700),
    "4_4_1_cut_in_no_collision": (52500, 29750),
    "4_5_1_cut_out_fully_blocking": (8640, 8040),
    "4_5_2_cut_out_multiple_blocking_targets": (43200, 40200),
    "4_6_1_forward_detection_range": (6, 6),
    "4_6_2_lateral_detection_range": (2, 2),
}
"""Of each variation the runs, and those that the constraints of its scenario admit."""


def variation(name: str) -> Path:
    return FOLDER / f"alks_scenario_{name if 'variation' in name else name + '_variation'}.xosc"


@pytest.mark.parametrize("name", COUNTS)
def test_a_variation_has_as_many_runs_as_its_authors_say(name: str) -> None:
    runs = read_template(variation(name)).runs
    admitted = sum(int(runs.admitted(numbers).sum()) for numbers in runs.chunks())
    assert (runs.count, admitted) == COUNTS[name]


def test_there_are_121060_runs_and_nothing_is_left_over() -> None:
    assert sum(runs for runs, _ in COUNTS.values()) == 121_060
    assert {p.name for p in FOLDER.glob("*.xosc")} == {variation(name).name for name in COUNTS}


@pytest.mark.parametrize("path", sorted((FOLDER / "concrete_scenarios").glob("*.xosc")), ids=lambda p: p.stem)
def test_a_scenario_runs_with_its_declared_values(path: Path) -> None:
    played = play(read_template(path), 30.0, period=0.05)
    assert np.isfinite(played.s).all() and np.isfinite(played.t).all() and np.isfinite(played.speed).all()


def test_the_cut_in_starts_at_its_distance_and_keeps_its_lateral_speed() -> None:
    played = play(
        read_template(FOLDER / "concrete_scenarios" / "alks_scenario_4_4_1_cut_in_no_collision_template.xosc"), 30
    )
    ego, other = 0, 1
    assert played.speed[0].tolist() == pytest.approx([60 / 3.6, 40 / 3.6])
    moving = np.flatnonzero(np.abs(np.diff(played.t[:, other])) > 0)
    # The boxes are 5 m long about a point 1.4 m before the rear axle; 30 m lie between them.
    assert played.s[moving[0], other] - played.s[moving[0], ego] == pytest.approx(30 + 5, abs=0.1)
    assert np.abs(np.diff(played.t[:, other])).max() / 0.01 == pytest.approx(2.0, rel=1e-3)
    assert len(moving) * 0.01 == pytest.approx(3.5 * np.pi / 2 / 2.0, abs=0.02)


def test_the_pedestrian_meets_the_ego_in_the_middle_of_its_lane() -> None:
    played = play(
        read_template(FOLDER / "concrete_scenarios" / "alks_scenario_4_2_3_crossing_pedestrian_template.xosc"), 40
    )
    front = played.s[:, 0] + 1.4 + 2.5
    meets = int(np.argmax(front >= played.s[:, 1] - 0.25))
    assert played.t[meets, 1] == pytest.approx(played.t[meets, 0], abs=0.05)


@pytest.mark.parametrize("name", COUNTS)
def test_runs_together_are_the_runs_alone(name: str, pipeline: tuple[Checked, Programs, Simulation]) -> None:
    checked, programs, simulation = pipeline
    template = read_template(variation(name), find_connection(None, FLAGSHIP))
    runs = chosen(template, 3)[0]
    found = [o for rows in ManyRuns(programs, template).rows(np.array(runs)) for o in rows.outcomes()]
    for run, outcome in zip(runs, found, strict=True):
        ticks, scene = template.ticks(checked.flat, run), template.scene(checked.flat, run)
        assert scene is not None
        alone = run_compiled(simulation, scene, template.values(checked.flat, ticks, run), ticks)
        verdict, clause, tick = judge(monitor(checked.flat, alone.trace), alone.collision)
        assert outcome == Outcome(
            run, verdict, clause, tick, alone.collision is not None, alone.least_gap, alone.trace.ticks
        )


@pytest.fixture(scope="module")
def pipeline() -> tuple[Checked, Programs, Simulation]:
    checked = check_file(str(FLAGSHIP))
    clauses = frozenset(p.holds.name for p in checked.flat.properties)
    return checked, Programs(checked.program, checked.main), compile_program(checked.program, clauses)
