"""Programs that some tests need: where one is missing the test is skipped, but in continuous integration it fails.

``.ci/run`` installs all of them and sets ``SYNCML_TOOLS=all``, so that no test
that should run there is skipped in silence.
"""

from __future__ import annotations

import os
import shutil

import pytest

ALL_NEEDED = os.environ.get("SYNCML_TOOLS") == "all"


def needs(*commands: str) -> pytest.MarkDecorator:
    """Mark a test that runs ``commands``."""
    missing = [] if ALL_NEEDED else [command for command in commands if shutil.which(command) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def require(*commands: str) -> None:
    """The same from within a test, which goes on if all ``commands`` are there."""
    for command in commands:
        if shutil.which(command) is None:
            (pytest.fail if ALL_NEEDED else pytest.skip)(f"not installed: {command}")
