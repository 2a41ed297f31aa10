"""Catch every mutant of the flagship with the cheapest stage that does: `make mutants`.

Exit code 1 if a mutant survives, or is caught by another stage than the list says.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from syncml.diagnostics import DiagnosticError
from syncml.pipeline import Checked, check_file
from tests.mutants.mutants import MUTANTS, Mutant, Stage
from tests.support.corners import corner_runs
from tests.support.flagship import FOLDER, SCENARIOS, Monitored, misbehaviour, scenario_inputs

CORNERS, CORNER_TICKS = 60, 400
VERIFY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Catch:
    """The stage that caught a mutant, and all that it says."""

    stage: Stage
    findings: tuple[str, ...]

    def by(self, expected: str) -> bool:
        """Whether what was expected is among the findings."""
        return any(expected in finding for finding in self.findings)


def sow(mutant: Mutant, folder: Path) -> Path:
    """A copy of the flagship in ``folder`` with the edit; the path of its pipeline.

    Raises:
        ValueError: the text to replace does not occur exactly once.
    """
    copy = folder / "highway_acc"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    file = copy / mutant.file
    text = file.read_text("utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: the text to replace occurs {text.count(mutant.old)} times in {mutant.file}")
    file.write_text(text.replace(mutant.old, mutant.new), "utf-8")
    return copy / "pipeline.py"


def catch(mutant: Mutant, folder: Path, *, verify: bool = True) -> Catch | None:
    """What catches a mutant; None if it survives."""
    pipeline = sow(mutant, folder)
    try:
        checked = check_file(str(pipeline))
    except DiagnosticError as refused:
        return Catch(Stage.CHECK, tuple(found.code for found in refused.diagnostics))
    found = caught_by_runs(checked, folder)
    if found is None and verify:
        violated = violations(pipeline, "--property", mutant.by)
        found = Catch(Stage.VERIFY, violated) if violated else None
    return found


def caught_by_runs(checked: Checked, folder: Path) -> Catch | None:
    """Run the scenarios and the corners of the assumptions; contracts count before behaviour."""
    compiled = Monitored.of(checked, folder)
    broken: dict[str, None] = {}
    faults: list[str] = []
    for name in SCENARIOS:
        streams = compiled.run(*scenario_inputs(compiled.node, name))
        broken |= dict.fromkeys(compiled.broken(streams))
        faults += misbehaviour(name, streams)
    for inputs in corner_runs(CORNERS, CORNER_TICKS):
        broken |= dict.fromkeys(compiled.broken(compiled.run(inputs, CORNER_TICKS)))
    if broken:
        return Catch(Stage.RUN, tuple(broken))
    return Catch(Stage.TEST, tuple(faults)) if faults else None


def violations(pipeline: Path, *options: str, seconds: int = VERIFY_SECONDS) -> tuple[str, ...]:
    """The properties for which `syncml verify` finds a run that breaks them; it replays each run itself."""
    command = [sys.executable, "-m", "syncml", "verify", str(pipeline), "--format", "json", "--timeout", str(seconds)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(f"syncml verify ended with {done.returncode}: {done.stderr}")
    properties = json.loads(done.stdout)["properties"]
    return tuple(each["name"] for each in properties if each["verdict"] == "violated")


def main() -> int:
    """Run the mutants and print a table."""
    parser = argparse.ArgumentParser(description="Catch every mutant of the flagship.")
    parser.add_argument("--quick", action="store_true", help="leave out the mutants that only a proof catches")
    parser.add_argument("words", nargs="*", help="only mutants whose name contains one of these")
    arguments = parser.parse_args()
    chosen = [m for m in MUTANTS if not arguments.words or any(word in m.name for word in arguments.words)]
    if arguments.quick:
        chosen = [m for m in chosen if m.stage is not Stage.VERIFY]
    wrong = 0
    for mutant in chosen:
        start = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="syncml-mutant-") as folder:
            found = catch(mutant, Path(folder))
        as_listed = found is not None and found.stage is mutant.stage and found.by(mutant.by)
        wrong += not as_listed
        stage = found.stage.value if found else "SURVIVES"
        said = "; ".join(found.findings[:3]) if found else ""
        if not as_listed:
            said = f"EXPECTED {mutant.stage.value}, {mutant.by!r}; {said}"
        print(f"{stage:9} {time.perf_counter() - start:5.1f} s  {mutant.name}: {said}", flush=True)
    print(f"{len(chosen)} mutants, {len(chosen) - wrong} caught as listed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
