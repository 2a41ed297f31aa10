"""`syncml doctor`: whether this machine has what syncml needs."""

from __future__ import annotations

import enum
import platform
import sys
import tempfile

from syncml.cli.exit import ExitCode
from syncml.cli.output import echo, run
from syncml.cli.tables import print_table
from syncml.cli.versions import COMPILERS, DISTRIBUTION, compiler_version, installed_version, packages
from syncml.dataclass import dataclass
from syncml.diagnostics.render import Format

OLDEST_PYTHON = (3, 11)

# What only the developers of syncml need; `make test` installs it.
DEVELOPMENT_EXTRA = "dev"


class State(enum.StrEnum):
    """The result of one check."""

    OK = "ok"
    OPTIONAL = "absent"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table; `advice` says what to do, or what goes without it."""

    name: str
    state: State
    found: str
    advice: str = ""


def doctor() -> None:
    """Check what this machine has.

    Python, packages, C compilers, optional extras, the folder for compiled code.
    """

    def body() -> ExitCode:
        findings = examine()
        _print_findings(findings)
        return ExitCode.REJECTED if any(each.state is State.MISSING for each in findings) else ExitCode.OK

    run(Format.TEXT, body)


def examine() -> list[Finding]:
    """Return what was found, in the order of the table."""
    return [_python(), _itself(), *_packages(), *_compilers(), _cache()]


def _python() -> Finding:
    current = sys.version_info >= OLDEST_PYTHON
    wanted = ".".join(map(str, OLDEST_PYTHON))
    advice = "" if current else f"install Python {wanted} or later"
    return Finding("python", State.OK if current else State.MISSING, platform.python_version(), advice)


def _itself() -> Finding:
    version = installed_version(DISTRIBUTION)
    if version is None:
        return Finding(DISTRIBUTION, State.MISSING, "", "a source tree: run `pip install -e .` in it")
    return Finding(DISTRIBUTION, State.OK, version)


def _packages() -> list[Finding]:
    findings: list[Finding] = []
    for package in packages():
        if package.extra == DEVELOPMENT_EXTRA:
            continue
        if package.version is not None:
            findings.append(Finding(package.name, State.OK, package.version))
        elif package.extra is None:
            findings.append(Finding(package.name, State.MISSING, "", f"pip install {package.name}"))
        else:
            advice = f"optional: pip install '{DISTRIBUTION}[{package.extra}]'"
            findings.append(Finding(package.name, State.OPTIONAL, "", advice))
    return findings


def _compilers() -> list[Finding]:
    versions = {name: compiler_version(name) for name in COMPILERS}
    lacking = State.OPTIONAL if any(versions.values()) else State.MISSING
    advice = "one C compiler is needed to compile what `syncml export` writes"
    return [
        Finding(name, lacking, "", advice) if version is None else Finding(name, State.OK, version)
        for name, version in versions.items()
    ]


def _cache() -> Finding:
    from syncml.files import cache_folder

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Finding("cache", State.OK, str(folder))
    except OSError as fault:
        advice = f"{fault.strerror}: simulations compile anew at each start; set SYNCML_CACHE_DIR"
        return Finding("cache", State.OPTIONAL, str(folder), advice)


def _print_findings(findings: list[Finding]) -> None:
    rows = [(each.name, each.state.value, each.found, each.advice) for each in findings]
    tints = {State.OK.value: "green", State.OPTIONAL.value: "yellow", State.MISSING.value: "red"}
    print_table(("what", "state", "found", "advice"), rows, tints)
    missing = sum(each.state is State.MISSING for each in findings)
    echo(f"{missing} missing" if missing else "All that syncml needs is here.")
