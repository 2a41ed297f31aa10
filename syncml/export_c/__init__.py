"""Exported C: one node as portable C99 with everything needed to build, check and review it.

The compiler's last pass reads step code only; nothing here knows equations or the language.
"""

from syncml.export_c.draft import Options
from syncml.export_c.functions import print_function, print_functions
from syncml.export_c.package import Package, package
from syncml.export_c.runner import CompilationError, compile_and_run
from syncml.export_c.timing import instructions_per_step, seconds_per_step
from syncml.export_c.vectors import Results, Vectors
from syncml.export_c.writing import export

__all__ = [
    "CompilationError",
    "Options",
    "Package",
    "Results",
    "Vectors",
    "compile_and_run",
    "export",
    "instructions_per_step",
    "package",
    "print_function",
    "print_functions",
    "seconds_per_step",
]
