"""The diagnostic model and the collector."""

from __future__ import annotations

import pytest

from syncml.diagnostics import CODES, Collector, Diagnostic, DiagnosticError, Family, Label, Severity, Span, error

HERE = Span("a.py", 3, 5, 3, 9)
LATER = Span("a.py", 7, 1, 8, 2)


def test_an_unknown_code_fails_at_once() -> None:
    with pytest.raises(ValueError, match="unknown diagnostic code 'C999'"):
        error("C999", "clocks do not match")


@pytest.mark.parametrize("message", ["", "two\nlines"])
def test_a_message_is_one_line(message: str) -> None:
    with pytest.raises(ValueError, match="one non-empty line"):
        error("C001", message)


@pytest.mark.parametrize("place", [(0, 1, 1, 1), (1, 0, 1, 1), (2, 1, 1, 9), (2, 5, 2, 4)])
def test_a_span_is_in_order(place: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="span"):
        Span("a.py", *place)


def test_a_diagnostic_prints_its_place() -> None:
    assert str(error("C001", "clocks do not match", HERE)) == "a.py:3:5: error[C001] clocks do not match"
    assert str(error("U001", "no such option")) == "error[U001] no such option"


def test_the_exception_carries_at_least_one_diagnostic() -> None:
    first, second = error("C001", "one", HERE), error("T001", "two", LATER)
    assert DiagnosticError(first, second).diagnostics == (first, second)
    with pytest.raises(ValueError, match="at least one"):
        DiagnosticError()


def test_the_collector_sorts_by_place() -> None:
    collector = Collector()
    collector.extend([error("T001", "second", LATER), error("C001", "first", HERE), error("U001", "zeroth")])
    assert [found.message for found in collector.diagnostics] == ["zeroth", "first", "second"]


def test_the_collector_keeps_one_diagnostic_for_each_root_cause() -> None:
    collector = Collector()
    collector.add(error("C001", "the cause", HERE))
    collector.add(error("C001", "its consequence", HERE))
    collector.add(error("T001", "another fault at the same place", HERE))
    collector.add(error("U001", "one option"))
    collector.add(error("U001", "another option"))
    messages = {found.message for found in collector.diagnostics}
    assert messages == {"the cause", "another fault at the same place", "one option", "another option"}


def test_the_collector_catches_what_a_check_raises() -> None:
    collector = Collector()
    with collector.catch():
        raise DiagnosticError(error("C001", "clocks do not match", HERE))
    with pytest.raises(DiagnosticError) as caught:
        collector.raise_if_errors()
    assert [found.code for found in caught.value.diagnostics] == ["C001"]


def test_a_warning_does_not_raise() -> None:
    collector = Collector()
    collector.add(Diagnostic("C001", Severity.WARNING, "clocks nearly match", Label(HERE)))
    collector.raise_if_errors()
    assert not collector.has_errors
    assert len(collector.diagnostics) == 1


def test_codes_are_well_formed() -> None:
    for name, code in CODES.items():
        assert name == code.code
        assert name[1:].isdecimal()
        assert len(name) == 4
        assert code.family.value == name[0]
        assert code.title == code.title.strip()
        assert not code.title.endswith(".")
    assert list(CODES) == sorted(CODES, key=lambda name: ([family.value for family in Family].index(name[0]), name))
