"""What `syncml demo` runs: every scenario beside the pipeline, and nothing else that lies there."""

from __future__ import annotations

from syncml.demo import scenarios
from syncml.pipeline import check_file
from tests.support.flagship import PIPELINE


def test_the_scenarios_of_the_demo_are_those_beside_the_pipeline() -> None:
    found = {name: ticks for name, _, ticks in scenarios(check_file(str(PIPELINE)), PIPELINE.parent)}
    assert found.keys() >= {"cut_in", "hard_braking", "radar_loss", "stop_and_go"}
    assert "connection" not in found
    assert all(ticks > 0 for ticks in found.values())
