"""Names of Lustre programs on the command line: ``FILE.lus`` or ``FILE.lus:NODE``."""

from __future__ import annotations

from pathlib import Path

SUFFIX = ".lus"


def is_lustre(target: str | Path) -> bool:
    """Whether ``FILE`` or ``FILE:NODE`` names a Lustre file."""
    return split_target(str(target))[0].suffix == SUFFIX


def split_target(target: str) -> tuple[Path, str]:
    """The file and the node of ``FILE[:NODE]``; a node of a package is ``PACKAGE::NODE``."""
    file, mark, node = target.partition(f"{SUFFIX}:")
    if mark and not Path(target).exists():
        return Path(file + SUFFIX).resolve(), node
    return Path(target).resolve(), ""
