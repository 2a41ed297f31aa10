"""What a folder of results says of its sweep, as pydantic models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from syncml.sweep.rows import Summary
from syncml.sweep.tables import Form

Count = Annotated[int, Field(ge=0)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Written(BaseModel):
    """A mapping of the file; no key that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Part(Written):
    """A file of results.

    Attributes:
        number: The runs are those from ``number`` times the size of a part.
        file: Its name; empty if no run of it has a row.
        sha256: Of its contents.
        failing: The least numbers of the runs that fail.
    """

    number: Count
    file: str
    sha256: str
    runs: Count
    left_out: Count
    verdicts: tuple[Count, Count, Count]
    collisions: Count
    failing: tuple[Count, ...]

    def summary(self) -> Summary:
        """What became of its runs."""
        return Summary(self.runs, self.left_out, self.verdicts, self.collisions, self.failing)


class Trace(Written):
    """The trace of a failing run; ``sha256`` is of its CSV form, whatever the form of the file."""

    run: Count
    file: str
    sha256: Digest


class Manifest(Written):
    """The whole document; paths are relative to its folder."""

    schema_id: Literal["syncml/results/1"] = Field(default="syncml/results/1", alias="schema")
    version: str
    program: str
    node: str
    settings: dict[str, str]
    program_sha256: Digest
    scenario: str
    connection: str | None
    scenario_sha256: Digest
    seed: int
    runs: Annotated[int, Field(ge=1)]
    part: Annotated[int, Field(ge=1)]
    form: Form
    most_traces: Count
    parts: list[Part] = []
    traces: list[Trace] = []
    complete: bool = False

    def differences(self, other: Manifest) -> list[tuple[str, str, str, str]]:
        """What another sweep has otherwise: what, the value here and there, and how to undo it."""
        rows = (
            ("the program", "program_sha256", "undo the change of the program"),
            ("the scenario", "scenario_sha256", "undo the change of the scenario"),
            ("the seed", "seed", f"write --seed {self.seed}"),
            ("the number of runs", "runs", f"write --runs {self.runs}"),
            ("the form of the files", "form", f"write --files {self.form}"),
            ("the number of traces", "most_traces", f"write --traces {self.most_traces}"),
            ("the version of syncml", "version", f"install syncml {self.version}"),
        )
        return [
            (what, _short(getattr(self, key)), _short(getattr(other, key)), undo)
            for what, key, undo in rows
            if getattr(self, key) != getattr(other, key)
        ]


def _short(value: object) -> str:
    """A value, or the beginning of a digest."""
    text = str(value)
    return text[:12] if len(text) == 64 else text


def relative(path: Path, folder: Path) -> str:
    """A path as seen from a folder, so that both can be moved together."""
    return os.path.relpath(path.resolve(), folder.resolve())
