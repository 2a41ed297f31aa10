"""The evidence that lies beside exported C, and the program that re-runs it.

Rule: what follows from the program is written at export (the traceability map, the description of the networks, the
vectors and where they come from, the driver of EVA, the tests of inline functions); what needs a tool is found by
``make evidence`` on the user's machine, against the lists that are written here. Nothing is implied: a proof that was
not run and a tool that is missing are said to be so.
"""

from syncml.export_c.evidence.part import Justified, Subject, evidence
from syncml.export_c.evidence.runs import MAIN, Observed, RecordedRun

__all__ = ["MAIN", "Justified", "Observed", "RecordedRun", "Subject", "evidence"]
