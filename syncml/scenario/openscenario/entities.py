"""Entities of OpenSCENARIO, and the catalogs that describe them.

Rule: an entity is its bounding box. What a vehicle can do (performance, axles), what it weighs and how it looks does
not bear on the motion that a storyboard prescribes, and is skipped.
"""

from __future__ import annotations

from pathlib import Path

from syncml.diagnostics.model import DiagnosticError, error
from syncml.scenario.openscenario.reading import Reading
from syncml.scenario.storyboard import Actor
from syncml.scenario.xml import Element, read_xml

_KINDS = {"Vehicle": "vehicle", "Pedestrian": "pedestrian", "MiscObject": "object"}
_LOCATIONS = {
    "VehicleCatalog": "Vehicle",
    "PedestrianCatalog": "Pedestrian",
    "MiscObjectCatalog": "MiscObject",
    "ControllerCatalog": "Controller",
}


class Catalogs:
    """The catalogs of a scenario, each read when it is first asked for."""

    def __init__(self, locations: Element | None, folder: Path) -> None:
        self._locations = locations
        self._folder = folder
        self._entries: dict[str, dict[str, Element]] | None = None

    def entry(self, reference: Element) -> Element:
        """What a catalog reference stands for; S011 if there is none."""
        catalog, name = reference.text("catalogName"), reference.text("entryName")
        if self._entries is None:
            self._entries = self._read()
        if catalog not in self._entries:
            raise reference.unknown("catalog", catalog, dict.fromkeys(self._entries))
        if name not in self._entries[catalog]:
            raise reference.unknown(f"entry of the catalog {catalog!r} with the name", name, self._entries[catalog])
        return self._entries[catalog][name]

    def _read(self) -> dict[str, dict[str, Element]]:
        found: dict[str, dict[str, Element]] = {}
        for location in self._locations.children() if self._locations is not None else ():
            if location.tag not in _LOCATIONS:
                continue
            directory = location.one("Directory")
            folder = self._folder / directory.text("path")
            if not folder.is_dir():
                message = f"there is no folder of catalogs {directory.text('path')!r}"
                raise DiagnosticError(error("D001", message, directory.span))
            for path in sorted(folder.glob("*.xosc")):
                catalog = read_xml(path, "OpenSCENARIO", "reading OpenSCENARIO", directory.span).one("Catalog")
                entries = found.setdefault(catalog.text("name"), {})
                entries |= {entry.text("name"): entry for entry in catalog.children()}
        return found


def entities(given: Element, catalogs: Catalogs, reading: Reading) -> dict[str, Actor]:
    """The entities by name, and which of them has a controller.

    Raises:
        DiagnosticError: S010 a kind of entity that is not supported, S011 a catalog entry that there is not.
    """
    given.only(reading.found, "ScenarioObject")
    found: dict[str, Actor] = {}
    for scenario_object in given.all("ScenarioObject"):
        scenario_object.only(reading.found, "CatalogReference", "ObjectController", *_KINDS)
        name = scenario_object.text("name")
        if name in found:
            message = f"two entities are called {name!r}"
            raise DiagnosticError(error("D008", message, scenario_object.span))
        reference = scenario_object.find("CatalogReference")
        inline = next((child for child in scenario_object.children() if child.tag in _KINDS), None)
        described = catalogs.entry(reference) if reference is not None else inline
        if described is None:
            raise DiagnosticError(error("D008", f"entity {name!r} is not described", scenario_object.span))
        if described.tag not in _KINDS:
            raise described.unsupported()
        found[name] = _actor(name, described)
    return found


def _actor(name: str, described: Element) -> Actor:
    box = described.one("BoundingBox")
    centre, size = box.one("Center"), box.one("Dimensions")
    length, width = size.number("length"), size.number("width")
    if length <= 0.0 or width <= 0.0:
        message = f"the box of {name!r} measures {length:g} m by {width:g} m"
        raise DiagnosticError(error("S009", message, size.span, help="give it a size above zero"))
    return Actor(name, length, width, centre.number("x"), centre.number("y"), _KINDS[described.tag])
