"""Assessing a day; releasing or rejecting a run that would warn too many at once."""

import hashlib
import json
from collections.abc import Iterable, Set
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from qualwatch.assessments.models import AnomalyRow, FindingRow, Run
from qualwatch.assessments.queries import on_record_in
from qualwatch.assessments.texts import store_law
from qualwatch.evaluation import columnar, reference
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.findings import EnterpriseResult
from qualwatch.journal.actions import record
from qualwatch.journal.proofs import digest_of
from qualwatch.law.loader import Law
from qualwatch.registers.facts import facts_on, revision_at
from qualwatch.registers.tables import Table, lock
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

FEW = 200  # enterprises judged one by one
MANY = 20_000  # rows of facts from which DuckDB digests them
SAMPLE = 50  # enterprises shown of a held run
SOURCE = "assessment"
ROLLING = timedelta(days=1)
TEXT, NUMBER = pa.string(), pa.int32()


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
    """Assesses a day with what is known now, all or some enterprises; the same again gives the run that there is.

    A run that would newly warn more than the policy's share of enterprises is held: nothing of it is on record.
    """
    lock()  # registers stand still meanwhile
    revision = revision_at(None)
    if not revision:
        raise CannotAssess(_("登记库还是空的，先用 qualwatch import 导入"))
    told = {
        "as_of": as_of,
        "revision_id": revision,
        "law_digest": law.digest,
        "policy_digest": _policy_digest(law, as_of),
    }
    codes = None if credit_codes is None else sorted(set(credit_codes))
    if codes is None:
        run = (
            Run.objects.filter(**told, is_full=True, state__in=("released", "held"))
            .order_by("-id")
            .first()
        )
        if run:
            return run
    newest = Run.objects.filter(state="released").order_by("-as_of").first()
    if newest and as_of < newest.as_of:
        raise CannotAssess(_("已有 {day} 的核查，不再记录更早的一天").format(day=newest.as_of))
    if as_of > timezone.localdate(at):
        raise CannotAssess(_("{day} 还没有到").format(day=as_of))
    return _run(
        Run(**told, is_full=codes is None, credit_codes=codes, run_at=at, by=by),
        law,
        guarded=guarded,
    )


@transaction.atomic
def release_run(*, run: Run, law: Law, by: str, at: datetime, because: str) -> Run:
    """Puts a held run on record, as a run of its own: its day is assessed again from what was known then.

    Enterprises that later pushes were about keep what those found. CannotAssess after a later full run.
    """
    lock()
    held = _held(run, by, because)
    if (held.law_digest, held.policy_digest) != (law.digest, _policy_digest(law, held.as_of)):
        raise CannotAssess(_("标准或政策已经变了，请重新核查"))
    later = Run.objects.filter(state="released", pk__gt=held.pk)
    if later.filter(is_full=True).exists():
        raise CannotAssess(_("之后已有放行的核查"))
    since = {code for codes in later.values_list("credit_codes", flat=True) for code in codes or ()}
    released = Run(
        as_of=held.as_of,
        revision_id=held.revision_id,
        law_digest=held.law_digest,
        policy_digest=held.policy_digest,
        input_digest=held.input_digest,
        is_full=held.is_full,
        credit_codes=held.credit_codes,
        sample=held.sample,
        run_at=held.run_at,
        by=held.by,
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


def evaluated(
    as_of: date, revision: int, law: Law, codes: list[str] | None = None
) -> tuple[Facts, list[EnterpriseResult]]:
    """Facts and results of a day as known at a revision: what a run said, said again."""
    facts, policy = facts_on(as_of, revision, codes), law.policy_on(as_of)
    asked = facts.credit_codes if codes is None else codes
    if len(asked) <= FEW:  # the engine that defines the answer is the faster one then
        return facts, [reference.judge(law, policy, facts, code, as_of) for code in asked]
    results = list(columnar.evaluate(law, policy, facts, as_of))
    return facts, results if codes is None else [
        result for result in results if _code_of(result) in set(codes)
    ]


def _run(run: Run, law: Law, *, guarded: bool, apart_from: Set[str] = frozenset()) -> Run:
    codes = run.credit_codes
    facts, results = evaluated(run.as_of, run.revision_id, law, codes)
    digest = _digest_of_facts(facts)
    if run.input_digest and run.input_digest != digest:
        raise CannotAssess(
            _("登记库给不出当时的事实")
        )  # what was known cannot change: the database was tampered with
    run.input_digest = digest
    newly = sorted(_newly(_bad(results), run.run_at, codes))
    run.counts = _counts(results, len(newly))
    guard = law.policy_on(run.as_of)["mass_warning_guard"]
    full = (
        None
        if codes is None
        else Run.objects.filter(state="released", is_full=True).order_by("id").last()
    )
    everybody = full.counts["enterprises"] if full else len(results)
    if (
        guarded
        and len(newly) >= guard.enterprises
        and len(newly) * 100 > everybody * guard.share_percent
    ):
        run.state, run.sample = "held", newly[:SAMPLE]
        run.because = _n("新增 {count} 家，超过 {share}%").format(
            count=len(newly), share=guard.share_percent
        )
    else:
        run.state, run.sample = "released", run.sample or []
    run.save()
    store_law(law, run.run_at)
    if run.state == "released":
        _put_on_record(
            run, [result for result in results if _code_of(result) not in apart_from], apart_from
        )
    told = {
        "run": run.pk,
        "as_of": run.as_of,
        "revision": run.revision_id,
        "law": run.law_digest,
        "counts": run.counts,
        "input": run.input_digest,
    }
    at, by = (run.decided_at, run.decided_by) if run.decided_at else (run.run_at, run.by)
    record(
        stream="assessments", by=by, at=at, what=f"run-{run.state}", basis=run.because, details=told
    )
    return run


def _put_on_record(run: Run, results: list[EnterpriseResult], apart_from: Set[str]) -> None:
    rows = [
        (
            finding.credit_code,
            finding.category,
            finding.sub_item,
            finding.requirement,
            finding.grade,
            finding.certificate_no,
            finding.licensing_authority,
            finding.verdict,
            finding.required,
            finding.held,
            finding.possible,
            finding.shortfall,
            _json([[c.text, c.at_least, c.eligible, c.eligible_possible] for c in finding.clauses]),
            _json(finding.basis),
            _json(finding.because),
        )
        for result in results
        for finding in result.findings
    ]
    anomalies = [
        (
            anomaly.credit_code,
            int(anomaly.person_id[1:]),
            anomaly.registration_no,
            anomaly.kind,
            ";".join(map(str, anomaly.months)),
        )
        for result in results
        for anomaly in result.anomalies
    ]
    kinds = [TEXT] * 8 + [NUMBER] * 4 + [TEXT] * 3
    for model, listed, types in (
        (FindingRow, rows, kinds),
        (AnomalyRow, anomalies, [TEXT, pa.int64(), TEXT, TEXT, TEXT]),
    ):
        columns = list(zip(*listed, strict=True)) or [()] * len(types)
        arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
        within = None if run.credit_codes is None else set(run.credit_codes) - apart_from
        rows_told = pa.table(arrays, model.fact_columns())
        with Table(
            model, SOURCE, rows_told, is_full=True, within=within, apart_from=apart_from
        ) as table:
            table.apply(run.pk, run.as_of)


def _code_of(result: EnterpriseResult) -> str:
    codes = [
        *(finding.credit_code for finding in result.findings),
        *(anomaly.credit_code for anomaly in result.anomalies),
    ]
    return codes[0] if codes else ""


def _bad(results: list[EnterpriseResult]) -> set[str]:
    return {
        _code_of(result)
        for result in results
        if result.anomalies or any(f.verdict == "short" for f in result.findings)
    }


def _newly(bad: set[str], at: datetime, codes: list[str] | None) -> set[str]:
    """Enterprises short or anomalous now that were not a day ago, nor when a reviewer last released a run.

    Of a run of some enterprises, those that other runs since then have found count too.
    """
    released = Run.objects.filter(state="released")
    old = (
        released.filter(run_at__lte=at - ROLLING).order_by("id").last()
        or released.order_by("id").first()
    )
    looked_at = (
        released.exclude(decided_at=None).order_by("id").last()
    )  # a reviewer has seen what was new until then
    baseline = max((one for one in (old, looked_at) if one), key=lambda run: run.pk, default=None)
    if baseline is None:
        return bad
    if codes is not None:
        bad |= _bad_on_record(Q(recorded_to=None, recorded_from__gt=baseline.pk)) - set(codes)
    among = Q(credit_code__in=bad) if len(bad) <= FEW else Q()
    return bad - _bad_on_record(on_record_in(baseline.pk) & among)


def _bad_on_record(when: Q) -> set[str]:
    """Enterprises short or anomalous on record."""
    short = FindingRow._default_manager.filter(when, verdict="short").values_list(
        "credit_code", flat=True
    )
    anomalous = AnomalyRow._default_manager.filter(when).values_list("credit_code", flat=True)
    return set(short.distinct()) | set(anomalous.distinct())


def _counts(results: list[EnterpriseResult], newly: int) -> dict[str, Any]:
    verdicts: dict[str, int] = {}
    for result in results:
        for finding in result.findings:
            verdicts[finding.verdict] = verdicts.get(finding.verdict, 0) + 1
    anomalies = sum(len(result.anomalies) for result in results)
    return {
        "enterprises": len(results),
        "findings": verdicts,
        "anomalies": anomalies,
        "newly": newly,
    }


def _held(run: Run, by: str, because: str) -> Run:
    """The run as it stands now, if it may be decided by this person."""
    found = Run.objects.select_for_update().get(pk=run.pk)
    if found.state != "held":
        raise CannotAssess(_("这次核查没有被扣下"))
    if not because.strip():
        raise CannotAssess(_("请写明理由"))
    if found.by == by:
        raise CannotAssess(_("发起核查的人不能自己放行或拒绝"))
    return found


def _policy_digest(law: Law, day: date) -> str:
    return digest_of([law.policy.policy, repr(law.policy_on(day))])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _digest_of_facts(facts: Facts) -> str:
    """SHA-256 over every table's rows, whatever their order."""
    if sum(map(len, facts.tables.values())) < MANY:
        rows = {name: sorted(map(repr, facts.rows(name))) for name in sorted(facts.tables)}
        return hashlib.sha256(_json(rows).encode()).hexdigest()
    told = []
    with duckdb.connect() as connection:
        for name, table in sorted(facts.tables.items()):
            connection.register(name, table)
            columns = " || chr(31) || ".join(
                f'coalesce(CAST("{column_name}" AS VARCHAR), chr(30))'
                for column_name in table.column_names
            )
            query = f"SELECT count(*), coalesce(bit_xor(md5_number({columns})), 0) FROM {name}"
            told.append([name, *map(str, connection.sql(query).fetchall()[0])])
    return hashlib.sha256(_json(told).encode()).hexdigest()
