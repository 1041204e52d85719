"""Loads and assessments in tests: short methods, and a clock that moves on with every act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from builders import law
from qualwatch.assessments.actions import assess, release_run
from qualwatch.assessments.models import Run
from qualwatch.registers import loads
from qualwatch.registers.models import Load
from register_files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS, Rows, csv_bytes
from register_rows import item, paid, person

DAY = date(2026, 5, 20)
SOURCES = {
    "企业": "enterprises",
    "资质": "qualifications",
    "注册人员": "practitioners",
    "社保": "insurance",
    "豁免": "exemptions",
    "锁定": "locks",
    "在建项目": "projects",
}
HEADS = {"企业": ENTERPRISES, "资质": ITEMS, "注册人员": REGISTRATIONS, "社保": CONTRIBUTIONS}


@dataclass
class RegisterOffice:
    """Loads registers and runs assessments, each act a `step` after the last."""

    folder: Path
    now: datetime
    step: timedelta
    files: int = 0

    def tick(self, day: date = DAY) -> datetime:
        """The next moment, not before six in the morning of a day."""
        self.now = max(
            self.now + self.step, datetime(day.year, day.month, day.day, 6, tzinfo=self.now.tzinfo)
        )
        return self.now

    def path(self, rows: Rows) -> Path:
        """Rows as a new .csv file."""
        self.files += 1
        path = self.folder / f"{self.files}.csv"
        path.write_bytes(csv_bytes(rows))
        return path

    def load(
        self, source: str, rows: Rows, *, day: date = DAY, full: bool | None = None, by: str = "li"
    ) -> Load:
        """Loads rows as one file of a source."""
        return self.load_files(source, {"登记.csv": self.path(rows)}, day=day, full=full, by=by)

    def load_files(
        self,
        source: str,
        files: Mapping[str, Path],
        *,
        day: date = DAY,
        full: bool | None = None,
        by: str = "li",
    ) -> Load:
        """Loads files as one delivery of a source."""
        covers = (date(2026, 1, 1), date(2026, 4, 30)) if source == "insurance" else None
        delivery = loads.Delivery(source, files, day, full, covers)
        return loads.import_delivery(delivery=delivery, law=law(), by=by, at=self.tick(day))

    def province(self, people: int = 3, *, day: date = DAY) -> None:
        """The decoration firm with so many constructors, and a firm without items."""
        from register_rows import province

        for sheet, rows in province(people).items():
            assert self.load(SOURCES[sheet], rows, day=day).state == "released"

    def people(self, *numbers: int, day: date = DAY, full: bool | None = None) -> Load:
        """The register of practitioners with these people."""
        return self.load(
            "practitioners", [REGISTRATIONS, *(person(n) for n in numbers)], day=day, full=full
        )

    def run(self, day: date = DAY, *, guarded: bool = False) -> Run:
        """Assesses a day."""
        return assess(as_of=day, law=law(), by="patrol", at=self.tick(day), guarded=guarded)

    def release(self, run: Run) -> Run:
        """A reviewer releases a held run."""
        return release_run(
            run=run, law=law(), by="wang", at=self.tick(), because="核对过样本", proposed_by="li"
        )


def items(*rows: Mapping[str, str]) -> Rows:
    """资质 with these rows."""
    return [ITEMS, *(item(**row) for row in rows)]


def insurance(*numbers: int) -> Rows:
    """社保 of these people."""
    return [CONTRIBUTIONS, *(row for n in numbers for row in paid(n))]
