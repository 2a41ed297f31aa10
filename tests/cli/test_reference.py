"""The reference of the command line names every command and option that there is, and none that there is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

OPTION = re.compile(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*")
GENERAL = "Options of every command on a program"


def sections(project_root: Path) -> dict[str, str]:
    page = (project_root / "docs" / "reference" / "command-line.md").read_text("utf-8")
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands(syncml: Callable) -> list[str]:
    listed = syncml("--help").out.partition("Commands:")[2]
    return re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE)


def test_every_command_has_a_section(syncml: Callable, project_root: Path) -> None:
    found = {name.removeprefix("syncml ") for name in sections(project_root) if name.startswith("syncml ")}
    assert found == set(commands(syncml))


@pytest.mark.parametrize(
    "command", ["check", "verify", "testgen", "sim", "train", "sweep", "search", "export", "graph", "schedule"]
)
def test_every_option_is_described(syncml: Callable, project_root: Path, command: str) -> None:
    pages = sections(project_root)
    options = syncml(command, "--help").out.partition("Options:")[2]
    offered = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", options, re.MULTILINE))
    offered |= {name for pair in re.findall(r"(--[a-z]+) / (--[a-z]+)", options) for name in pair}
    general = set(OPTION.findall(pages[GENERAL]))
    described = set(OPTION.findall(pages[f"syncml {command}"]))
    assert offered - general == described
    assert general <= offered


def test_the_options_of_certify_are_described(syncml: Callable, project_root: Path) -> None:
    offered = set(OPTION.findall(syncml("certify", "--help").out)) - {"--help", "--quiet"}
    assert offered == set(OPTION.findall(sections(project_root)["syncml certify"]))


def test_the_options_of_replay_are_described(syncml: Callable, project_root: Path) -> None:
    offered = set(OPTION.findall(syncml("replay", "--help").out)) - {"--help"}
    assert offered == set(OPTION.findall(sections(project_root)["syncml replay"]))


def test_the_options_of_the_demonstration_are_described(syncml: Callable, project_root: Path) -> None:
    offered = set(OPTION.findall(syncml("demo", "--help").out)) - {"--help"}
    assert offered == set(OPTION.findall(sections(project_root)["syncml demo"]))
