"""Loading a text of the law: proposed by one person, signed or refused by another."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import transaction
from django.utils import timezone

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability
from qualwatch.journal.actions import record
from qualwatch.law.loader import Law, law_changed, load_law
from qualwatch.law.texts_on_disk import LawError, read_yaml
from qualwatch.legal_texts.differences import past_difference
from qualwatch.legal_texts.models import LegalText
from qualwatch.legal_texts.queries import file_of, law_with, signed_texts
from qualwatch.wording import gettext as _

STREAM = "law"
MAX_BYTES = 1_000_000  # of one text: the longest standard has a twentieth of it


class CannotLoad(Exception):
    """The text cannot be loaded, signed or refused; the message says why."""


@dataclass(frozen=True, slots=True)
class SubmittedText:
    """A file as it was handed in, and from which day it is to apply.

    in_force_from: None = a policy's own first day; today for anything else.
    """

    file_name: str
    content: bytes
    in_force_from: date | None = None


def check_text(submitted: SubmittedText, on: date) -> LegalText:
    """The file as a text to be proposed, not saved. CannotLoad; LawError with line and clause."""
    if len(submitted.content) > MAX_BYTES:
        raise CannotLoad(
            _("{name} 过大，不是标准、政策或日历文件").format(name=submitted.file_name)
        )
    with TemporaryDirectory() as folder:
        path = Path(folder) / (Path(submitted.file_name).name or "text.yaml")
        path.write_bytes(submitted.content)
        try:
            return _checked(path, submitted.in_force_from, on)
        except LawError as error:
            problems = [replace(one, file=Path(one.file).name) for one in error.problems]
            raise LawError(problems) from error


def _checked(path: Path, in_force_from: date | None, on: date) -> LegalText:
    file = read_yaml(path)
    kind = _kind_of(file.data)
    first_day = _first_day(kind, file.data, in_force_from, on)
    if first_day < on:
        raise CannotLoad(_("生效日 {day} 已过，只能从今天或以后起生效").format(day=first_day))
    sha256 = hashlib.sha256(file.text.encode()).hexdigest()
    text = LegalText(
        kind=kind,
        name=_name_of(kind, file.data, first_day, sha256),
        text=file.text,
        sha256=sha256,
        in_force_from=first_day,
    )
    # read from the file as it was handed in, so that its problems have its name
    signed = signed_texts(first_day)
    others = {other.name: file_of(other) for other in signed}
    _require_past_unchanged(text, law_with(signed), load_law(texts={**others, text.name: path}))
    return text


def _require_past_unchanged(text: LegalText, before: Law, after: Law) -> None:
    """CannotLoad where days before the text's first day would be judged otherwise."""
    changed = past_difference(text, before, after)
    if changed:
        raise CannotLoad(
            _("{day} 以前的不能改：{what}；改动须写在该日或以后").format(
                day=text.in_force_from, what=changed
            )
        )


def _kind_of(data: Any) -> str:
    for kind, key in (("calendar", "calendar"), ("policy", "policy"), ("standard", "category")):
        if isinstance(data, dict) and isinstance(data.get(key), str):
            return kind
    raise CannotLoad(_("看不出是哪种文件：日历写 calendar，政策写 policy，标准写 category"))


def _first_day(kind: str, data: Mapping[str, Any], chosen: date | None, on: date) -> date:
    """The day from which a text applies: a policy says it itself."""
    if kind != "policy":
        return chosen or on
    own = data.get("in_force_from")
    if not isinstance(own, date):
        raise CannotLoad(_("政策文件须写明 in_force_from（自哪一天起施行）"))
    if chosen is not None and chosen != own:
        raise CannotLoad(
            _("政策文件写明自 {own} 起施行，与 {chosen} 不同").format(own=own, chosen=chosen)
        )
    return own


def _name_of(kind: str, data: Mapping[str, Any], first_day: date, sha256: str) -> str:
    """Its name within a folder of the law; the order of names is the order of taking effect."""
    if kind == "standard":
        category = str(data["category"])
        standards = (name for name in load_law().files if name.endswith(f"/{category}.yaml"))
        return next(standards, f"standards/{data.get('sector')}/{category}.yaml")
    number = (LegalText.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    folder = {"calendar": "calendar/changes", "policy": "policy/versions"}[kind]
    return f"{folder}/{first_day}-{number:04d}-{sha256[:8]}.yaml"


@transaction.atomic
def propose_text(
    *, text: LegalText, preview: Mapping[str, Any], because: str, by: Account, at: datetime
) -> LegalText:
    """Records a checked text with the preview that its proposer was shown; CannotLoad."""
    _require(by, "propose-law")
    if not because.strip():
        raise CannotLoad(_("请写明依据和理由"))
    if LegalText.objects.filter(sha256=text.sha256, state__in=("proposed", "signed")).exists():
        raise CannotLoad(_("同样的文件已经提出或已经签批"))
    text.because, text.preview = because, dict(preview)
    text.proposed_by, text.proposed_at = by.username, at
    text.save(force_insert=True)
    _record(text, "text-proposed", because, by, at)
    return text


@transaction.atomic
def record_reading(*, text: LegalText, shown: str, by: Account, at: datetime) -> None:
    """Records that a text was shown to who may sign it, with the digest of all that was shown.

    CannotLoad.
    """
    _require(by, "sign-law")
    locked = LegalText.objects.select_for_update().get(pk=text.pk)
    if locked.state != "proposed":
        raise CannotLoad(_("这份文件已经签批或退回"))
    locked.readings = {**locked.readings, by.username: shown}
    locked.save(update_fields=["readings"])
    details = {"text": locked.pk, "sha256": locked.sha256, "shown": shown}
    record(stream=STREAM, by=by.username, at=at, what="text-read", details=details)


@transaction.atomic
def sign_text(*, text: LegalText, by: Account, at: datetime, because: str, shown: str) -> LegalText:
    """Another person puts a text in force from its day.

    `shown`: the digest of what would be shown now, and was to this person. CannotLoad, LawError.
    """
    locked = _locked(text, by, because)
    if locked.in_force_from < timezone.localdate(at):
        raise CannotLoad(
            _("生效日 {day} 已过，请改定生效日重新提出").format(day=locked.in_force_from)
        )
    if by.username not in locked.readings:
        raise CannotLoad(_("请先用 qualwatch law show {number} 阅读").format(number=locked.pk))
    if locked.readings[by.username] != shown:
        raise CannotLoad(
            _("阅读以后，影响有了变化，请再用 qualwatch law show {number} 阅读").format(
                number=locked.pk
            )
        )
    # with what was signed since it was proposed
    others = signed_texts(locked.in_force_from)
    _require_past_unchanged(locked, law_with(others), law_with([*others, locked]))
    signed = _decide(locked, "signed", by, at, because)
    law_changed()
    return signed


@transaction.atomic
def refuse_text(*, text: LegalText, by: Account, at: datetime, because: str) -> LegalText:
    """Another person refuses a text; CannotLoad."""
    return _decide(_locked(text, by, because), "refused", by, at, because)


def _locked(text: LegalText, by: Account, because: str) -> LegalText:
    """The text as it is now, if this person may decide it."""
    _require(by, "sign-law")
    locked = LegalText.objects.select_for_update().get(pk=text.pk)
    if locked.state != "proposed":
        raise CannotLoad(_("这份文件已经签批或退回"))
    if locked.proposed_by == by.username:
        raise CannotLoad(_("提出的人不能自己签批"))
    if not because.strip():
        raise CannotLoad(_("请写明理由"))
    return locked


def _decide(text: LegalText, state: str, by: Account, at: datetime, because: str) -> LegalText:
    text.state, text.decided_by, text.decided_at = state, by.username, at
    text.decided_because = because
    text.save()
    _record(text, f"text-{state}", because, by, at)
    return text


def _require(by: Account, capability: str) -> None:
    if not has_capability(by, capability):
        raise CannotLoad(_("账号 {name} 没有这项权限").format(name=by.username))


def _record(text: LegalText, what: str, because: str, by: Account, at: datetime) -> None:
    details = {
        "text": text.pk,
        "kind": text.kind,
        "name": text.name,
        "sha256": text.sha256,
        "in_force_from": text.in_force_from,
        "preview": text.preview,
        "read": text.readings.get(by.username, ""),
    }
    record(stream=STREAM, by=by.username, at=at, what=what, basis=because, details=details)
