"""Assessing a day; releasing or rejecting a run that would warn too many at once."""

import hashlib
import json
from collections.abc import Iterable, Set
from datetime import date, datetime
from typing import Any

import duckdb
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from qualwatch.assessments.changes import enterprises_concerned
from qualwatch.assessments.guard import (
    code_of,
    enterprises_in_breach,
    enterprises_in_breach_on_record,
    newly_in_breach,
)
from qualwatch.assessments.models import Run
from qualwatch.assessments.record import (
    add_recorded_counts,
    counts_of,
    loads_in_conflict,
    record_results,
)
from qualwatch.assessments.texts import policy_digest, program_digest, store_law
from qualwatch.evaluation import columnar, reference
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.findings import EnterpriseResult
from qualwatch.journal.actions import record
from qualwatch.law.loader import Law
from qualwatch.registers.facts import facts_on, revision_at
from qualwatch.registers.tables import lock
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

MAX_ONE_BY_ONE = 200  # enterprises judged one by one
MIN_ROWS_FOR_DUCKDB = 2_000  # rows of a table from which DuckDB digests them
SAMPLE = 50  # enterprises shown of a held run
# Everybody is judged again where more enterprises, or more than one in so many, are concerned.
MAX_CONCERNED = 5_000
PART_CONCERNED = 3


class CannotAssess(Exception):
    """Nothing is known yet, or the run is not held; the message says which."""


@transaction.atomic
def assess(
    *,
    as_of: date,
    law: Law,
    by: str,
    at: datetime,
    credit_codes: Iterable[str] | None = None,
    guarded: bool = True,
) -> Run:
    """Assesses a day with what is known now, all or some enterprises.

    The same again gives the run that there is.

    A run that would newly warn more than the policy's share of enterprises is held: nothing of it
    is on record.
    """
    lock()  # registers stand still meanwhile
    revision = revision_at(None)
    if not revision:
        raise CannotAssess(_("登记库还是空的，先用 qualwatch import 导入"))
    inputs = {
        "as_of": as_of,
        "revision_id": revision,
        "law_digest": law.digest,
        "policy_digest": policy_digest(law, as_of),
        "program_digest": program_digest(),
    }
    codes = None if credit_codes is None else sorted(set(credit_codes))
    if codes is None:
        same = Run.objects.filter(**inputs, is_full=True, state__in=("released", "held"))
        existing = same.order_by("-id").first()
        if existing:
            return existing
    newest = Run.objects.filter(state="released").order_by("-as_of").first()
    if newest and as_of < newest.as_of:
        raise CannotAssess(_("已有 {day} 的核查，不再记录更早的一天").format(day=newest.as_of))
    if as_of > timezone.localdate(at):
        raise CannotAssess(_("{day} 还没有到").format(day=as_of))
    run = Run(**inputs, is_full=codes is None, credit_codes=codes, run_at=at, by=by)
    return _run(run, law, guarded=guarded)


@transaction.atomic
def release_run(
    *, run: Run, law: Law, by: str, at: datetime, because: str, proposed_by: str
) -> Run:
    """Puts a held run on record, as a run of its own; one person proposed it, `by` signs it.

    Its day is assessed again from what was known then.

    Enterprises that later pushes were about keep what those found. CannotAssess after a later full
    run.
    """
    lock()
    held = _held(run, by, because)
    if proposed_by in ("", by):
        raise CannotAssess(_("放行要由一人提出、另一人审核签批"))
    if (held.law_digest, held.policy_digest) != (law.digest, policy_digest(law, held.as_of)):
        raise CannotAssess(_("标准或政策已经变了，请重新核查"))
    if held.program_digest != program_digest():
        raise CannotAssess(_("程序已经换了版本，请重新核查"))
    later = Run.objects.filter(state="released", pk__gt=held.pk)
    if later.filter(is_full=True).exists():
        raise CannotAssess(_("之后已有放行的核查"))
    since = {code for codes in later.values_list("credit_codes", flat=True) for code in codes or ()}
    released = Run(
        as_of=held.as_of,
        revision_id=held.revision_id,
        law_digest=held.law_digest,
        policy_digest=held.policy_digest,
        program_digest=held.program_digest,
        input_digest=held.input_digest,
        is_full=held.is_full,
        credit_codes=held.credit_codes,
        sample=held.sample,
        run_at=held.run_at,
        by=held.by,
        proposed_by=proposed_by,
        decided_by=by,
        decided_at=at,
        because=because,
        of=held,
    )
    _run(released, law, guarded=False, apart_from=since)
    held.state, held.decided_by, held.decided_at = "decided", by, at
    held.save()
    return released


@transaction.atomic
def reject_run(*, run: Run, by: str, at: datetime, because: str) -> Run:
    """Refuses a held run."""
    lock()
    held = _held(run, by, because)
    held.state, held.decided_by, held.decided_at, held.because = "rejected", by, at, because
    held.save()
    record(
        stream="assessments",
        by=by,
        at=at,
        what="run-rejected",
        details={"run": held.pk},
        basis=because,
    )
    return held


@transaction.atomic
def set_runs_aside(*, run_at: datetime, by: str, at: datetime, because: str) -> int:
    """Sets aside the runs of a patrol whose day was wrong; how many.

    The next full run judges everybody, on any day.
    """
    lock()
    runs = list(
        Run.objects.select_for_update().filter(run_at=run_at, state__in=("released", "held"))
    )
    for run in runs:
        run.state, run.decided_by, run.decided_at, run.because = "set-aside", by, at, because
        run.save()
        details = {"run": run.pk, "as_of": run.as_of}
        record(
            stream="assessments",
            by=by,
            at=at,
            what="run-set-aside",
            details=details,
            basis=because,
        )
    return len(runs)


def evaluated(
    as_of: date, revision: int, law: Law, codes: list[str] | None = None
) -> tuple[Facts, list[EnterpriseResult]]:
    """Facts and results of a day as known at a revision: the input and results of a run again."""
    facts = facts_on(as_of, revision, codes)
    return facts, _judge(facts, as_of, law, codes)


def _judge(facts: Facts, as_of: date, law: Law, codes: list[str] | None) -> list[EnterpriseResult]:
    """The results of some enterprises, or of everybody."""
    policy = law.policy_on(as_of)
    judged = facts.credit_codes if codes is None else codes
    # the engine that defines the answer is the faster one for few
    if len(judged) <= MAX_ONE_BY_ONE:
        return [reference.judge(law, policy, facts, code, as_of) for code in judged]
    results = list(columnar.evaluate(law, policy, facts, as_of))
    if codes is None:
        return results
    among = set(codes)
    return [result for result in results if code_of(result) in among]


def _run(run: Run, law: Law, *, guarded: bool, apart_from: Set[str] = frozenset()) -> Run:
    facts = facts_on(run.as_of, run.revision_id, run.credit_codes)
    _set_input_digest(run, facts)
    concerned = _concerned(run, law, facts)
    judged = run.credit_codes if concerned is None else concerned
    about_judged = facts if concerned is None else facts.about(concerned)
    results = _judge(about_judged, run.as_of, law, judged)
    in_breach = enterprises_in_breach(results)
    run.counts = counts_of(results)
    if concerned is not None:
        in_breach |= enterprises_in_breach_on_record(Q(recorded_to=None)) - set(concerned)
        run.counts["enterprises"] = len(facts.credit_codes)
        add_recorded_counts(run.counts, concerned, results)
    newly = sorted(newly_in_breach(in_breach, run.run_at, run.credit_codes))
    run.counts["newly"] = len(newly)
    _set_state(run, newly, law, guarded=guarded)
    run.save()
    store_law(law, run.run_at)
    if run.state == "released":
        record_results(run, results, judged, apart_from)
        share = law.policy_on(run.as_of)["conflict_share"]
        loads = loads_in_conflict(share) if run.is_full else []
        if loads:
            run.counts["loads_in_conflict"] = loads
            run.save()
    _journal(run)
    return run


def _concerned(run: Run, law: Law, facts: Facts) -> list[str] | None:
    """The enterprises that a full run judges again; None = everybody, or the run's own.

    What a held run would have recorded is not known: its release judges everybody.
    """
    if not run.is_full or run.of is not None:
        return None
    before = Run.objects.filter(state="released", is_full=True).order_by("id").last()
    if before is None:
        return None
    # what is on record since is partly that run's
    if Run.objects.filter(state="set-aside", pk__gt=before.pk).exists():
        return None
    codes = enterprises_concerned(before, run, law, facts)
    most = min(MAX_CONCERNED, len(facts.credit_codes) // PART_CONCERNED)
    if codes is None or len(codes) > most:
        return None
    return sorted(codes)


def _set_input_digest(run: Run, facts: Facts) -> None:
    digest = _digest_of_facts(facts)
    # what was known cannot change: the database was tampered with
    if run.input_digest and run.input_digest != digest:
        raise CannotAssess(_("登记库给不出当时的事实"))
    run.input_digest = digest


def _set_state(run: Run, newly: list[str], law: Law, *, guarded: bool) -> None:
    """Held where too many are newly in breach, else released."""
    guard = law.policy_on(run.as_of)["mass_warning_guard"]
    is_large_share = len(newly) * 100 > _everybody(run) * guard.share_percent
    if guarded and len(newly) >= guard.enterprises and is_large_share:
        run.state = "held"
        run.sample = newly[:SAMPLE]
        run.because = _n("新增 {count} 家，超过 {share}%").format(
            count=len(newly), share=guard.share_percent
        )
    else:
        run.state = "released"
        run.sample = run.sample or []


def _everybody(run: Run) -> int:
    """How many enterprises there are: of a run of some, as many as the last full run had."""
    if not run.is_full:
        full = Run.objects.filter(state="released", is_full=True).order_by("id").last()
        if full:
            return int(full.counts["enterprises"])
    return int(run.counts["enterprises"])


def _journal(run: Run) -> None:
    is_decided = run.decided_at is not None
    record(
        stream="assessments",
        by=run.decided_by if is_decided else run.by,
        at=run.decided_at or run.run_at,
        what=f"run-{run.state}",
        basis=run.because,
        details={
            "run": run.pk,
            "as_of": run.as_of,
            "revision": run.revision_id,
            "law": run.law_digest,
            "counts": run.counts,
            "input": run.input_digest,
            **({"proposed_by": run.proposed_by} if run.proposed_by else {}),
        },
    )


def _held(run: Run, by: str, because: str) -> Run:
    """The run as it is now, if it may be decided by this person."""
    held = Run.objects.select_for_update().get(pk=run.pk)
    if held.state != "held":
        raise CannotAssess(_("这次核查没有被扣下"))
    if not because.strip():
        raise CannotAssess(_("请写明理由"))
    if held.by == by:
        raise CannotAssess(_("发起核查的人不能自己放行或拒绝"))
    return held


def _digest_of_facts(facts: Facts) -> str:
    """SHA-256 over every table's rows, whatever their order."""
    return _sha256([[name, _digest_of_table(facts, name)] for name in sorted(facts.tables)])


def _digest_of_table(facts: Facts, name: str) -> str:
    """A digest of a table's rows, whatever their order."""
    table = facts.tables[name]
    if len(table) < MIN_ROWS_FOR_DUCKDB:
        return _sha256(sorted(map(repr, facts.rows(name))))
    columns = " || chr(31) || ".join(
        f'coalesce(CAST("{column_name}" AS VARCHAR), chr(30))' for column_name in table.column_names
    )
    with duckdb.connect() as connection:
        connection.register("rows_of_table", table)
        query = (
            "SELECT count(*), sum(md5_number_lower(row)), sum(md5_number_upper(row)) "
            f"FROM (SELECT {columns} AS row FROM rows_of_table)"
        )
        return _sha256(list(map(str, connection.sql(query).fetchall()[0])))


def _sha256(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
