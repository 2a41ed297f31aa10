"""The text format, against the exact text a user sees."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from syncml.diagnostics import Diagnostic, Label, Severity, Span, error
from syncml.diagnostics.source import Sources
from syncml.diagnostics.text import render_text, wants_colour

PROGRAM = """\
@node(rate=Hz(100))
def f(radar: Stream[f32], v: Stream[f32]) -> Stream[f32]:
    gap = sample(radar, to=Hz(25))
    one = 1
    two = 2
    err = v + gap
    return err
"""


def shown(diagnostic: Diagnostic, text: str = PROGRAM, *, colour: bool = False) -> str:
    return render_text([diagnostic], Sources({"f.py": text}), colour=colour)


def test_a_frame_with_a_secondary_label_notes_and_help() -> None:
    fault = error(
        "C001",
        "clocks do not match: `v` is at 100 Hz, `gap` at 25 Hz",
        Span("f.py", 6, 11, 6, 18),
        "both sides must be present at the same instants",
        secondary=[Label(Span("f.py", 3, 11, 3, 35), "`gap` is at 25 Hz")],
        notes=["25 Hz is every fourth tick of 100 Hz"],
        help="write `hold(gap, init=0.0)`",
    )
    assert shown(fault) == (
        "error[C001]: clocks do not match: `v` is at 100 Hz, `gap` at 25 Hz\n"
        "  --> f.py:6:11\n"
        "   |\n"
        " 3 |     gap = sample(radar, to=Hz(25))\n"
        "   |           ------------------------ `gap` is at 25 Hz\n"
        "...\n"
        " 6 |     err = v + gap\n"
        "   |           ^^^^^^^ both sides must be present at the same instants\n"
        "   |\n"
        "   = note: 25 Hz is every fourth tick of 100 Hz\n"
        "   = help: write `hold(gap, init=0.0)`\n"
    )


def test_two_labels_on_one_line() -> None:
    fault = error(
        "T001",
        "types do not match",
        Span("f.py", 6, 11, 6, 18),
        secondary=[Label(Span("f.py", 6, 11, 6, 12), "f32"), Label(Span("f.py", 6, 15, 6, 18), "bool")],
    )
    assert shown(fault) == (
        "error[T001]: types do not match\n"
        "  --> f.py:6:11\n"
        "   |\n"
        " 6 |     err = v + gap\n"
        "   |           ^^^^^^^\n"
        "   |           - f32\n"
        "   |               --- bool\n"
        "   |\n"
    )


def test_a_help_of_several_lines_stays_aligned() -> None:
    fault = error("L004", "no next", Span("f.py", 4, 5, 4, 8), help="add, before `return`:\n    one.next = one + 1")
    assert shown(fault).splitlines()[-2:] == ["   = help: add, before `return`:", "               one.next = one + 1"]


def test_a_span_of_several_lines() -> None:
    fault = error("L013", "wrong return", Span("f.py", 4, 5, 6, 18), "these")
    assert shown(fault) == (
        "error[L013]: wrong return\n"
        "  --> f.py:4:5\n"
        "   |\n"
        " 4 |     one = 1\n"
        "   |     ^^^^^^^\n"
        " 5 |     two = 2\n"
        "   |     ^^^^^^^\n"
        " 6 |     err = v + gap\n"
        "   |     ^^^^^^^^^^^^^ these\n"
        "   |\n"
    )


def test_a_long_span_is_cut() -> None:
    text = "".join(f"line{number}\n" for number in range(1, 21))
    lines = shown(error("L013", "wrong", Span("f.py", 2, 1, 19, 7), "these"), text).splitlines()
    assert [line for line in lines if "line" in line] == ["  2 | line2", "  3 | line3", " 19 | line19"]
    assert "..." in lines


def test_tabs_and_wide_characters_keep_the_carets_in_place() -> None:
    fault = error("T001", "types", Span("f.py", 1, 7, 1, 8), "here")
    assert "   |               ^ here" in shown(fault, "\t\t速度= x\n")


def test_control_characters_never_reach_the_terminal() -> None:
    text = shown(error("T001", "types", Span("f.py", 1, 8, 1, 9), "here"), "a = '\x1b[31m' + b\n")
    assert "\x1b" not in text


def test_a_label_past_the_end_of_the_line_still_shows_a_caret() -> None:
    assert "   |        ^ here" in shown(error("T001", "types", Span("f.py", 1, 50, 1, 60), "here"), "x = y +\n")


def test_a_missing_file_leaves_the_place_and_the_words() -> None:
    fault = error("C001", "clocks do not match", Span("gone.py", 6, 11, 6, 18), "here", help="write it")
    assert shown(fault) == (
        "error[C001]: clocks do not match\n  --> gone.py:6:11\n   = line 6: here\n   = help: write it\n"
    )


def test_a_diagnostic_without_a_place() -> None:
    assert shown(error("U001", "no such option", notes=["a note"])) == (
        "error[U001]: no such option\n = note: a note\n"
    )


def test_labels_in_two_files() -> None:
    other = Label(Span("g.py", 1, 1, 1, 2), "defined here")
    fault = error("C001", "clocks", Span("f.py", 7, 12, 7, 15), secondary=[other])
    text = render_text([fault], Sources({"f.py": PROGRAM, "g.py": "x = 1\n"}))
    assert text.splitlines()[1:] == [
        "  --> f.py:7:12",
        "   |",
        " 7 |     return err",
        "   |            ^^^",
        "   |",
        "  ::: g.py:1:1",
        "   |",
        " 1 | x = 1",
        "   | - defined here",
        "   |",
    ]


def test_a_file_in_another_encoding_or_with_broken_bytes_is_still_shown(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_bytes(b"x = '\xff' + y\n")
    text = render_text([error("T001", "types", Span(str(broken), 1, 11, 1, 12), "here")], Sources())
    assert "\N{REPLACEMENT CHARACTER}' + y" in text


def test_paths_inside_the_current_folder_are_shown_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.py").write_text("x\n")
    text = render_text([error("T001", "types", Span(str(tmp_path / "f.py"), 1, 1, 1, 2))], Sources())
    assert "--> f.py:1:1" in text


def test_colour_changes_nothing_but_colour() -> None:
    fault = error("C001", "clocks", Span("f.py", 6, 11, 6, 18), "here", help="write it")
    coloured = shown(fault, colour=True)
    assert "\x1b[1;31merror[C001]\x1b[0m" in coloured
    plain = coloured
    for tint in ("\x1b[1;31m", "\x1b[1;34m", "\x1b[1;36m", "\x1b[1m", "\x1b[0m"):
        plain = plain.replace(tint, "")
    assert plain == shown(fault)


def test_a_warning_has_another_colour_than_an_error() -> None:
    warning = Diagnostic("C001", Severity.WARNING, "clocks", None)
    assert shown(warning, colour=True).startswith("\x1b[1;33mwarning[C001]")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_when_colour_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    assert wants_colour(Terminal())
    assert not wants_colour(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not wants_colour(Terminal())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert wants_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour(Terminal())
