"""The published JSON schemas."""

from __future__ import annotations

import json

import jsonschema
import pytest

from syncml.cli.schemas import FOLDER, models, schema_file, schema_text


@pytest.mark.parametrize("name", models())
def test_the_published_schema_is_that_of_the_models(name: str) -> None:
    published = schema_file(name).read_text(encoding="utf-8")
    assert published == schema_text(models()[name]), "run: python -m syncml.cli.schemas"


@pytest.mark.parametrize("name", models())
def test_a_schema_is_a_schema_and_names_its_documents(name: str) -> None:
    schema = json.loads(schema_file(name).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema"]["const"].startswith(f"syncml/{name}/")
    assert schema["additionalProperties"] is False


def test_every_published_schema_has_a_model() -> None:
    assert {path.name.removesuffix(".schema.json") for path in FOLDER.glob("*.json")} == set(models())
