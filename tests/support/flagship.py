"""The flagship pipeline for tests: its scenarios, its exported C with the contracts as outputs, what it must do.

Compiling the C takes less than a second, so that every mutant of the pipeline can be run on all scenarios.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.export_c.package import Package, package
from syncml.export_c.runner import build
from syncml.export_c.vectors import Vectors, decode_results, encode
from syncml.ir.equations.syntax import Node, PropertyKind
from syncml.pipeline import Checked, step_code
from syncml.scenario.load import load_scenario
from syncml.scenario.values import inputs_of, ticks_of
from syncml.sim.inputs import prepare
from syncml.sim.monitor import clause_name

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "highway_acc"
PIPELINE = FOLDER / "pipeline.py"
SCENARIOS = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != "connection"))

Streams = Mapping[str, NDArray[Any]]
"""Values by name; the first axis is the tick."""


def scenario_inputs(node: Node, name: str) -> tuple[dict[str, Any], int]:
    """The inputs of a scenario, and its length in ticks."""
    scenario = load_scenario(FOLDER / f"{name}.yaml")
    ticks = ticks_of(scenario, node)
    return inputs_of(scenario, node, ticks), ticks


def arrays(node: Node, inputs: Mapping[str, Any], ticks: int) -> dict[str, NDArray[Any]]:
    """Inputs as arrays of their machine types."""
    return {var.name: column.values for var, column in prepare(node, inputs, ticks).items()}


@dataclass(frozen=True, slots=True)
class Monitored:
    """A pipeline as an executable that shows its outputs and the truth of every clause."""

    node: Node
    exported: Package
    folder: Path
    executable: Path

    @staticmethod
    def of(checked: Checked, folder: Path) -> Monitored:
        """Compile the C of a program into ``folder``."""
        node = checked.flat
        clauses = {p.holds.name for p in node.properties}
        shown = clauses | {v.name for v in node.outputs} | {"acc.track.gap"}
        exported = package(step_code(checked, frozenset(shown), flat=True))
        return Monitored(node, exported, folder, build(exported, folder, "gcc", ("-O1",)))

    def run(self, inputs: Mapping[str, Any], ticks: int) -> Streams:
        """Outputs, the tracked gap, and clauses at each tick."""
        given = arrays(self.node, inputs, ticks)
        vectors, results = self.folder / "vectors.bin", self.folder / "results.bin"
        vectors.write_bytes(encode(self.exported.leaves, Vectors(ticks, given)))
        subprocess.run([str(self.executable), str(vectors), str(results)], check=True, capture_output=True)
        return decode_results(self.exported.leaves, results.read_bytes()).outputs

    def broken(self, streams: Streams) -> dict[str, int]:
        """The promises that fail before or when an assumption does, and the tick at which each first fails."""
        failed = {
            (clause_name(p), p.kind is PropertyKind.ASSUME): int(np.argmin(streams[p.holds.name]))
            for p in self.node.properties
            if not streams[p.holds.name].all()
        }
        left = min((tick for (_, assumed), tick in failed.items() if assumed), default=len(streams["gap"]))
        return {name: tick for (name, assumed), tick in failed.items() if not assumed and tick < left}

    def left_its_assumptions(self, streams: Streams) -> list[str]:
        """The assumptions that a run does not meet."""
        return [
            clause_name(p)
            for p in self.node.properties
            if p.kind is PropertyKind.ASSUME and not streams[p.holds.name].all()
        ]


DEGRADED = 1
RADAR_PERIOD = 4
RADAR_ERROR = 0.5 / 3.0**0.5
"""Root mean square of an error that is evenly distributed within 0.5 m."""
SHIELD_ACTS = frozenset({"hard_braking", "radar_loss"})
"""The scenarios that comfort braking does not settle; in all others the shield must keep out."""


def misbehaviour(name: str, streams: Streams) -> list[str]:
    """What a run of a committed scenario does not do as it should, beyond the contracts."""
    gap, speed, lead = streams["gap"], streams["speed"], streams["lead_speed"]
    degraded = np.flatnonzero(streams["command.mode"] == DEGRADED)
    braked = bool(streams["command.shielded"].any())
    faults: list[str] = []

    def must(holds: bool, what: str) -> None:
        if not holds:
            faults.append(f"{name}: {what}")

    must(braked == (name in SHIELD_ACTS), "the shield acts only where comfort braking does not do")
    if name == "radar_loss":
        # The last valid frame is at tick 496; the third one after the loss at 708.
        must(degraded.size > 0 and (int(degraded[0]), int(degraded[-1])) == (527, 707), "degraded from 527 to 707")
        must(float(streams["command.acceleration"][527:600].min()) <= -1.9, "slows down without a radar")
    else:
        must(not degraded.size, "the radar can be relied upon")
        off = (streams["acc.track.gap"] - gap)[::RADAR_PERIOD]
        must(float(np.sqrt(np.mean(off * off))) <= 0.5 * RADAR_ERROR, "the tracker halves the radar's error")
    if name == "stop_and_go":
        must(2.5 <= float(gap[-1]) <= 4.5 and float(speed[-1]) <= 0.2, "stops 2.5 m to 4.5 m behind the lead")
        must(float(gap.max()) <= 26.0, "does not fall behind")
    if name in ("cut_in", "highway_cut_in"):
        wanted = 4.0 + streams["command.headway"][-1] * speed[-1]
        must(abs(float(gap[-1] - wanted)) <= 1.0, "keeps the time gap in the end")
        must(abs(float(speed[-1] - lead[-1])) <= 0.4, "drives as fast as the lead in the end")
        least = 1.4 if name == "cut_in" else 1.6
        must(least <= float(streams["command.headway"][-1]) <= least + 0.2, "chooses the time gap of the reference")
    if name in ("hard_braking", "euro_ncap_ccrb"):
        must(float(speed[-1]) == 0.0 and float(gap[-1]) <= 3.0, "stops behind the lead")
    return faults
