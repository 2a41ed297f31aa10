"""A run of a scenario as a scenario file of its own.

Rule: of the project's own form it has the text of the scenario: the parameters have the values of the run, files that
the scenario names are named as seen from the new file, the seed is that of the run where it has one of its own, and
every other character stays as it is. Of OpenSCENARIO XML it is a variation of the same scenario file with a single set
of values, those of the parameters that vary; a seed has no place there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syncml.extras import optional
from syncml.files import read_text
from syncml.scenario.openscenario.document import PURPOSE
from syncml.scenario.parameters import Setting
from syncml.scenario.templates import Template
from syncml.scenario.xml import read_xml
from syncml.scenario.yaml_text import parse

XML = ".xosc"
"""How files of OpenSCENARIO XML end."""

_FILES = (("connection",), ("road", "file"))
"""Where a scenario names a file."""


def run_file(template: Template, settings: Mapping[str, Setting], folder: Path, seed: int | None = None) -> bytes:
    """One run of a scenario as a file in ``folder``, of the same form.

    Args:
        template: The scenario.
        settings: The parameters of the run.
        folder: Where the file is to be.
        seed: That of the run, if it is not the scenario's.

    Raises:
        DiagnosticError: D001, the scenario cannot be read any more.
    """
    if template.path.suffix.lower() == XML:
        varied = [name for factor in template.runs.factors for name in factor.names]
        return variation({name: settings[name] for name in varied}, template.path, folder)
    return written(template.path, settings, folder, seed).encode()


def written(scenario: Path, settings: Mapping[str, Setting], folder: Path, seed: int | None = None) -> str:
    """The text of one run of a scenario file of the project's own form; see `run_file`."""
    text = read_text(scenario)
    root, _ = parse(text)
    edits: list[tuple[int, int, str]] = []
    if (found := _value(root, "parameters")) is not None:
        # A block ends where the next key begins, so the line that it ended is ended again.
        start, end = found.start_mark.index, found.end_mark.index
        edits.append((start, end, json.dumps(dict(settings)) + ("" if found.flow_style else "\n")))
    for keys in _FILES:
        if (found := _value(root, *keys)) is not None:
            place = os.path.relpath(scenario.parent / found.value, folder)
            edits.append((found.start_mark.index, found.end_mark.index, json.dumps(Path(place).as_posix())))
    if seed is not None:
        if (found := _value(root, "seed")) is not None:
            edits.append((found.start_mark.index, found.end_mark.index, str(seed)))
        else:
            first = root.value[0][0].start_mark.index
            edits.append((first, first, f'"seed": {seed}, ' if root.flow_style else f"seed: {seed}\n"))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def variation(settings: Mapping[str, Setting], scenario: Path, folder: Path) -> bytes:
    """A variation of an OpenSCENARIO file, or of the one that it varies, with one set of values; see `run_file`."""
    etree = optional("lxml.etree", PURPOSE, "scenarios")
    top = read_xml(scenario, "OpenSCENARIO", PURPOSE)
    varied = top.find("ParameterValueDistribution")
    target = scenario if varied is None else scenario.parent / varied.one("ScenarioFile").text("filepath")
    made = etree.Element("OpenSCENARIO")
    made.append(top.one("FileHeader").raw)
    distribution = etree.SubElement(made, "ParameterValueDistribution")
    etree.SubElement(distribution, "ScenarioFile", filepath=Path(os.path.relpath(target, folder)).as_posix())
    chosen = etree.SubElement(distribution, "Deterministic")
    for name in ("DeterministicMultiParameterDistribution", "ValueSetDistribution", "ParameterValueSet"):
        chosen = etree.SubElement(chosen, name) if settings else chosen
    for name, value in settings.items():
        etree.SubElement(chosen, "ParameterAssignment", parameterRef=name, value=_text(value))
    etree.indent(made)
    return etree.tostring(made, xml_declaration=True, encoding="utf-8") + b"\n"


def _text(value: Setting) -> str:
    """A value that reads back exactly; a whole number as one, as a parameter of whole numbers asks for it."""
    if isinstance(value, str):
        return value
    number = float(value)
    return f"{number:.0f}" if number.is_integer() and abs(number) < 2.0**53 else repr(number)


def _value(node: Any, *keys: str) -> Any:
    """What stands at the keys, if the file has them."""
    for key in keys:
        pairs: Any = node.value
        node = None if isinstance(pairs, str) else next((value for name, value in pairs if name.value == key), None)
        if node is None:
            return None
    return node
