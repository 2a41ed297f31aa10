"""What became of a sweep, for people and as JSON; the schema `sweep` is published in syncml/cli/schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from syncml.cli.output import echo
from syncml.cli.tables import print_table
from syncml.diagnostics.json_format import Document

if TYPE_CHECKING:
    from syncml.cli.request import Request
    from syncml.sweep.plan import Sweep
    from syncml.sweep.store import Store

SHOWN = 5
"""How many failing runs are named."""
TINTS = {"failed": "bold red", "outside": "yellow"}


class SweepModel(Document):
    """The whole document."""

    schema_id: Literal["syncml/sweep/1"] = Field(default="syncml/sweep/1", alias="schema")
    file: str
    scenario: str
    engine: str
    out: str = Field(description="The folder of the results.")
    parts: list[str] = Field(description="The files with the rows, in the order of the runs.")
    seed: int
    runs: int = Field(ge=1)
    left_out: int = Field(ge=0, description="Those that constraints rule out.")
    passed: int = Field(ge=0)
    failed: int = Field(ge=0)
    outside: int = Field(ge=0, description="An assumption of the program failed first.")
    collisions: int = Field(ge=0)
    before: int = Field(ge=0, description="Those that were there when the command began.")
    time_s: float = Field(ge=0)
    failing: list[int] = Field(description="The least numbers of failing runs, as many as traces are kept.")


def print_sweep(request: Request, made: Sweep, store: Store, before: int, seconds: float) -> None:
    """Print a table, and how to make a failing run again; in long form, all of them whose traces are kept."""
    total = store.summary
    row = (total.runs, total.left_out, *total.verdicts, total.collisions)
    titles = ("scenario", "runs", "left out", "passed", "failed", "outside", "collisions")
    print_table(titles, [(made.plan.scenario.name, *map(str, row))], TINTS)
    echo()
    named = total.failing if request.verbose else total.failing[:SHOWN]
    for run in named:
        kept = next((f", its trace is in {store.folder / t.file}" for t in store.manifest.traces if t.run == run), "")
        echo(f"run {run} fails{kept}; again: syncml replay {store.folder} {run}")
    if named and total.verdicts[1] > len(named):
        echo(f"and {total.verdicts[1] - len(named):,} more, in the results")
    were = f"; {before:,} were there" if before else ""
    files = len([part for part in store.manifest.parts if part.file])
    echo(f"{request.target}: {total.runs - before:,} runs in {seconds:.1f} s{were}")
    echo(f"results: {store.folder}, {files} {'file' if files == 1 else 'files'} ({store.manifest.form})")


def render_sweep(target: str, made: Sweep, store: Store, engine: str, before: int, seconds: float) -> str:
    """The document that the schema describes."""
    total = store.summary
    document = SweepModel(
        file=target,
        scenario=str(made.plan.scenario),
        engine=engine,
        out=str(store.folder),
        parts=[part.file for part in store.manifest.parts if part.file],
        seed=made.identity.seed,
        runs=total.runs,
        left_out=total.left_out,
        passed=total.verdicts[0],
        failed=total.verdicts[1],
        outside=total.verdicts[2],
        collisions=total.collisions,
        before=before,
        time_s=seconds,
        failing=list(total.failing),
    )
    return json.dumps(document.model_dump(by_alias=True), indent=2, allow_nan=False) + "\n"
