"""Versions of syncml, of what it depends on, and of the machine's tools.

importlib.metadata is slow to import and most commands never ask for a version, so it is imported on demand.
"""

from __future__ import annotations

import re
import shutil
import subprocess

from syncml.dataclass import dataclass

DISTRIBUTION = "syncml"
COMPILERS = ("gcc", "clang")
COMPILER_TIMEOUT_S = 10

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)[^;]*(?:;.*extra\s*==\s*['\"](?P<extra>[^'\"]+)['\"])?")


@dataclass(frozen=True, slots=True)
class Package:
    """A distribution that syncml depends on; `extra` names the optional group it belongs to."""

    name: str
    extra: str | None
    version: str | None


def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution."""
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def packages() -> list[Package]:
    """Return what syncml's own metadata says that it depends on, with the versions at hand."""
    from importlib import metadata

    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        requirements = []
    found: list[Package] = []
    for requirement in requirements:
        match = _REQUIREMENT.match(requirement)
        if match is not None and match["name"] != DISTRIBUTION:
            found.append(Package(match["name"], match["extra"], installed_version(match["name"])))
    return found


def compiler_version(name: str) -> str | None:
    """Return the first line of `name --version`, or `None` if there is no such compiler."""
    path = shutil.which(name)
    if path is None:
        return None
    try:
        run = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=COMPILER_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return run.stdout.partition("\n")[0].strip()
