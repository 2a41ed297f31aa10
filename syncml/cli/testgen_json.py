"""The JSON document of `syncml testgen`, as pydantic models; its schema is published in syncml/cli/schemas."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from syncml.diagnostics.json_format import Document, SpanModel, span_model
from syncml.diagnostics.source import Sources
from syncml.verify.testgen import NotReached, Suite, Unreachable

if TYPE_CHECKING:
    from syncml.diagnostics import Span
    from syncml.verify.traps import Goal

SchemaId = Literal["syncml/testgen/1"]
SCHEMA_ID: SchemaId = "syncml/testgen/1"

LONGEST_TEXT = 60
"""A longer condition is cut in reports."""


class GoalModel(Document):
    """Something that the suite should do. What does not apply to its status is null."""

    aspect: Literal["condition", "decision", "mode", "transition", "pair"]
    value: str = Field(description="`true` or `false`, a mode, or two of them: `IDLE -> BUSY`.")
    text: str = Field(description="The name of the stream, or the condition in the source.")
    place: SpanModel
    status: Literal["covered", "unreachable", "not_reached"]
    test: str | None = Field(description="The first test that reaches it.")
    tick: int | None = Field(description="When that test does.")
    method: str | None = Field(description="How it was proved that no run reaches it.")
    semantics: str | None = Field(description="What numbers mean in that proof.")
    depth: int | None = Field(description="No run of so many ticks reaches it, which is all that is known.")
    reason: str | None


class TestModel(Document):
    """One run."""

    # It is no class of tests, whatever its name.
    __test__ = False

    name: str
    inputs: str = Field(description="The file of its inputs.")
    expected: str = Field(description="The file of its outputs.")
    ticks: int = Field(ge=1)
    goals: int = Field(ge=1, description="How many goals it is the first to reach.")


class LineModel(Document):
    """The goals of one line of the source."""

    file: str
    line: int
    goals: int
    covered: int
    unreachable: int
    not_reached: int


class TestgenModel(Document):
    """The whole document. A program with faults has a document of the schema syncml/diagnostics/1 instead."""

    __test__ = False

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    node: str
    seed: int
    tests: list[TestModel]
    goals: list[GoalModel]
    lines: list[LineModel]


def document(label: str, suite: Suite, seed: int) -> TestgenModel:
    """What is said of a suite."""
    sources = Sources()
    goals = [_goal(suite, goal, found, sources) for goal, found in suite.goals.items()]
    counts: dict[tuple[str, int], Counter[str]] = {}
    for goal in goals:
        counts.setdefault((goal.place.file, goal.place.line), Counter())[goal.status] += 1
    return TestgenModel(
        node=label,
        seed=seed,
        tests=[
            TestModel(
                name=run_name(i),
                inputs=f"{run_name(i)}.csv",
                expected=f"{run_name(i)}.expected.csv",
                ticks=run.ticks,
                goals=len(run.reaches),
            )
            for i, run in enumerate(suite.runs)
        ],
        goals=goals,
        lines=[
            LineModel(
                file=file,
                line=line,
                goals=found.total(),
                covered=found["covered"],
                unreachable=found["unreachable"],
                not_reached=found["not_reached"],
            )
            for (file, line), found in sorted(counts.items())
        ],
    )


def render(found: TestgenModel) -> str:
    """Render the document that the schema `testgen` describes."""
    return json.dumps(found.model_dump(by_alias=True), indent=2, allow_nan=False) + "\n"


def run_name(number: int) -> str:
    """The name of a test, which is also that of its files."""
    return f"run_{number + 1:02}"


def _goal(suite: Suite, goal: Goal, found: int | Unreachable | NotReached, sources: Sources) -> GoalModel:
    covered = isinstance(found, int)
    return GoalModel(
        aspect=goal.aspect.value,
        value=goal.value,
        text=goal.stream or _source(goal.span, sources),
        place=span_model(goal.span),
        status="covered" if covered else "unreachable" if isinstance(found, Unreachable) else "not_reached",
        test=run_name(found) if covered else None,
        tick=suite.runs[found].reaches[goal] if covered else None,
        method=found.method if isinstance(found, Unreachable) else None,
        semantics=found.semantics if isinstance(found, Unreachable) else None,
        depth=found.depth if isinstance(found, NotReached) else None,
        reason=" ".join(found.reason.split()) if isinstance(found, NotReached) else None,
    )


def _source(span: Span, sources: Sources) -> str:
    """The text at a span, on one line."""
    numbers = range(span.line, span.end_line + 1)
    lines = [sources.line(span.file, number) or "" for number in numbers]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    text = " ".join(" ".join(lines).split())
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."
