"""Small OpenSCENARIO and OpenDRIVE files, put together from parts."""

from __future__ import annotations

from pathlib import Path

ROAD = """<OpenDRIVE>
  <header revMajor="1" revMinor="6"/>
  <road id="0" length="1200" junction="-1" rule="RHT">
    <planView>
      <geometry s="0" x="0" y="0" hdg="0" length="1000"><line/></geometry>
      <geometry s="1000" x="1000" y="0" hdg="0" length="100"><spiral curvStart="0" curvEnd="0.002"/></geometry>
    </planView>
    <lanes>
      <laneOffset s="0" a="0" b="0" c="0" d="0"/>
      <laneSection s="0">
        <left><lane id="1" type="driving"><width sOffset="0" a="4" b="0" c="0" d="0"/></lane></left>
        <center><lane id="0" type="none"/></center>
        <right>
          <lane id="-1" type="driving"><width sOffset="0" a="3" b="0" c="0" d="0"/><roadMark/></lane>
          <lane id="-2" type="driving"><width sOffset="0" a="3" b="0" c="0" d="0"/></lane>
        </right>
      </laneSection>
    </lanes>
  </road>
</OpenDRIVE>
"""
CATALOG = """<OpenSCENARIO>
  <FileHeader revMajor="1" revMinor="1" date="2026-01-01T00:00:00" description="cars" author="us"/>
  <Catalog name="cars">
    <Vehicle name="small" vehicleCategory="car">
      <BoundingBox><Center x="1" y="0" z="0"/><Dimensions length="4" width="2" height="1"/></BoundingBox>
    </Vehicle>
  </Catalog>
</OpenSCENARIO>
"""


def entity(name: str) -> str:
    return f'<ScenarioObject name="{name}"><CatalogReference catalogName="cars" entryName="small"/></ScenarioObject>'


def lane(lane_id: str, s: str, more: str = "") -> str:
    return f'<Position><LanePosition roadId="0" laneId="{lane_id}" s="{s}" {more}/></Position>'


def teleport(position: str) -> str:
    return f"<PrivateAction><TeleportAction>{position}</TeleportAction></PrivateAction>"


def speed(value: str, shape: str = "step", dimension: str = "time", pace: str = "0") -> str:
    return f"""<PrivateAction><LongitudinalAction><SpeedAction>
      <SpeedActionDynamics dynamicsShape="{shape}" dynamicsDimension="{dimension}" value="{pace}"/>
      <SpeedActionTarget><AbsoluteTargetSpeed value="{value}"/></SpeedActionTarget>
    </SpeedAction></LongitudinalAction></PrivateAction>"""


def by_value(condition: str, edge: str = "none", delay: str = "0") -> str:
    return f"""<ConditionGroup><Condition name="c" delay="{delay}" conditionEdge="{edge}">
      <ByValueCondition>{condition}</ByValueCondition></Condition></ConditionGroup>"""


def at(seconds: str) -> str:
    return by_value(f'<SimulationTimeCondition value="{seconds}" rule="greaterOrEqual"/>')


def by_entity(condition: str, actor: str = "Ego", edge: str = "none") -> str:
    return f"""<ConditionGroup><Condition name="c" delay="0" conditionEdge="{edge}"><ByEntityCondition>
      <TriggeringEntities triggeringEntitiesRule="any"><EntityRef entityRef="{actor}"/></TriggeringEntities>
      <EntityCondition>{condition}</EntityCondition></ByEntityCondition></Condition></ConditionGroup>"""


def event(name: str, trigger: str, actions: str, priority: str = "overwrite", count: str = "1") -> str:
    return f"""<Event name="{name}" priority="{priority}" maximumExecutionCount="{count}">
      <Action name="{name}Action">{actions}</Action>
      <StartTrigger>{trigger}</StartTrigger></Event>"""


def story(events: str, actor: str = "Other") -> str:
    return f"""<Story name="story"><Act name="act"><ManeuverGroup name="group" maximumExecutionCount="1">
      <Actors selectTriggeringEntities="false"><EntityRef entityRef="{actor}"/></Actors>
      <Maneuver name="manoeuvre">{events}</Maneuver></ManeuverGroup>
      <StartTrigger>{at("0")}</StartTrigger></Act></Story>"""


INIT = f"""<Private entityRef="Ego">{teleport(lane("-1", "10"))}{speed("10")}</Private>
<Private entityRef="Other">{teleport(lane("-1", "50"))}{speed("10")}</Private>"""


def scenario(
    stories: str = "", init: str = INIT, parameters: str = "", stop: str = at("8"), version: str = "1",
    entities: str = entity("Ego") + entity("Other"), more: str = "",
) -> str:  # fmt: skip
    return f"""<?xml version="1.0"?>
<OpenSCENARIO>
<FileHeader revMajor="1" revMinor="{version}" date="2026-01-01T00:00:00" description="test" author="us"/>
<ParameterDeclarations>{parameters}</ParameterDeclarations>{more}
<CatalogLocations><VehicleCatalog><Directory path="catalogs"/></VehicleCatalog></CatalogLocations>
<RoadNetwork><LogicFile filepath="road.xodr"/></RoadNetwork>
<Entities>{entities}</Entities>
<Storyboard><Init><Actions>{init}</Actions></Init>{stories}<StopTrigger>{stop}</StopTrigger></Storyboard>
</OpenSCENARIO>"""


def write(folder: Path, text: str, road: str = ROAD, catalog: str = CATALOG) -> Path:
    """A scenario with its road and its catalog."""
    (folder / "catalogs").mkdir(exist_ok=True)
    (folder / "catalogs" / "cars.xosc").write_text(catalog)
    (folder / "road.xodr").write_text(road)
    path = folder / "scenario.xosc"
    path.write_text(text)
    return path


def variation(distributions: str, file: str = "scenario.xosc") -> str:
    return f"""<OpenSCENARIO>
<FileHeader revMajor="1" revMinor="1" date="2026-01-01T00:00:00" description="variation" author="us"/>
<ParameterValueDistribution><ScenarioFile filepath="{file}"/>
<Deterministic>{distributions}</Deterministic></ParameterValueDistribution></OpenSCENARIO>"""
