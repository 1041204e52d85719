"""The JSON of `qualwatch check` as a JSON Schema (draft 2020-12), for programs that read it.

The types below describe what `check.as_json` writes; the words that a field may hold are those of
the evaluation itself.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass
from pydantic.json_schema import GenerateJsonSchema

from qualwatch.evaluation.facts import TABLES
from qualwatch.evaluation.findings import REASONS, VERDICTS
from qualwatch.reports.check import SCHEMA
from qualwatch.reports.labels import ANOMALIES, REGISTER_STATES, REQUIREMENTS

STRICT = ConfigDict(extra="forbid")
DAY = r"^\d{4}-\d{2}-\d{2}$"


def _one_of(words: Iterable[str], description: str, **more: Any) -> Any:
    """A text that is one of some words."""
    return Field(description=description, json_schema_extra={"enum": list(words), **more})


Day = Annotated[str, Field(pattern=DAY, description="a day, YYYY-MM-DD")]
Count = Annotated[int, Field(ge=0)]
Line = Annotated[int | None, Field(ge=1, description="row of the sheet; null = the whole file")]


@dataclass(config=STRICT)
class Policy:
    """The policy and the texts of the law that were applied."""

    policy: Annotated[str, Field(description="slug of the policy")]
    in_force_from: Day
    counting: Annotated[str, Field(description="how people are counted")]
    law_digest: Annotated[str, Field(description="SHA-256 over all texts of the law")]


@dataclass(config=STRICT)
class Standard:
    """A document whose figures were applied."""

    doc_no: str
    in_force_from: Day


@dataclass(config=STRICT)
class Clause:
    """A clause of the reading shown."""

    text: str
    at_least: Count
    eligible: Annotated[int, Field(ge=0, description="certainly eligible")]
    eligible_possible: Annotated[int, Field(ge=0, description="every doubt for the enterprise")]


@dataclass(config=STRICT)
class Finding:
    """One requirement of one item on the day."""

    credit_code: str
    enterprise: Annotated[str, Field(description="name; empty where the register has no row")]
    certificate_no: str
    licensing_authority: Annotated[
        str | None, Field(description="ministry, province, or the slug of a city")
    ]
    qualification: str
    sub_item: str
    grade: str
    requirement: Annotated[str, _one_of(REQUIREMENTS, "what is required")]
    text: Annotated[str, Field(description="the requirement in words")]
    verdict: Annotated[str, _one_of(VERDICTS, "only short may lead to a warning")]
    required: Annotated[
        int | None,
        Field(ge=0, description="people, or person-times for person-times; null = no figure"),
    ]
    held: Annotated[int | None, Field(ge=0, description="who certainly counts")]
    possible: Annotated[
        int | None, Field(ge=0, description="who may count, every doubt for the enterprise")
    ]
    shortfall: Annotated[int | None, Field(ge=0, description="max(0, required - held)")]
    clauses: list[Clause]
    basis: Annotated[list[str], Field(description="documents of the law")]
    because: list[Annotated[str, _one_of(REASONS, "a reason")]]


@dataclass(config=STRICT)
class Anomaly:
    """Abnormal social insurance of a person registered at an enterprise."""

    credit_code: str
    person: Annotated[str, Field(description="masked identity number, or a pseudonym")]
    registration_no: str | None
    kind: Annotated[str, _one_of(ANOMALIES, "what is abnormal")]
    months: list[Annotated[str, Field(pattern=r"^\d{4}-\d{2}$", description="YYYY-MM")]]


@dataclass(config=STRICT)
class Rejected:
    """A row or file that was not read; it can only help an enterprise."""

    file: str
    sheet: str
    row: Line
    column: str
    value: Annotated[str, Field(description="as written, identity numbers masked")]
    problem: str
    remedy: str


@dataclass(config=STRICT)
class Notice:
    """Something to look at; the row was read."""

    file: str
    sheet: str
    row: Line
    column: str
    text: str


@dataclass(config=STRICT)
class File:
    """The row counts of a table in a file: read = accepted + rejected + refused."""

    file: str
    sheet: str
    table: Annotated[str, _one_of([*TABLES, "locks"], "the register")]
    read: Count
    accepted: Count
    rejected: Count
    refused: Annotated[int, Field(ge=0, description="rows of a table that was not understood")]
    not_rows: Annotated[int, Field(ge=0, description="titles, totals and other lines")]


@dataclass(config=STRICT)
class Summary:
    """Counts."""

    enterprises: Count
    verdicts: Annotated[
        dict[Annotated[str, _one_of(VERDICTS, "verdict")], Count],
        Field(description="findings by verdict"),
    ]
    anomalies: Annotated[
        dict[Annotated[str, _one_of(ANOMALIES, "kind")], Count],
        Field(description="anomalies by kind"),
    ]
    items_not_in_force: Annotated[
        dict[Annotated[str, _one_of(REGISTER_STATES, "state")], Count],
        Field(description="items that are not judged, by the state of their record"),
    ]
    files: list[File]


@dataclass(config=STRICT)
class CheckDocument:
    """The result of `qualwatch check --format json`."""

    schema: Annotated[str, Field(json_schema_extra={"const": SCHEMA})]
    as_of: Day
    policy: Policy
    standards: list[Standard]
    findings: list[Finding]
    anomalies: list[Anomaly]
    rejected: list[Rejected]
    notices: list[Notice]
    summary: Summary


class _WithoutTitles(GenerateJsonSchema):
    """Fields have names already."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """No."""
        return False


def check_schema() -> dict[str, Any]:
    """The schema of CheckDocument."""
    schema = TypeAdapter(CheckDocument).json_schema(schema_generator=_WithoutTitles)
    return {"$schema": _WithoutTitles.schema_dialect, "$id": SCHEMA, **schema}
