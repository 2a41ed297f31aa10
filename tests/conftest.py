"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

# Deadlines measure the machine, not the code. Continuous integration repeats one fixed set of
# examples; a developer's run explores new ones.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")
if hasattr(providers, "_local_constants"):
    # Hypothesis also draws the constants of the modules that are loaded: in a parallel run, of whichever came before.
    # Without them a test with a seed has the same examples everywhere.
    setattr(providers, "_get_local_constants", lambda: providers._local_constants)  # noqa: B010

# Tests that run beside each other have the processors already; those of threads ask for them.
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control has it ignored in the background, and so would every process that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The root of the working tree."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test a terminal of 100 columns without colour, whoever runs it."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


@pytest.fixture(autouse=True)
def no_old_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts of earlier runs do not stand in for those of this one."""
    monkeypatch.setenv("SYNCML_VERDICTS", "off")
