"""Diagnostics: the model, the table of codes, and the output formats.

Import the model from here: `from syncml.diagnostics import Diagnostic, DiagnosticError, Span`.
"""

from syncml.diagnostics.codes import CODES, Code, Family
from syncml.diagnostics.model import (
    Collector,
    Diagnostic,
    DiagnosticError,
    InternalFault,
    Label,
    Severity,
    Span,
    error,
)

__all__ = [
    "CODES",
    "Code",
    "Collector",
    "Diagnostic",
    "DiagnosticError",
    "Family",
    "InternalFault",
    "Label",
    "Severity",
    "Span",
    "error",
]
