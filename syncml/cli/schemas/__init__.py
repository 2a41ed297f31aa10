"""The published schemas of all JSON documents that the command line writes.

Each `<name>.schema.json` of this folder describes the documents whose field `schema` is `syncml/<name>/<version>`.
After a change of a model, `python -m syncml.cli.schemas` writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel

FOLDER = Path(__file__).parent


def models() -> dict[str, type[BaseModel]]:
    """Return the model of each document by the name of its schema."""
    from syncml.cli.certify_json import CertifyModel
    from syncml.cli.check_json import CheckModel
    from syncml.cli.export_json import ExportModel
    from syncml.cli.report_json import ReportModel
    from syncml.cli.schedule_json import ScheduleModel
    from syncml.cli.search_text import SearchModel
    from syncml.cli.sim_json import SimModel
    from syncml.cli.suite import SuiteModel
    from syncml.cli.sweep_text import SweepModel
    from syncml.cli.testgen_json import TestgenModel
    from syncml.cli.train_text import TrainModel
    from syncml.cli.verify_json import VerifyModel
    from syncml.diagnostics.json_format import DiagnosticsModel
    from syncml.export_c.evidence.trace_model import TraceModel

    return {
        "c-trace": TraceModel,
        "certify": CertifyModel,
        "check": CheckModel,
        "diagnostics": DiagnosticsModel,
        "export": ExportModel,
        "report": ReportModel,
        "schedule": ScheduleModel,
        "search": SearchModel,
        "sim": SimModel,
        "suite": SuiteModel,
        "sweep": SweepModel,
        "testgen": TestgenModel,
        "train": TrainModel,
        "verify": VerifyModel,
    }


def schema_file(name: str) -> Path:
    """Return where the schema is published."""
    return FOLDER / f"{name}.schema.json"


def schema_text(model: type[BaseModel]) -> str:
    """Return the JSON schema of a model as it is published."""
    schema = model.model_json_schema(by_alias=True, mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def write_all() -> None:
    """Write every schema to its file."""
    for name, model in models().items():
        schema_file(name).write_text(schema_text(model), encoding="utf-8")
