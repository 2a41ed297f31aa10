"""The JSON document of `syncml certify`, and the check of a folder that it reports."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from syncml.cli.evidence import REPORT
from syncml.cli.verify_json import VerifyModel
from syncml.diagnostics import DiagnosticError, Span, error
from syncml.diagnostics.json_format import Document
from syncml.files import read_text
from syncml.verify.recheck import recheck

SchemaId = Literal["syncml/certify/1"]
SCHEMA_ID: SchemaId = "syncml/certify/1"


class CheckedModel(Document):
    """One certificate and one solver."""

    file: str
    properties: list[str] = Field(description="The properties whose proof it is.")
    solver: str
    outcome: Literal["accepted", "refuted", "unknown"]
    detail: str = Field(description="What is wrong; empty if it is accepted.")
    answered: int = Field(ge=0, description="How many queries had the announced answer.")
    expected: int = Field(ge=0)
    time_s: float = Field(ge=0)


class CertifyModel(Document):
    """The whole document."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    folder: str
    certificates: list[CheckedModel]


def check_all(folder: Path, solvers: list[str], seconds: float) -> list[CheckedModel]:
    """Check the certificate of every property that the report in `folder` calls proved, with each solver.

    Raises:
        DiagnosticError: D001 a file that cannot be read, or a report that is none.
    """
    files: dict[str, list[str]] = {}
    missing: dict[str, list[str]] = {}
    for each in _report(folder / REPORT).properties:
        if each.certificate is not None:
            files.setdefault(each.certificate, []).append(each.name)
        elif each.verdict in ("proved", "unreachable"):
            by = "; reachability leaves none" if (each.method or "").startswith("reachability") else ""
            missing.setdefault(by, []).append(each.name)
    found: list[CheckedModel] = []
    for name, properties in files.items():
        found += [_check(folder, name, properties, solver, seconds) for solver in solvers]
        found += _check_networks(folder, name, properties, seconds)
    for by, names in missing.items():
        reason = f"no certificate for {', '.join(names)}{by}"
        found.append(CheckedModel(
            file="", properties=names, solver="", outcome="unknown", detail=reason, answered=0, expected=0, time_s=0
        ))  # fmt: skip
    return found


def _check(folder: Path, name: str, properties: list[str], solver: str, seconds: float) -> CheckedModel:
    result = recheck(read_text(folder / name), solver, seconds)
    return CheckedModel(
        file=name,
        properties=properties,
        solver=solver,
        outcome=result.outcome.value,
        detail=result.detail,
        answered=result.answered,
        expected=result.expected,
        time_s=result.time_s,
    )


def _check_networks(folder: Path, name: str, properties: list[str], seconds: float) -> list[CheckedModel]:
    """What the certificate believes of networks, if it does, shown again by intervals."""
    from syncml.verify.lemmas import check_lemmas

    started = time.monotonic()
    result = check_lemmas(read_text(folder / name), seconds)
    if result is None:
        return []
    outcome = "refuted" if result.false else "accepted" if result.shown == result.stated else "unknown"
    return [CheckedModel(
        file=name, properties=properties, solver="intervals", outcome=outcome, detail=result.detail,
        answered=result.shown, expected=result.stated, time_s=time.monotonic() - started,
    )]  # fmt: skip


def _report(path: Path) -> VerifyModel:
    text = read_text(path)
    try:
        return VerifyModel.model_validate_json(text, by_alias=True)
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DiagnosticError(
            error(
                "D001",
                f"{path} is no report of this version of syncml verify: {place}: {first['msg']}",
                Span.point(str(path)),
                help="write it again with `syncml verify FILE -o DIR`",
            )
        ) from fault


def render_certify(folder: str, found: list[CheckedModel]) -> str:
    """Render the document that the schema `certify` describes."""
    document = CertifyModel(folder=folder, certificates=found)
    return json.dumps(document.model_dump(by_alias=True), indent=2, allow_nan=False) + "\n"
