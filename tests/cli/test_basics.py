"""The commands that need no compiler, the exit codes, and faults of syncml itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syncml import __version__
from syncml.cli import doctor, explain, fault, versions
from syncml.cli.exit import ExitCode, exit_code
from syncml.diagnostics import CODES, Diagnostic, Severity, error


def test_version(syncml: Callable) -> None:
    assert syncml("--version").out == f"syncml {__version__}\n"


def test_no_arguments_print_the_help_as_a_usage_error(syncml: Callable) -> None:
    result = syncml()
    assert result.code == ExitCode.USAGE
    assert "doctor" in result.out + result.err


@pytest.mark.parametrize("arguments", [["bogus"], ["explain", "C001", "T001"], ["--bogus"], ["new"]])
def test_usage_errors_exit_with_2(syncml: Callable, arguments: list[str]) -> None:
    result = syncml(*arguments)
    assert result.code == ExitCode.USAGE
    assert "Usage: syncml" in result.err


def test_explain_prints_the_page(syncml: Callable, project_root: Path) -> None:
    page = project_root / "syncml" / "diagnostics" / "pages" / "C001.md"
    for name in ("C001", "c001"):
        result = syncml("explain", name)
        assert (result.code, result.out) == (0, page.read_text("utf-8"))


def test_explain_without_a_code_lists_all(syncml: Callable) -> None:
    assert [line[:4] for line in syncml("explain").out.splitlines()] == list(CODES)


@pytest.mark.parametrize(("code", "advice"), [("U01", "did you mean U001?"), ("?", "lists all codes")])
def test_explain_of_an_unknown_code_gives_advice(syncml: Callable, code: str, advice: str) -> None:
    result = syncml("explain", code)
    assert result.code == ExitCode.USAGE
    assert result.err.startswith("error[U001]: there is no code")
    assert advice in result.err


def test_doctor_reports_what_is_there(syncml: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "packages", lambda: [versions.Package("numpy", None, "2.0.0")])
    monkeypatch.setattr(doctor, "installed_version", lambda _: "1.0")
    monkeypatch.setattr(doctor, "compiler_version", lambda name: f"{name} 99")
    result = syncml("doctor")
    assert result.code == ExitCode.OK
    assert "numpy    ok      2.0.0" in result.out
    assert "clang 99" in result.out


def test_doctor_fails_for_what_is_needed_and_only_for_that(syncml: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = [
        versions.Package("numpy", None, None),
        versions.Package("onnx", "onnx", None),
        versions.Package("ruff", "dev", None),
    ]
    monkeypatch.setattr(doctor, "packages", lambda: packages)
    monkeypatch.setattr(doctor, "installed_version", lambda _: "1.0")
    monkeypatch.setattr(doctor, "compiler_version", lambda name: "gcc 99" if name == "gcc" else None)
    result = syncml("doctor")
    assert result.code == ExitCode.REJECTED
    states = {finding.name: finding.state for finding in doctor.examine()}
    assert states["numpy"] is doctor.State.MISSING
    assert states["onnx"] is doctor.State.OPTIONAL
    assert states["clang"] is doctor.State.OPTIONAL
    assert "ruff" not in states
    assert "pip install 'syncml[onnx]'" in result.out
    assert result.out.endswith("1 missing\n")


def test_doctor_needs_one_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "compiler_version", lambda name: None)
    states = {finding.name: finding.state for finding in doctor.examine()}
    assert states["gcc"] is states["clang"] is doctor.State.MISSING


def test_doctor_says_where_compiled_code_is_kept(
    syncml: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SYNCML_CACHE_DIR", str(tmp_path / "cache"))
    [found] = [finding for finding in doctor.examine() if finding.name == "cache"]
    assert (found.state, found.found) == (doctor.State.OK, str(tmp_path / "cache"))
    assert list((tmp_path / "cache").iterdir()) == []
    (tmp_path / "file").touch()
    monkeypatch.setenv("SYNCML_CACHE_DIR", str(tmp_path / "file"))
    [found] = [finding for finding in doctor.examine() if finding.name == "cache"]
    assert found.state is doctor.State.OPTIONAL
    assert "SYNCML_CACHE_DIR" in found.advice


def test_requirements_are_read_from_the_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = ["numpy<3,>=2.0", "onnx>=1.16; extra == 'onnx'", "syncml[onnx]; extra == 'dev'"]
    monkeypatch.setattr("importlib.metadata.requires", lambda _: requirements)
    assert [(each.name, each.extra) for each in versions.packages()] == [("numpy", None), ("onnx", "onnx")]


def test_a_compiler_that_is_absent_or_broken_has_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert versions.compiler_version("gcc") is None
    broken = tmp_path / "gcc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    assert versions.compiler_version("gcc") is None


def test_the_exit_code_follows_the_families() -> None:
    usage, ill_formed, internal = error("U001", "x"), error("C001", "x"), error("P001", "x")
    warning = Diagnostic("C001", Severity.WARNING, "x")
    assert exit_code([]) is ExitCode.OK
    assert exit_code([warning]) is ExitCode.OK
    assert exit_code([usage, warning]) is ExitCode.USAGE
    assert exit_code([usage, ill_formed]) is ExitCode.REJECTED
    assert exit_code([usage, ill_formed, internal]) is ExitCode.INTERNAL


def fail(_: str) -> str:
    raise RuntimeError("a mistake\nof ours")


def test_an_internal_fault_leaves_a_report_and_no_traceback(
    syncml: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(explain, "page_text", fail)
    result = syncml("explain", "C001")
    assert result.code == ExitCode.INTERNAL
    assert "error[P001]: internal fault of syncml: RuntimeError: a mistake of ours" in result.err
    assert "Traceback" not in result.err + result.out
    [report] = tmp_path.glob("syncml-report-*.txt")
    assert report.name in result.err
    text = report.read_text()
    assert "syncml explain C001" in text
    assert "Traceback" in text
    assert "python " in text


def test_a_report_goes_to_the_temporary_folder_where_the_current_one_is_closed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()
    monkeypatch.setattr(fault.tempfile, "gettempdir", lambda: str(elsewhere))
    written = fault.write_report("text")
    assert written is not None
    assert written.parent == elsewhere
    elsewhere.joinpath(written.name).unlink()
    elsewhere.rmdir()
    assert fault.write_report("text") is None


def test_a_fault_outside_every_command_is_internal_too(syncml: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: str) -> None:
        raise RuntimeError("before any command")

    monkeypatch.setattr("syncml.cli.app.app", broken)
    result = syncml("--version")
    assert result.code == ExitCode.INTERNAL
    assert "RuntimeError: before any command" in result.err


def test_an_interrupt_is_neither_a_verdict_nor_a_fault(syncml: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(explain, "page_text", interrupt)
    assert syncml("explain", "C001").code == ExitCode.INTERRUPTED
