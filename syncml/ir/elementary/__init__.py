"""The project's own elementary functions, as pure functions of step code.

Rule: every back end prints or evaluates these same statements; none calls a mathematical library. So a result has the
same bits everywhere, and the error bound of `certificate` holds everywhere.
"""

from __future__ import annotations

from syncml.ir.elementary.certificate import CERTIFICATES, Certificate, Evidence
from syncml.ir.elementary.evaluate import evaluate
from syncml.ir.elementary.functions import ELEMENTARY, function
from syncml.ir.elementary.image import image

__all__ = ["CERTIFICATES", "ELEMENTARY", "Certificate", "Evidence", "evaluate", "function", "image"]
