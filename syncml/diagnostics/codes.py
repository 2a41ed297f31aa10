"""The closed table of diagnostic codes.

A code is a family letter and three digits. It never changes its meaning and is never used again
after it is retired. Each code has a page, `syncml/diagnostics/pages/<CODE>.md`, whose programs are
its test; CONTRIBUTING.md describes how to add one.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from syncml.dataclass import dataclass


class Family(enum.Enum):
    """The part of the system that a code belongs to; the value is its letter."""

    LANGUAGE = "L"
    TYPE = "T"
    CLOCK = "C"
    CAUSALITY = "K"
    INITIALISATION = "I"
    VERIFICATION = "V"
    SIMULATION = "S"
    EXPORT = "X"
    DATA = "D"
    GRADIENT = "G"
    LUSTRE = "R"
    USAGE = "U"
    INTERNAL = "P"


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means, in a few words."""

    code: str
    title: str

    @property
    def family(self) -> Family:
        """The family named by the first letter."""
        return Family(self.code[0])


_TITLES: dict[str, str] = {
    # Language and tracing.
    "L001": "a stream is used as a Python condition",
    "L002": "`and`, `or` or `not` is applied to a stream",
    "L003": "a chained comparison of streams",
    "L004": "a state has no `.next`",
    "L005": "a wire is never defined",
    "L006": "a state or wire is defined twice",
    "L007": "a stream is used outside the node or mode it belongs to",
    "L008": "`&` or `|` binds tighter than a comparison",
    "L009": "no node to compile",
    "L010": "a node calls itself",
    "L011": "a stream is iterated over or measured with `len`",
    "L012": "a stream is converted to a Python number",
    "L013": "a node returns the wrong thing",
    "L014": "an annotation is missing or not a type of the language",
    "L015": "a node parameter is missing, unknown or has the wrong value",
    "L016": "`assert` is applied to a stream",
    "L017": "an operation of the language is used outside a node",
    "L018": "the program raised an exception while it was traced",
    "L019": "a part of a value is assigned",
    "L020": "a stream cannot be held",
    "L021": "a mode or a transition does not belong where it is written",
    "L022": "a shared variable has no value in a mode",
    "L023": "an external node is declared wrongly",
    "L024": "a mode of a contract comes after the one that is active otherwise",
    # Types.
    "T001": "types do not match",
    "T002": "shapes do not broadcast",
    "T003": "a literal does not fit its type",
    "T004": "an enumeration constructor or record field does not exist",
    "T005": "a constant index is out of range",
    "T006": "an operator is not defined for a type",
    "T007": "a node is called with the wrong arguments",
    "T008": "a mathematical number runs as a machine number",
    "T009": "units do not match",
    "T010": "a unit is not known",
    "T020": "the arrays of an iterator have different extents",
    "T021": "an argument of an iterator has no first axis",
    "T022": "an accumulator changes its type",
    "T023": "an iterator does not fit what it is applied to",
    # Clocks.
    "C001": "clocks do not match",
    "C002": "a rate does not divide the base rate",
    "C003": "the branches of a merge do not complement each other",
    "C004": "a time in seconds or hertz needs a node with a rate",
    "C005": "a clock escapes its scope",
    "C006": "a buffer is written and read at different rates",
    "C007": "a buffer is read before it is written",
    "C008": "a buffer has no size that suffices",
    "C009": "no clocks make all buffers fit",
    "C010": "a reset does not fit what it resets",
    "C011": "a node cannot be spread over several ticks",
    "C012": "a node that is iterated has streams on several clocks",
    "C013": "a clock takes too long to repeat",
    "C014": "a bound in time is no number of instants",
    # Causality.
    "K001": "a value depends on itself within one instant",
    "K010": "the future is used outside of a segment",
    "K011": "a loop needs both the past and the future",
    "K012": "a value that needs the future leaves its segment",
    "K013": "a look ahead has no value at the end",
    "K014": "a segment is not bounded",
    "K015": "a value cannot be computed by a sweep over the segment",
    "K016": "a memory that is not cut takes a value from the future",
    "K017": "values of two segments meet",
    "K018": "a value from the future cannot be a trace that runs forwards",
    "K019": "the error of a fixed lag has no known bound",
    "K020": "no schedule fits the budget of a segment",
    # Initialisation.
    "I001": "an undefined first value is used",
    "I002": "an output is undefined at first",
    # Verification.
    "V001": "a contract is not a Boolean stream",
    "V002": "the assumptions contradict each other",
    "V003": "a property has no such name",
    "V004": "a property is violated",
    "V005": "a property is not decided",
    "V006": "state influences nothing",
    "V007": "a condition never changes",
    "V008": "a node is no feed-forward network",
    "V010": "a goal is never reached",
    "V011": "a claim about the future is used as a stream",
    "V012": "two nodes cannot be compared",
    # Simulation.
    "S001": "a scenario does not match the node",
    "S002": "an input stream has no values",
    "S003": "an input value does not fit its type",
    "S004": "a contract fails in a simulation",
    "S005": "a column of recorded inputs is not read",
    "S006": "a node without a body is zero",
    "S007": "an expression of a scenario has no value",
    "S008": "a parameter is outside of what its scenario allows",
    "S009": "a road has an impossible geometry",
    "S010": "an element of OpenSCENARIO or OpenDRIVE is not supported",
    "S011": "a name of a scenario refers to nothing",
    "S012": "parts of a scenario refer to each other in a circle",
    "S013": "a sweep cannot go on in its folder",
    "S014": "results of a sweep are damaged",
    "S015": "a run differs from what a sweep recorded of it",
    "S016": "the workers of a sweep end again and again",
    "S017": "a training run cannot go on in its folder",
    "S018": "a training run is not finite any more",
    "S019": "a training run keeps no weights, or the first ones",
    # Export.
    "X001": "the output folder cannot be written",
    "X002": "two names are the same in C",
    "X003": "an external node is not a function of C",
    "X004": "the cyclic executive is too large",
    "X005": "no rate can run in a task of its own",
    "X006": "a region of memory is too small",
    "X007": "a program has no form in ONNX",
    # Data files.
    "D001": "a file is missing or cannot be read",
    "D002": "a YAML, JSON or CSV file is malformed",
    "D003": "a weight is missing or has the wrong shape",
    "D004": "a file of weights or of a network is damaged",
    "D005": "a part of a network is not supported",
    "D006": "an optional package is not installed",
    "D007": "a VNN-LIB specification cannot be read",
    "D008": "an XML file cannot be read",
    "D020": "a layer has no integer form",
    "D021": "an accumulator of integers can overflow",
    "D022": "recorded inputs do not fit the program",
    "D023": "recorded inputs are not finite",
    "D024": "recorded inputs do not vary",
    "D025": "a program has no network to quantise",
    # Derivatives.
    "G001": "a value that is rounded to an integer has no derivative",
    "G002": "a buffer of a size that is not known, in a derivative",
    "G003": "a derivative does not fit its node",
    "G004": "a gradient is 0 whatever happens",
    "G005": "a declared derivative does not fit its node",
    "G010": "a parameter is declared or used wrongly",
    "G011": "parameters and their gradients do not correspond",
    "G012": "a parameter is never learned",
    # Reading and writing Lustre.
    "R001": "a Lustre file has a syntax error",
    "R002": "a construct of Lustre is not read",
    "R003": "a name of a Lustre file has no such meaning",
    "R004": "a stream of a Lustre node is not defined once",
    "R005": "a static expression of a Lustre file has no value",
    "R006": "a program has no form in Lustre",
    "R007": "a function of Lustre has memory",
    # Usage of the command line.
    "U001": "an option or argument is not valid",
    "U002": "a target is not a program",
    "U003": "a folder exists already",
    # Internal.
    "P001": "an internal fault of syncml",
}

CODES: Mapping[str, Code] = MappingProxyType({code: Code(code, title) for code, title in _TITLES.items()})
