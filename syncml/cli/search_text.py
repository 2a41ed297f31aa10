"""What a search found, for people and as JSON; the schema `search` is published in syncml/cli/schemas."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from syncml.cli.output import echo
from syncml.cli.tables import print_table
from syncml.diagnostics.json_format import Document

if TYPE_CHECKING:
    from pathlib import Path

    from syncml.cli.request import Request
    from syncml.scenario.parameters import Setting
    from syncml.search.methods import Estimate
    from syncml.search.search import Found, One, Wanted
    from syncml.search.subject import Subject

SHOWN = 5
"""How many of the worst runs are shown."""


class RunModel(BaseModel):
    """A run."""

    robustness: float | None = Field(description="Negative exactly if the run fails; none if it is infinite.")
    parameters: dict[str, float | str]
    seed: int = Field(ge=0, description="The seed of its noise.")


class FailingModel(RunModel):
    """A minimal failing run."""

    clause: str
    tick: int = Field(ge=0)
    file: str | None = Field(description="The scenario file that has it.")


class EstimateModel(BaseModel):
    """The probability that a run fails whose parameters are drawn from their distributions.

    It is that of the one noise that all runs have, or over all noises, as ``noise`` says.
    """

    probability: float = Field(ge=0, le=1)
    low: float = Field(ge=0, description="The interval with a confidence of 95 % begins here.")
    high: float = Field(ge=0, le=1)
    variation: float | None = Field(description="The standard deviation over the estimate; none if nothing failed.")


class SearchModel(Document):
    """The whole document."""

    schema_id: Literal["syncml/search/1"] = Field(default="syncml/search/1", alias="schema")
    file: str
    scenario: str
    clauses: list[str] = Field(description="The promises that were to be broken.")
    method: str
    seed: int
    noise: Literal["one", "each"] = Field(description="Whether all runs had one noise, or each its own.")
    runs: int = Field(ge=1, description="Those of shrinking left out.")
    failed: int = Field(ge=0)
    worst: list[RunModel] = Field(description="The worst runs, the worst first.")
    failing: FailingModel | None
    estimate: EstimateModel | None
    time_s: float = Field(ge=0)


def print_search(
    request: Request, subject: Subject, wanted: Wanted, found: Found, again: str | None, seconds: float
) -> None:
    """Print the worst runs, the minimal failing one, and what is known of the probability of a failure."""
    shown = found.worst if request.verbose else found.worst[:SHOWN]
    if shown:
        names = list(shown[0].settings)
        seeds = ("seed",) if wanted.own_noise else ()
        rows = [(_short(each.robustness), *(_short(each.settings[n]) for n in names)) for each in shown]
        tails = [(str(each.seed),) if wanted.own_noise else () for each in shown]
        print_table(("robustness", *names, *seeds), [(*row, *tail) for row, tail in zip(rows, tails, strict=True)])
        echo()
    if (failing := found.failing) is not None:
        echo(f"{failing.clause!r} fails at tick {failing.tick}, robustness {_short(failing.run.robustness)}, with")
        middle = _middle(subject)
        rows = [(name, _exact(value), _exact(middle[name])) for name, value in failing.run.settings.items()]
        rows += [("seed", str(failing.run.seed), "")] if wanted.own_noise else []
        print_table(("parameter", "value", "middle"), rows)
        if again is not None:
            echo(f"again: {again}")
        echo()
    if (estimate := found.estimate) is not None:
        echo(_told(estimate))
    elif wanted.method.estimates:
        echo("probability of a failure: not found; more runs are needed, or the robustness does not tell runs apart")
    speed = f"{found.runs:,} runs by {wanted.method} in {seconds:.1f} s"
    echo(f"{request.target}: {speed}, {found.failed:,} failed")


def _told(estimate: Estimate) -> str:
    text = f"probability of a failure: {estimate.probability:.3g}, with 95 % confidence from {estimate.low:.3g} to "
    spread = f", coefficient of variation {estimate.variation:.2g}" if isfinite(estimate.variation) else ""
    return f"{text}{estimate.high:.3g}{spread}"


def _middle(subject: Subject) -> dict[str, Setting]:
    from syncml.search.subject import settings_of

    runs = subject.template.runs
    return settings_of(runs.at(np.full((1, runs.dimensions), 0.5)), 0)


def _short(value: Setting) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _exact(value: Setting) -> str:
    return value if isinstance(value, str) else repr(float(value))


def render_search(
    target: str, subject: Subject, wanted: Wanted, found: Found, kept: Path | None, seconds: float
) -> str:
    """The document that the schema describes."""
    estimate, failing = found.estimate, found.failing
    document = SearchModel(
        file=target,
        scenario=str(subject.template.path),
        clauses=list(subject.names),
        method=wanted.method,
        seed=wanted.seed,
        noise="each" if wanted.own_noise else "one",
        runs=found.runs,
        failed=found.failed,
        worst=[RunModel(**_of(each)) for each in found.worst[:SHOWN]],
        failing=None
        if failing is None
        else FailingModel(
            **_of(failing.run),
            clause=failing.clause,
            tick=failing.tick,
            file=None if kept is None else str(kept),
        ),
        estimate=None
        if estimate is None
        else EstimateModel(
            probability=estimate.probability,
            low=estimate.low,
            high=estimate.high,
            variation=_finite(estimate.variation),
        ),
        time_s=seconds,
    )
    return json.dumps(document.model_dump(by_alias=True), indent=2, allow_nan=False) + "\n"


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _of(run: One) -> dict[str, Any]:
    return {"robustness": _finite(run.robustness), "parameters": dict(run.settings), "seed": run.seed}
