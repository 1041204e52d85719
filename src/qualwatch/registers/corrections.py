"""Corrections: an officer's value for a field of a register row, in effect instead of the source's.

The corrected row is in the same table under the source `correction`, which has precedence over
every other. It is computed again, in the same transaction, whenever the source's row changes.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from qualwatch.evaluation.facts import PAYMENT_STATES, REGISTER_STATES, ROUTES
from qualwatch.journal.actions import record
from qualwatch.law.loader import current_law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.registers.bulk import rows_of
from qualwatch.registers.models import TABLES, Correction, Recorded, Revision
from qualwatch.registers.sources import sources
from qualwatch.registers.tables import next_revision
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

CORRECTION = "correction"
NEW_ROW = "*"  # instead of a field: a row that the source lacks
TABLES_FOR_NEW_ROWS = ("registrations", "contributions", "exemptions")
OF_EVERY_ROW = ("register_state", "register_state_from")  # a void certificate is so in every row
VOCABULARY = {
    "register_state": REGISTER_STATES,
    "route": ROUTES,
    "grade": tuple(GRADE_NAMES),
    "payment_state": PAYMENT_STATES,
}


class CannotCorrect(Exception):
    """The row or the field is not there, or the reason or document is missing.

    The message says which.
    """


@transaction.atomic
def correct(  # noqa: PLR0913  # keyword-only: each is a column
    *,
    table: str,
    key: Mapping[str, Any],
    field: str,
    value: Any,
    because: str,
    document: str,
    review_on: date,
    by: str,
    at: datetime,
) -> Correction:
    """Corrects one field of the row of a key; the row must be on record from a source.

    With NEW_ROW as the field, `value` is a row that the source lacks, in effect until the source
    has the key.
    """
    model = _correctable(table, field)
    key = _full_key(model, key)
    is_new_row = field == NEW_ROW
    if not because.strip() or not document.strip():
        raise CannotCorrect(_("更正要写明理由和证明文件"))
    if review_on <= timezone.localdate(at):
        raise CannotCorrect(_("复核日要晚于今天"))
    value = _checked_row(model, key, value) if is_new_row else _checked(model, field, value)
    revision = next_revision(what="correction", by=by, at=at)
    row = resolved_rows(model, key)
    if is_new_row and row is not None:
        raise CannotCorrect(_("登记里已有这一行，请更正其中的字段"))
    if row is None and not is_new_row:
        raise CannotCorrect(_("登记里没有这一行"))
    value_before = None if row is None else _plain(getattr(row, field))
    Correction.objects.filter(
        table=table, key=_plain_key(model, key), field=field, released_at=None
    ).update(released_at=at, released_by=by)
    correction = Correction.objects.create(
        table=table,
        key=_plain_key(model, key),
        field=field,
        source_value=value_before,
        value=_plain(value),
        because=because,
        document=document,
        review_on=review_on,
        corrected_by=by,
        corrected_at=at,
    )
    _resolve_key(model, table, correction.key, revision.pk, timezone.localdate(at))
    record(
        stream=f"correction/{correction.pk}",
        by=by,
        at=at,
        what="corrected",
        basis=document,
        before=value_before,
        after=_plain(value),
        details={
            "table": table,
            "key": correction.key,
            "field": field,
            "because": because,
            "review_on": review_on,
        },
    )
    return correction


def _correctable(table: str, field: str) -> type[Recorded]:
    """The model of a table in which the field may be corrected; CannotCorrect."""
    model = TABLES.get(table)
    is_new_row = field == NEW_ROW and table in TABLES_FOR_NEW_ROWS
    if model is None or not (is_new_row or field in set(model.fact_columns()) - set(model.KEY)):
        raise CannotCorrect(_("{table} 没有可更正的字段 {field}").format(table=table, field=field))
    return model


@transaction.atomic
def release_correction(*, correction: Correction, by: str, at: datetime, because: str) -> None:
    """Ends a correction: the source's value is in effect again. CannotCorrect."""
    revision = next_revision(what="correction-released", by=by, at=at)
    updated = Correction.objects.filter(pk=correction.pk, released_at=None).update(
        released_at=at, released_by=by
    )
    if not updated:
        raise CannotCorrect(_("这条更正已经解除"))
    _resolve_key(
        TABLES[correction.table],
        correction.table,
        correction.key,
        revision.pk,
        timezone.localdate(at),
    )
    record(
        stream=f"correction/{correction.pk}",
        by=by,
        at=at,
        what="correction-released",
        basis=because,
    )


def resolve(slug: str, revision: int) -> int:
    """Computes the corrected rows of a table again after a load.

    Returns in how many fields the source still differs.
    """
    differing = 0
    active = Correction.objects.filter(table=slug, released_at=None)
    for key in {json.dumps(correction.key, sort_keys=True) for correction in active}:
        differing += _resolve_key(TABLES[slug], slug, json.loads(key), revision, None)
    return differing


def resolved_rows(model: type[Recorded], key: Mapping[str, Any]) -> Recorded | None:
    """The row of a key of the source with precedence, without corrections: the latest."""
    rows = _source_rows(model, key)
    return max(_latest(rows), key=lambda row: -row.duplicate_no, default=None)


def _source_rows(model: type[Recorded], key: Mapping[str, Any]) -> list[Recorded]:
    """Every row of a key of the source with precedence: a source may have several."""
    rows = model._default_manager.filter(recorded_to=None, **key).exclude(source=CORRECTION)
    order = {slug: source.precedence for slug, source in sources().items()}
    by_precedence = sorted(rows, key=lambda row: (order.get(row.source, 0), row.source))
    return [row for row in by_precedence if row.source == by_precedence[0].source]


def _latest(rows: list[Recorded]) -> list[Recorded]:
    """The rows that begin last, and those of unknown beginning: what a correction is about.

    The earlier ones are a history. Contradictory rows begin on the same day, so that a correction
    makes them agree.
    """
    latest = max((start for row in rows if (start := _start(row))), default=None)
    return [row for row in rows if _start(row) in (latest, None)]


def _start(row: Recorded) -> date | None:
    return getattr(row, "valid_from", None)


def _resolve_key(
    model: type[Recorded], slug: str, key: Mapping[str, Any], revision: int, on: date | None
) -> int:
    """Writes the corrected rows of one key again.

    Returns in how many fields the source differs from its corrections.
    """
    rows = _source_rows(model, key)
    corrections = Correction.objects.filter(table=slug, key=key, released_at=None)
    values = {correction.field: correction.value for correction in corrections}
    new_row = values.pop(NEW_ROW, None)
    if rows and new_row is not None:
        # the source has the row now, and may lose it again
        _release_new_row(slug, key, revision)
        new_row = None
    targets: dict[int, Mapping[str, Any]] = {}
    differing = 0
    if not rows and new_row is not None:
        targets[1] = {**dict.fromkeys(model.fact_columns()), **key, **new_row, **values}
        differing = int(bool(new_row))
    elif rows and values:
        targets = _corrected(model, rows, values)
        differing = _differing_fields(model, rows, targets, values)
    _replace_corrected_rows(model, key, targets, revision, on)
    return differing


def _corrected(
    model: type[Recorded], rows: list[Recorded], values: Mapping[str, Any]
) -> dict[int, Mapping[str, Any]]:
    """The corrected rows by duplicate_no: the latest rows, of a state every row."""
    latest = _latest(rows)
    of_state = {name: value for name, value in values.items() if name in OF_EVERY_ROW}
    targets: dict[int, Mapping[str, Any]] = {}
    for row in rows:
        own = values if row in latest else of_state
        if own:
            targets[row.duplicate_no] = _plain_values(model, row) | dict(own)
    return targets


def _differing_fields(
    model: type[Recorded],
    rows: list[Recorded],
    targets: Mapping[int, Mapping[str, Any]],
    values: Mapping[str, Any],
) -> int:
    source_values = {row.duplicate_no: _plain_values(model, row) for row in rows}
    return sum(
        any(source_values[number][name] != target[name] for number, target in targets.items())
        for name in values
    )


def _plain_values(model: type[Recorded], row: Recorded) -> dict[str, Any]:
    """A row's facts as corrections store values."""
    return {name: _plain(getattr(row, name)) for name in model.fact_columns()}


def _replace_corrected_rows(
    model: type[Recorded],
    key: Mapping[str, Any],
    targets: Mapping[int, Mapping[str, Any]],
    revision: int,
    on: date | None,
) -> None:
    """Ends the corrected rows of a key and writes the targets in their place, where they differ.

    targets: by duplicate_no.
    """
    rows = model._default_manager.filter(recorded_to=None, source=CORRECTION, **key)
    unchanged: set[int] = set()
    for row in rows:
        target = targets.get(row.duplicate_no)
        if target == _plain_values(model, row):
            unchanged.add(row.duplicate_no)
            continue
        absent_since = None if target else on
        model._default_manager.filter(pk=row.pk).update(
            recorded_to=revision, absent_since=absent_since
        )
    for number, target in targets.items():
        if number not in unchanged:
            model._default_manager.create(
                source=CORRECTION,
                recorded_from=revision,
                duplicate_no=number,
                **_typed(model, target),
            )


def _release_new_row(slug: str, key: Mapping[str, Any], revision: int) -> None:
    revision_row = Revision.objects.get(pk=revision)
    for correction in Correction.objects.filter(
        table=slug, key=key, field=NEW_ROW, released_at=None
    ):
        correction.released_at, correction.released_by = revision_row.recorded_at, revision_row.by
        correction.save(update_fields=["released_at", "released_by"])
        record(
            stream=f"correction/{correction.pk}",
            by=revision_row.by,
            at=revision_row.recorded_at,
            what="correction-released",
            basis=_n("来源已有这一行"),
        )


def _checked(model: type[Model], field: str, value: Any) -> Any:
    """The value as the register would write it."""
    column = next(
        concrete_field
        for concrete_field in model._meta.concrete_fields
        if concrete_field.attname == field
    )
    try:
        clean = column.clean(value, None) if value is not None or not column.null else None
    except ValidationError as error:
        raise CannotCorrect("；".join(error.messages)) from error
    words = vocabulary(field)
    if words is not None and clean is not None and clean not in words:
        raise CannotCorrect(_("{field} 只能是 {words}").format(field=field, words="、".join(words)))
    return clean


def vocabulary(field: str) -> tuple[str, ...] | None:
    """The slugs that a field may have; None where it is a day or free text."""
    law = current_law()
    of_the_law = {
        "licensing_authority": ("ministry", "province", *law.divisions.areas),
        "profession_grade": tuple(law.profession_grades),
    }
    return of_the_law.get(field) or VOCABULARY.get(field)


def _checked_row(
    model: type[Recorded], key: Mapping[str, Any], columns: Mapping[str, Any]
) -> dict[str, Any]:
    """A row's columns besides its key, as the register would write them.

    Columns that are not given are empty.
    """
    if unknown := set(columns) - set(model.fact_columns()) | set(columns) & set(model.KEY):
        raise CannotCorrect(
            _("{table} 没有可更正的字段 {field}").format(table=model.__name__, field=min(unknown))
        )
    _plain_key(model, key)
    names = [fact_column for fact_column in model.fact_columns() if fact_column not in model.KEY]
    return {name: _plain(_checked(model, name, columns.get(name))) for name in names}


def _typed(model: type[Model], values: Mapping[str, Any]) -> dict[str, Any]:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return {name: fields[name].to_python(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _full_key(model: type[Recorded], key: Mapping[str, Any]) -> Mapping[str, Any]:
    """A key with the kind of insurance, which it may leave out: not every source tells it."""
    return {name: "" for name in model.KEY if name == "insurance_kind"} | dict(key)


def _plain_key(model: type[Recorded], key: Mapping[str, Any]) -> dict[str, Any]:
    if set(key) != set(model.KEY):
        raise CannotCorrect(_("这张表的键是 {key}").format(key="、".join(model.KEY)))
    return {name: _plain(key[name]) for name in sorted(key)}


def due_for_review(day: date) -> Iterable[Correction]:
    """Corrections whose review day has come."""
    return Correction.objects.filter(released_at=None, review_on__lte=day).order_by(
        "review_on", "pk"
    )


def conflicts(table: str) -> list[tuple[Any, ...]]:
    """Keys of which current rows of several sources differ.

    Key columns, then the sources.
    """
    model = TABLES[table]
    key = ", ".join(f"a.{name}" for name in model.KEY)
    same = " AND ".join(f"a.{name} = b.{name}" for name in model.KEY)
    others = [name for name in model.fact_columns() if name not in model.KEY]
    differ = " OR ".join(f"a.{name} IS DISTINCT FROM b.{name}" for name in others) or "1 = 0"
    name = model._meta.db_table
    return rows_of(
        f"SELECT DISTINCT {key}, a.source, b.source FROM {name} a JOIN {name} b ON {same} AND "
        "a.source < b.source "
        f"WHERE a.recorded_to IS NULL AND b.recorded_to IS NULL AND a.source <> 'correction' "
        f"AND b.source <> 'correction' AND ({differ}) ORDER BY {key}"
    )
