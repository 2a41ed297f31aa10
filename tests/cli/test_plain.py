"""A plain command line means the same with and without typer, and what is not plain is left to it."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest
from typer.testing import CliRunner

from syncml.cli import app as application
from syncml.cli import plain as quick
from syncml.cli.declared import for_typer

PLAIN = [
    "verify f.lus",
    "verify f.lus:top --timeout 2.5 --jobs=3 --memory 100",
    "verify --property a --property=b f.py --first --quiet -v --seed 7",
    "verify f.py -o there --format json --semantics ideal --set A=1 --set B=2 --dump all --node n",
    "check f.py --format concise",
    "check -v f.py",
    "sim f.py --steps 10 --input a.csv --engine numba",
]

LEFT = [
    "",
    "--help",
    "verify",
    "verify --help",
    "verify f.py g.py",
    "verify f.py --timeout soon",
    "verify f.py --timeout -1",
    "verify f.py --timeout",
    "verify f.py --jobs 0",
    "verify f.py --quick",
    "verify f.py -qv",
    "verify f.py --first=yes",
    "verify f.py --format xml",
    "verify -- f.py",
    "explain V001",
]


def arguments(name: str, line: list[str], monkeypatch: pytest.MonkeyPatch, *, typer: bool) -> dict[str, Any]:
    """The arguments with which a command is called."""
    module = __import__(f"syncml.cli.{name}", fromlist=[name])
    command = getattr(module, name)
    calls: list[dict[str, Any]] = []

    @functools.wraps(command)
    def recorder(**given: Any) -> None:
        calls.append(given)

    if typer:
        for known in application.app.registered_commands:
            if inspect.unwrap(known.callback) is command:
                monkeypatch.setattr(known, "callback", for_typer(recorder))
        assert CliRunner().invoke(application.app, line).exit_code == 0
    else:
        monkeypatch.setattr(module, name, recorder)
        run = quick.plain(line)
        assert run is not None
        run()
    usual = {p.name: p.default for p in inspect.signature(command).parameters.values()}
    return {key: value or None for key, value in {**usual, **calls[0]}.items()}


@pytest.mark.parametrize("line", PLAIN)
def test_a_plain_command_line_means_what_typer_makes_of_it(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = line.split()
    with monkeypatch.context() as patch:
        expected = arguments(words[0], words, patch, typer=True)
    assert arguments(words[0], words, monkeypatch, typer=False) == expected


@pytest.mark.parametrize("line", LEFT)
def test_what_is_not_plain_is_left_to_typer(line: str) -> None:
    assert quick.plain(line.split()) is None


def test_completion_is_left_to_typer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SYNCML_COMPLETE", "complete_bash")
    assert quick.plain(["verify", "f.py"]) is None
