"""The formats for editors, scanners and continuous integration."""

from __future__ import annotations

import json

import jsonschema
import pytest

from syncml.cli.schemas import schema_file
from syncml.diagnostics import CODES, Diagnostic, Label, Severity, Span, error
from syncml.diagnostics.render import Format, render

FAULT = error(
    "C001",
    "clocks do not match, 100 % of the time",
    Span("dir/a b.py", 6, 11, 6, 18),
    "here",
    secondary=[Label(Span("dir/a b.py", 3, 1, 4, 2), "there")],
    notes=["a note"],
    help="write `hold`",
)
LONG = Diagnostic("T001", Severity.WARNING, "types", Label(Span("a.py", 1, 2, 3, 4)))
NOWHERE = Diagnostic("U001", Severity.NOTE, "no such option")
ALL = [LONG, FAULT, NOWHERE]

# The part of the SARIF 2.1.0 schema that concerns what we write, with nothing else allowed.
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LOCATION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["physicalLocation"],
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "message": TEXT,
        "physicalLocation": {
            "type": "object",
            "additionalProperties": False,
            "required": ["artifactLocation", "region"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string", "pattern": r"^[^ \\]+$"}},
                },
                "region": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["startLine", "startColumn", "endLine", "endColumn"],
                    "patternProperties": {"Line$|Column$": {"type": "integer", "minimum": 1}},
                },
            },
        },
    },
}
RULE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "shortDescription", "help"],
    "properties": {"id": {"type": "string"}, "shortDescription": TEXT, "help": TEXT},
}
RESULT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["ruleId", "ruleIndex", "level", "message"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {"type": "array", "items": LOCATION},
        "relatedLocations": {"type": "array", "items": LOCATION},
    },
}
RUN = {
    "type": "object",
    "additionalProperties": False,
    "required": ["tool", "results"],
    "properties": {
        "tool": {
            "type": "object",
            "required": ["driver"],
            "properties": {
                "driver": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string"},
                        "version": {"type": "string"},
                        "rules": {"type": "array", "items": RULE, "uniqueItems": True},
                    },
                }
            },
        },
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": {"type": "array", "items": RESULT},
    },
}
SARIF = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": RUN},
    },
}


def test_concise() -> None:
    assert render(ALL, Format.CONCISE, version="1").splitlines() == [
        "note[U001] no such option",
        "a.py:1:2: warning[T001] types",
        "dir/a b.py:6:11: error[C001] clocks do not match, 100 % of the time",
    ]


def test_github() -> None:
    assert render(ALL, Format.GITHUB, version="1").splitlines() == [
        "::notice title=syncml U001::no such option",
        "::warning file=a.py,line=1,endLine=3,title=syncml T001::types",
        "::error file=dir/a b.py,line=6,endLine=6,col=11,endColumn=18,title=syncml C001"
        "::clocks do not match, 100 %25 of the time%0Aa note%0Ahelp: write `hold`",
    ]


def test_github_escapes_what_would_end_a_property() -> None:
    [line] = render([error("T001", "x", Span("a,b:c.py", 1, 1, 1, 2))], Format.GITHUB, version="1").splitlines()
    assert "file=a%2Cb%3Ac.py," in line


def test_json_is_valid_and_complete() -> None:
    document = json.loads(render(ALL, Format.JSON, version="1"))
    jsonschema.validate(document, json.loads(schema_file("diagnostics").read_text()))
    assert document["schema"] == "syncml/diagnostics/1"
    assert [found["code"] for found in document["diagnostics"]] == ["U001", "T001", "C001"]
    assert document["diagnostics"][2] == {
        "code": "C001",
        "title": CODES["C001"].title,
        "severity": "error",
        "message": FAULT.message,
        "primary": {
            "span": {"file": "dir/a b.py", "line": 6, "column": 11, "end_line": 6, "end_column": 18},
            "text": "here",
        },
        "secondary": [
            {
                "span": {"file": "dir/a b.py", "line": 3, "column": 1, "end_line": 4, "end_column": 2},
                "text": "there",
            }
        ],
        "notes": ["a note"],
        "help": "write `hold`",
    }


def test_the_published_schema_rejects_an_unknown_field() -> None:
    document = json.loads(render(ALL, Format.JSON, version="1"))
    document["diagnostics"][0]["more"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json.loads(schema_file("diagnostics").read_text()))


def test_sarif_is_valid_and_complete() -> None:
    document = json.loads(render(ALL, Format.SARIF, version="1.2.3"))
    jsonschema.validate(document, SARIF)
    [run] = document["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("syncml", "1.2.3")
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [
        ("U001", "note"),
        ("T001", "warning"),
        ("C001", "error"),
    ]
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    fault = run["results"][2]
    [location] = fault["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "dir/a%20b.py"
    assert location["physicalLocation"]["region"]["endColumn"] == 18
    assert fault["relatedLocations"][0]["message"]["text"] == "there"
    assert "locations" not in run["results"][0]


def test_sarif_without_faults_is_an_empty_run() -> None:
    document = json.loads(render([], Format.SARIF, version="1"))
    jsonschema.validate(document, SARIF)
    assert document["runs"][0]["results"] == []
