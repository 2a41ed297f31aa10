"""A verification as JUnit XML, for dashboards of continuous integration: a test case for each property.

A violated property and a goal that no run reaches are failures, what is undecided is an error: none counts as passed.
"""

from __future__ import annotations

from xml.etree import ElementTree as Tree

from syncml.cli.summary import BROKEN_BY_ROUNDING, verdict_name
from syncml.cli.verdicts import explained
from syncml.verify import Proved, Reached, Result, Unknown, Unreachable, VerificationReport, Violated


def render_junit(report: VerificationReport) -> str:
    """The document, one suite for each node."""
    suites = Tree.Element("testsuites", name="syncml verify", time=f"{report.time_s:.3f}")
    failing = {id(r) for r in report.missed if r.kind == "cover"}
    failing |= {id(r) for r in report.results if isinstance(r.verdict, Violated)}
    for node in dict.fromkeys(result.node for result in report.results):
        results = [result for result in report.results if result.node == node]
        verdicts = [verdict_name(result.verdict) for result in results]
        suite = Tree.SubElement(
            suites,
            "testsuite",
            name=node,
            file=report.file,
            tests=str(len(results)),
            failures=str(sum(id(result) in failing for result in results)),
            errors=str(verdicts.count("unknown")),
            time=f"{sum(result.time_s for result in results):.3f}",
        )
        for result in results:
            _case(suite, result, fails=id(result) in failing)
    Tree.indent(suites)
    return Tree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: Tree.Element, result: Result, *, fails: bool) -> None:
    """Add a property; ``fails`` is whether it counts, which an unreachable mode or goal of one instance does not."""
    case = Tree.SubElement(
        suite, "testcase", classname=result.node, name=_plain(result.name), time=f"{result.time_s:.3f}",
        file=result.span.file, line=str(result.span.line),
    )  # fmt: skip
    properties = Tree.SubElement(case, "properties")
    facts = {"kind": result.kind, "requirement": result.requirement}
    match result.verdict:
        case Proved() | Unreachable():
            proof = result.verdict if isinstance(result.verdict, Proved) else result.verdict.proof
            facts |= {"method": proof.method, "k": str(proof.k), "semantics": proof.semantics}
            facts |= {"floats": proof.floats, "raising": proof.raising}
            if fails:
                Tree.SubElement(case, "failure", message="no run reaches it", type="unreachable")
        case Reached(found):
            facts |= {"reached": str(found.tick)}
        case Violated(found):
            message = f"false at tick {found.tick}"
            facts |= {"rounding": BROKEN_BY_ROUNDING if result.verdict.rounding else ""}
            Tree.SubElement(case, "failure", message=message, type="violated").text = _plain(
                "\n".join(explained(found))
            )
        case Unknown(reason, depth, advice):
            text = f"no violation in the first {depth} ticks; try: {advice}"
            Tree.SubElement(case, "error", message=_plain(reason), type="unknown").text = _plain(text)
    for name, value in facts.items():
        if value:
            Tree.SubElement(properties, "property", name=name, value=_plain(value))


def _plain(text: str) -> str:
    """Text without the control characters that XML cannot hold."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
