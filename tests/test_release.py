"""What a release states in several places, it states the same."""

from __future__ import annotations

import tomllib
from pathlib import Path

import yaml

import syncml
from syncml.cli.versions import installed_version


def test_the_citation_names_this_version_and_licence(project_root: Path) -> None:
    citation = yaml.safe_load((project_root / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((project_root / "pyproject.toml").read_text("utf-8"))["project"]
    assert citation["version"] == syncml.__version__
    assert citation["license"] == project["license"]


def test_the_installed_version_is_that_of_the_sources() -> None:
    assert installed_version("syncml") in (None, syncml.__version__)
