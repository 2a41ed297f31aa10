"""The list of idioms: every construct that exported C can contain, as programs that test a compiler."""

from syncml.export_c.evidence.idioms.constructs import all_constructs, constructs
from syncml.export_c.evidence.idioms.suite import idiom_files, idioms

__all__ = ["all_constructs", "constructs", "idiom_files", "idioms"]
