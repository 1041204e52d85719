"""How much pushes may remove of a source before people look at it, as in a list that shrinks."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from qualwatch.law.loader import Law
from qualwatch.registers.bulk import rows_of
from qualwatch.registers.models import TABLES, Revision
from qualwatch.registers.pushed import Change
from qualwatch.registers.sources import source_of
from qualwatch.wording import gettext as _


def rows_removed(slug: str, source: str, since: date) -> int:
    """Rows of a source that pushes have removed since a day and that have not come back."""
    model = TABLES[slug]
    table = model._meta.db_table
    is_same = " AND ".join(f"c.{name} = t.{name}" for name in model.KEY)
    start = timezone.make_aware(datetime.combine(since, time.min))
    query = (
        f"SELECT count(*) FROM {table} t WHERE t.source = %s AND t.recorded_to IN ("
        "SELECT revision_id FROM registers_platformchange "
        "WHERE source = %s AND action = 'remove' AND state IN ('applied', 'released') "
        "AND coalesce(decided_at, received_at) >= %s) AND NOT EXISTS ("
        f"SELECT 1 FROM {table} c "
        f"WHERE c.source = t.source AND c.recorded_to IS NULL AND {is_same})"
    )
    return int(rows_of(query, [source, source, start])[0][0])


def is_excessive(limits: Sequence[Any], missing: int, before: int) -> bool:
    """Whether more are gone than a limit allows: its share of those before, and its least rows."""
    return any(
        missing > limit.rows and missing * 100 > before * limit.share_percent for limit in limits
    )


class RemovalGuard:
    """Quarantines removals of a batch beyond the policy's share of a source in one day."""

    def __init__(self, law: Law, day: date) -> None:
        self._limits: Sequence[Any] = law.policy_on(day)["shrink_guard"]
        self._day = day
        self._removed: dict[str, int] = {}
        self._rows: dict[str, int] = {}

    def problem(self, change: Change) -> str:
        """Why a removal has to wait for a person, or ''."""
        if change.action != "remove":
            return ""
        removed = self._removed_of(change.source)
        if removed < min(limit.rows for limit in self._limits):
            return ""
        before = self._rows_of(change.source) + removed
        if not is_excessive(self._limits, removed + 1, before):
            return ""
        sentence = _(
            "来源 {source} 当日推送已移除 {removed} 行（原有 {before} 行），须由人核对后放行"
        )
        return sentence.format(source=change.source, removed=removed, before=before)

    def note(self, change: Change, revision: Revision) -> None:
        """Counts what an applied change removed."""
        if change.action != "remove":
            return
        for slug in source_of(change.source).tables:
            query = f"SELECT count(*) FROM {TABLES[slug]._meta.db_table} WHERE recorded_to = %s"
            count = int(rows_of(query, [revision.pk])[0][0])
            self._removed[change.source] += count
            if change.source in self._rows:
                self._rows[change.source] -= count

    def _removed_of(self, source: str) -> int:
        """Rows of the source that pushes of this day have removed."""
        if source not in self._removed:
            tables = source_of(source).tables
            self._removed[source] = sum(rows_removed(slug, source, self._day) for slug in tables)
        return self._removed[source]

    def _rows_of(self, source: str) -> int:
        """Rows of the source on record now."""
        if source not in self._rows:
            self._rows[source] = sum(
                _rows_on_record(slug, source) for slug in source_of(source).tables
            )
        return self._rows[source]


def _rows_on_record(slug: str, source: str) -> int:
    table = TABLES[slug]._meta.db_table
    query = f"SELECT count(*) FROM {table} WHERE source = %s AND recorded_to IS NULL"
    return int(rows_of(query, [source])[0][0])
