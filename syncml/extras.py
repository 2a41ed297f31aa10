"""Optional packages: imported when a command needs them, with a clear message when they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from syncml.diagnostics.model import DiagnosticError, error


def optional(module: str, purpose: str, extra: str) -> Any:
    """Import ``module``, which the extra ``syncml[extra]`` installs.

    Raises:
        DiagnosticError: D006, the package is not installed; ``purpose`` says what needs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        package = module.partition(".")[0]
        message = f"{purpose} needs the package {package}"
        raise DiagnosticError(error("D006", message, help=f"pip install 'syncml[{extra}]'")) from missing
