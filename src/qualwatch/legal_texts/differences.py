"""What a text of the law changes: against the law in force, and in days that are past."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from difflib import unified_diff
from fnmatch import fnmatch
from typing import Any

from qualwatch.law.loader import POLICY, POLICY_VERSIONS, Law
from qualwatch.law.texts_on_disk import read_yaml
from qualwatch.legal_texts.models import LegalText
from qualwatch.wording import gettext as _

# parts of a standard without which what they belong to requires nothing
DECISIVE = ("at_least", "clauses", "requirements", "grades")


def differences(text: LegalText, before: Law, after: Law) -> list[str]:
    """Lines: of a calendar each day that is worked or not any more, otherwise a unified diff.

    before: the law of the text's first day without it. A year that is published for the first time
    is compared with what was known of it.
    """
    if text.kind == "calendar":
        return [_day_line(day, after) for day in _changed_days(before, after)]
    name = _name_before(text, before)
    path = before.files.get(name)
    old = path.read_text(encoding="utf-8").splitlines() if path else []
    lines = unified_diff(old, text.text.splitlines(), name, text.name, n=2, lineterm="")
    return list(lines)


def past_difference(text: LegalText, before: Law, after: Law) -> str:
    """The first thing that a text would change before its first day; empty where there is none."""
    if text.kind == "calendar":
        return _past_day(text, before, after)
    if text.kind == "standard":
        return _past_clause(text, before, after)
    # a version of the policy answers for no day before its own
    return ""


def _past_day(text: LegalText, before: Law, after: Law) -> str:
    own = read_yaml(after.files[text.name]).data["years"]
    over = [year for year in sorted(own) if year < text.in_force_from.year]
    if over:
        return _("{year} 年").format(year=over[0])
    # a year that nobody knew yet had no days to be changed
    days = (
        day
        for day in _changed_days(before, after)
        if day < text.in_force_from and day.year in before.calendar.years
    )
    return str(next(days, ""))


def _changed_days(before: Law, after: Law) -> Iterator[date]:
    """Every day that is worked by one calendar and not by the other."""
    old, new = before.calendar, after.calendar
    for year in sorted(old.years | new.years):
        day = date(year, 1, 1)
        while day.year == year:
            if old.is_working_day(day) != new.is_working_day(day):
                yield day
            day += timedelta(days=1)


def _day_line(day: date, after: Law) -> str:
    kinds = (_("工作日"), _("休息日"))
    was, becomes = kinds if not after.calendar.is_working_day(day) else kinds[::-1]
    return f"{day}\t{was} → {becomes}"


def _name_before(text: LegalText, before: Law) -> str:
    """The name of the file that a text takes the place of."""
    if text.kind != "policy":
        return text.name
    # the order of their names is the order of taking effect
    versions = sorted(name for name in before.files if fnmatch(name, POLICY_VERSIONS))
    return versions[-1] if versions else POLICY


def _past_clause(text: LegalText, before: Law, after: Law) -> str:
    path = before.files.get(text.name)
    old = _past(read_yaml(path).data, text.in_force_from) if path else None
    new = _past(read_yaml(after.files[text.name]).data, text.in_force_from)
    return next(_paths(old, new, ""), "")


def _past(value: Any, first_day: date) -> Any:
    """A part of a standard without what is dated from the first day on; None: nothing is left."""
    if isinstance(value, list):
        parts = (_past(part, first_day) for part in value)
        return [part for part in parts if part is not None] or None
    if not isinstance(value, Mapping):
        return value
    parts_by_key = {
        key: part
        for key, content in value.items()
        if not (isinstance(key, date) and key >= first_day)
        and ((part := _past(content, first_day)) is not None or content is None)
    }
    has_gone = any(key in value and key not in parts_by_key for key in DECISIVE)
    return None if has_gone or not parts_by_key else parts_by_key


def _paths(old: Any, new: Any, path: str) -> Iterator[str]:
    """Where two parts differ, as in the sentences on faults: grades.grade-1.requirements[0]."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _paths(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (was, becomes) in enumerate(zip(old, new, strict=True)):
            yield from _paths(was, becomes, f"{path}[{number}]")
    elif old != new:
        yield path or _("整个标准")
