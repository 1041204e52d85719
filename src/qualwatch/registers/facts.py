"""The facts of any day as they were known at any moment."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from qualwatch.evaluation.facts import SCHEMAS, Coverage, Facts
from qualwatch.registers.bulk import rows_of, table_of
from qualwatch.registers.corrections import CORRECTION
from qualwatch.registers.models import TABLES, Correction, Load, PlatformChange, Recorded, Revision
from qualwatch.registers.permits import doubtful_rows
from qualwatch.registers.sources import sources

PERSON = "'P' || {}"
HAS_OTHER_DOCUMENT = "has_other_document"  # a column of people for whom no card is on record
# how a fact's column is read, where it is not the table's own
READ = {
    "registrations": {
        "person_id": PERSON.format("t.person_id"),
        "speciality": "nullif(t.speciality, '')",
        "registration_no": "nullif(t.registration_no, '')",
    },
    "contributions": {
        "person_id": PERSON.format("t.person_id"),
        "insurance_kind": "nullif(t.insurance_kind, '')",
    },
    "exemptions": {"person_id": PERSON.format("t.person_id")},
    "unparsed": {
        "row_id": "'U' || t.id",
        "credit_code": "nullif(t.credit_code, '')",
        "table": "t.table_name",
        "profession": "nullif(t.profession, '')",
        "category": "nullif(t.category, '')",
        "person_id": "CASE WHEN t.person_id = 0 THEN NULL ELSE 'P' || t.person_id END",
    },
}
WITH = {"birthdays": "registrations"}  # tables that come with another
JUDGED = (
    "enterprises",
    "items",
    "registrations",
    "contributions",
)  # tables whose age matters, and whose empty list is never believed

READ_WHOLE = (
    "registrations",
    "contributions",
    "exemptions",
    "items",
    "unparsed",
    "accepted_findings",
)


def revision_at(known_at: datetime | None) -> int:
    """The number of the last revision recorded by then; 0 before the first."""
    revisions = (
        Revision.objects.all()
        if known_at is None
        else Revision.objects.filter(recorded_at__lte=known_at)
    )
    return int(revisions.order_by("-id").values_list("id", flat=True).first() or 0)


def facts_on(
    day: date, known_at: datetime | int | None = None, credit_codes: Iterable[str] | None = None
) -> Facts:
    """The facts of a day as known at a moment or revision (None = now), of all or some enterprises.

    Of some enterprises: their own rows, and all about the people registered there. person_id is `P`
    and a number.
    """
    revision = known_at if isinstance(known_at, int) else revision_at(known_at)
    scope = _Scope(revision, day, None if credit_codes is None else sorted(set(credit_codes)))
    tables = {name: scope.table(name) for name in READ_WHOLE}
    tables["enterprises"] = _enterprises(scope)
    people = scope.people()
    tables["people"] = people.select(SCHEMAS["people"].names)
    tables["unparsed"] = pa.concat_tables([tables["unparsed"], scope.doubts_by_permit(people)])
    tables["coverage"] = Facts.of_rows({"coverage": coverage_on(revision, day)}).tables["coverage"]
    return Facts(tables)


class _Scope:
    """One revision, the day judged, and the enterprises looked at."""

    def __init__(self, revision: int, day: date, codes: list[str] | None) -> None:
        self.revision, self.codes = (None if revision == revision_at(None) else revision), codes
        self.day = day
        self.present = sources_present(revision)

    def table(self, name: str) -> pa.Table:
        """A facts table."""
        expressions = READ.get(name, {})
        columns = {one: expressions.get(one, f"t.{one}") for one in SCHEMAS[name].names}
        rest, values = self._rows(name)
        return table_of(columns, SCHEMAS[name], rest, values)

    def _rows(self, name: str) -> tuple[str, list[object]]:
        """FROM and WHERE of the rows on record that are believed."""
        model = TABLES[name]
        where = (
            f"{_on_record('t', self.revision)}{_believed(model, self.present[name], self.revision)}"
        )
        if name == "registrations":
            where += _registered_here(self.present, self.revision, self.day)
        values: list[object] = []
        if self.codes is not None:
            marks = ", ".join(["%s"] * len(self.codes)) or "NULL"
            here = (
                "SELECT person_id FROM registers_registration r "
                f"WHERE {_on_record('r', self.revision)} AND r.credit_code IN ({marks})"
            )
            if name in ("registrations", "contributions", "exemptions", "locks", "birthdays"):
                where += f" AND t.person_id IN ({here})"
                values = list(self.codes)
            elif name == "unparsed":
                own = [*self.codes, *self._branches()]
                where += (
                    f" AND (t.credit_code IN ('', {', '.join(['%s'] * len(own)) or 'NULL'}) OR "
                    f"t.person_id IN ({here}))"
                )
                values = [*own, *self.codes]
            else:
                where += f" AND t.credit_code IN ({marks})"
                values = list(self.codes)
        return f"FROM {model._meta.db_table} t WHERE {where}", values

    def _branches(self) -> list[str]:
        """The codes of the branches of the enterprises looked at."""
        rest, values = self._rows("enterprises")
        return [
            code
            for (codes,) in rows_of(f"SELECT t.branch_credit_codes {rest}", values)
            for code in codes.split(";")
            if code
        ]

    def people(self) -> pa.Table:
        """Everybody registered, with birthday, lock, death, and whether they have no card."""
        locks, values = self._rows("locks")
        births, more = self._rows("birthdays")
        here = (
            f"SELECT person_id FROM registers_registration r WHERE {_on_record('r', self.revision)}"
        )
        if self.codes is not None:
            here += f" AND r.credit_code IN ({', '.join(['%s'] * len(self.codes)) or 'NULL'})"
        rest = (
            "FROM registers_person p "
            f"LEFT JOIN (SELECT t.person_id, t.died_on, t.locked_from, t.locked_until {locks}) l "
            "ON l.person_id = p.id "
            f"LEFT JOIN (SELECT t.person_id, t.born_on {births}) b ON b.person_id = p.id WHERE "
            f"p.id IN ({here})"
        )
        columns = {name: f"l.{name}" for name in ("died_on", "locked_from", "locked_until")}
        columns = {
            "person_id": PERSON.format("p.id"),
            "born_on": "coalesce(p.born_on, b.born_on)",
            **columns,
            # the birthday of a card follows from its number
            HAS_OTHER_DOCUMENT: "CASE WHEN p.born_on IS NULL THEN 1 ELSE 0 END",
        }
        schema = SCHEMAS["people"].append(pa.field(HAS_OTHER_DOCUMENT, pa.int32()))
        return table_of(columns, schema, rest, [*values, *more, *(self.codes or ())])

    def doubts_by_permit(self, people: pa.Table) -> pa.Table:
        """Rows under another issue of a registered person's permit, as rejected rows."""
        others = people.filter(pc.equal(people.column(HAS_OTHER_DOCUMENT), 1)).column("person_id")
        numbers = [int(person_id[1:]) for person_id in others.to_pylist()]
        doubts = doubtful_rows(numbers, _on_record("t", self.revision)) if numbers else []
        return Facts.of_rows({"unparsed": doubts}).tables["unparsed"]


def _enterprises(scope: _Scope) -> pa.Table:
    names = ["credit_code", "name", "division_code", "branch_credit_codes"]
    schema = pa.schema([(name, pa.string()) for name in names])
    rest, values = scope._rows("enterprises")
    table = table_of({name: f"t.{name}" for name in names}, schema, rest, values)
    written = pc.fill_null(table.column("branch_credit_codes"), "")
    split = pc.split_pattern(written, ";")
    empty = pa.array([[]], pa.list_(pa.string()))[0]
    branches = pc.if_else(pc.equal(written, ""), empty, split)
    return table.set_column(3, "branch_credit_codes", branches).cast(SCHEMAS["enterprises"])


def _on_record(alias: str, revision: int | None) -> str:
    """The condition that a row was on record at a revision.

    None = now, which is what the indexes are made for.
    """
    if revision is None:
        return f"{alias}.recorded_to IS NULL"
    return (
        f"{alias}.recorded_from <= {revision} AND ({alias}.recorded_to IS NULL OR "
        f"{alias}.recorded_to > {revision})"
    )


@dataclass(frozen=True, slots=True)
class RecordedFact:
    """A register row on record: its source and facts by column, and how it came on record.

    load: the number of the delivery, None for a pushed change or a correction. as_of: the day
    whose register it is of.
    """

    source: str
    facts: Mapping[str, Any]
    load: int | None
    as_of: date
    recorded_at: datetime


def rows_on_record(model: type[Recorded], **which: Any) -> list[RecordedFact]:
    """Every row on record now of all sources, with its delivery; by source, then as recorded."""
    rows = list(model._default_manager.filter(recorded_to=None, **which).order_by("source", "pk"))
    numbers = {row.recorded_from for row in rows}
    revisions = Revision.objects.in_bulk(numbers)
    loads = {load.revision_id: load for load in Load.objects.filter(revision_id__in=numbers)}
    names = model.fact_columns()
    facts = []
    for row in rows:
        recorded_at = revisions[row.recorded_from].recorded_at
        load = loads.get(row.recorded_from)
        facts.append(
            RecordedFact(
                source=row.source,
                facts={name: getattr(row, name) for name in names},
                load=load.pk if load else None,
                as_of=load.as_of if load else timezone.localdate(recorded_at),
                recorded_at=recorded_at,
            )
        )
    return facts


def sources_present(revision: int) -> dict[str, list[str]]:
    """For every table the sources that gave rows to it, those believed first in front."""
    shared = Counter(table for source in sources().values() for table in source.tables)

    def gave(slug: str) -> bool:  # who gave nothing matters only beside others
        return all(shared[table] == 1 for table in sources()[slug].tables) or _has_given(
            slug, revision
        )

    corrected = set(Correction.objects.values_list("table", flat=True).distinct())
    order = sorted(filter(gave, sources()), key=lambda slug: (sources()[slug].precedence, slug))
    return {
        name: [CORRECTION] * (name in corrected)
        + [slug for slug in order if {name, WITH.get(name)} & set(sources()[slug].tables)]
        for name in TABLES
    }


def resolved_rows(
    model: type[Recorded], names: Sequence[str], **which: Any
) -> list[tuple[Any, ...]]:
    """Rows on record now, of each key the one that is believed.

    A correction before its source, then by precedence.
    """
    order = {CORRECTION: 0} | {slug: source.precedence for slug, source in sources().items()}
    width = len(model.KEY)
    by_key: dict[tuple[Any, ...], dict[int, dict[int, tuple[Any, ...]]]] = {}
    rows = model._default_manager.filter(recorded_to=None, **which).order_by("pk")
    for source, number, *values in rows.values_list("source", "duplicate_no", *model.KEY, *names):
        of_key = by_key.setdefault(tuple(values[:width]), {})
        of_key.setdefault(order.get(source, 0), {})[number] = tuple(values[width:])
    return [row for of_key in by_key.values() for row in _resolved(of_key)]


def _resolved(rows_by_place: Mapping[int, Mapping[int, tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """The rows of one key: those of the source with precedence, corrected where a correction is.

    rows_by_place: by precedence, corrections at 0, then by duplicate_no.
    """
    places = sorted(place for place in rows_by_place if place > 0)
    of_source = rows_by_place[places[0]] if places else {}
    return list({**of_source, **rows_by_place.get(0, {})}.values())


def _has_given(source: str, revision: int) -> bool:
    """Whether a source had delivered or pushed anything by then."""
    loads = Load.objects.filter(source=source, state="released", revision_id__lte=revision)
    return (
        loads.exists()
        or PlatformChange.objects.filter(source=source, revision_id__lte=revision).exists()
    )


def _believed(
    model: type[Recorded], order: list[str], revision: int | None, alias: str = "t"
) -> str:
    """Of several sources with one key the first in precedence.

    Nothing where one source has all rows.
    """
    if len(order) < 2:
        return ""
    table = model._meta.db_table
    # every row of a source yields to any of a better one; a correction is of one row
    same = " AND ".join(f"b.{name} = {alias}.{name}" for name in model.KEY)
    same += f" AND (b.source <> '{CORRECTION}' OR b.duplicate_no = {alias}.duplicate_no)"
    better = (
        f"SELECT 1 FROM {table} b WHERE {same} AND {_on_record('b', revision)} "
        f"AND {_place('b', order)} < {_place(alias, order)}"
    )
    return f" AND NOT EXISTS ({better})"


def _place(alias: str, order: list[str]) -> str:
    """A row's place among the sources, those with precedence first."""
    cases = " ".join(f"WHEN '{slug}' THEN {at}" for at, slug in enumerate(order))
    return f"CASE {alias}.source {cases} END"


def _registered_here(present: Mapping[str, list[str]], revision: int | None, day: date) -> str:
    """Of a registration that two sources have at two enterprises, the one of the better source.

    Only where it is in force there on the day, as corrected: what the better source says has ended,
    the other may know more of. An enterprise and its branches do not contradict each other. A
    correction of the other source's row stays: an officer has looked at it.
    """
    order = present["registrations"]
    delivering = [slug for slug in order if slug != CORRECTION]
    if len(delivering) < 2:
        return ""
    certificate = ("person_id", "profession", "speciality", "registration_no")
    same_certificate = " AND ".join(f"s.{name} = t.{name}" for name in certificate)
    same_row = " AND ".join(
        f"r.{name} = s.{name}" for name in (*TABLES["registrations"].KEY, "duplicate_no")
    )
    # s: a row of a better source; r: the same as it is believed, itself or its correction
    better = (
        f"SELECT 1 FROM registers_registration s JOIN registers_registration r ON {same_row} "
        f"AND r.source IN (s.source, '{CORRECTION}') AND {_on_record('r', revision)}"
        f"{_believed(TABLES['registrations'], order, revision, 'r')} "
        f"WHERE t.registration_no <> '' AND {same_certificate} AND s.credit_code <> t.credit_code "
        f"AND {_on_record('s', revision)} "
        f"AND {_place('s', delivering)} < {_place('t', delivering)} "
        f"AND {_is_in_force('r', day)} "
        f"AND NOT {_are_one_legal_person('s', 't', present['enterprises'], revision)}"
    )
    return f" AND NOT EXISTS ({better})"


def _is_in_force(alias: str, day: date) -> str:
    """The condition that a registration is in force, as in evaluation.conflicts."""
    return (
        f"({alias}.at_enterprise_from IS NULL OR {alias}.at_enterprise_from <= '{day}') "
        f"AND ({alias}.valid_from IS NULL OR {alias}.valid_from <= '{day}') "
        f"AND ({alias}.register_state = 'in-force' OR {alias}.register_state_from > '{day}') "
        f"AND ({alias}.valid_to IS NULL OR {alias}.valid_to >= '{day}' "
        f"OR {alias}.renewal_filed_on <= {alias}.valid_to) "
        # an end that is not known takes nobody away from elsewhere
        f"AND ({alias}.valid_to IS NOT NULL OR {alias}.certificate_valid_to IS NULL "
        f"OR {alias}.certificate_valid_to >= '{day}')"
    )


def _are_one_legal_person(alias: str, other: str, order: list[str], revision: int | None) -> str:
    """The condition that two rows' credit codes are of one enterprise and its branches."""
    codes = "';' || e.credit_code || ';' || e.branch_credit_codes || ';'"
    # replacing is the one way to look for a text that both databases have
    parents = (
        f"SELECT {codes} AS codes FROM registers_enterprise e WHERE e.branch_credit_codes <> '' "
        f"AND {_on_record('e', revision)}{_believed(TABLES['enterprises'], order, revision, 'e')}"
    )
    names_both = " AND ".join(
        f"replace(p.codes, ';' || {row}.credit_code || ';', '') <> p.codes"
        for row in (alias, other)
    )
    return (
        f"EXISTS (WITH parents AS MATERIALIZED ({parents}) "
        f"SELECT 1 FROM parents p WHERE {names_both})"
    )


def coverage_on(revision: int, day: date) -> list[Coverage]:
    """How old each table is.

    The newest delivery, known by then and not of a later day, of the source believed first.

    A second source that is fresh says nothing of the first one's rows.
    """
    loads = Load.objects.filter(state="released", revision_id__lte=revision, as_of__lte=day)
    newest = Window(RowNumber(), partition_by="source", order_by=["-as_of", "-revision_id"])
    last = {
        load.source: load for load in loads.annotate(duplicate_no=newest).filter(duplicate_no=1)
    }
    coverage = []
    for name in JUDGED:
        source = min(
            (source for source in sources().values() if name in source.tables),
            key=lambda source: source.precedence,
        )
        load = last.get(source.slug)
        as_of, first, to = (
            (load.as_of, load.covers_from, load.covers_to) if load else (None, None, None)
        )
        coverage.append(Coverage(name, as_of, first, to, source.area, source.people))
    return coverage
