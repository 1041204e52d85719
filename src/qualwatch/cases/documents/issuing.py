"""Issuing documents: numbered, filled in from what is stored, kept as bytes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from qualwatch.accounts.queries import organisation
from qualwatch.archive.actions import store
from qualwatch.archive.contents import Content
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import competent_for
from qualwatch.cases.documents.evidence import evidence_of
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS, day, rendered
from qualwatch.cases.documents.numbers import mark_of, next_number, review_organ
from qualwatch.cases.models import (
    Application,
    Case,
    CaseRequirement,
    CreditRecord,
    Determination,
    Document,
    Hearing,
    Withdrawal,
    WithdrawalList,
)
from qualwatch.cases.notices.texts import name_of
from qualwatch.journal.actions import NewEntry
from qualwatch.privacy import hidden
from qualwatch.reports.labels import REQUIREMENTS
from qualwatch.wording import gettext_noop as _  # documents are Chinese

NO_VALUE = "—"
RED_CARD_KINDS = ("determination", "order-to-rectify")
INSURANCE = "insurance"
APPLICATION_MARK = "资申"
COLOURS = {"yellow": _("黄牌"), "red": _("红牌")}
INSURANCE_NAME = _("注册人员社保缴纳")
INSURANCE_HELD = _("{count} 人异常")
INSURANCE_BASIS = _("晋建市规字〔2023〕71号 二（一）")


def issue(  # noqa: PLR0913  # what a document may be about, by keyword
    kind: str,
    ctx: ActContext,
    *,
    values: Mapping[str, Any],
    addressee: str,
    case: Case | None = None,
    application: Application | None = None,
    withdrawal: Withdrawal | None = None,
    batch: WithdrawalList | None = None,
    credit_code: str = "",
    authority: str = "",
) -> Document:
    """Issues a document under the next number of its authority, in the act's transaction.

    `authority`: the slug of who issues it, by default of who acts or is competent. NoTemplate;
    jinja2.UndefinedError where `values` lack what the template asks for.
    """
    document_kind = DOCUMENT_KINDS[kind]
    slug = authority or ctx.authority or (competent_for(case) if case else "")
    mark = mark_of(slug, ctx.law) + document_kind.mark
    number = next_number(f"document/{mark}", mark, ctx.on.year)
    template_values = {
        **_without_identity_numbers(values),
        "organisation": organisation(slug).name,
        "number": number,
        "title": document_kind.title,
        "addressee": addressee,
        "issued_on": day(ctx.on),
    }
    file = store(Content("docx", rendered(kind, template_values)), at=ctx.at)
    document = Document.objects.create(
        kind=kind,
        number=number,
        organisation=slug,
        case=case,
        application=application,
        withdrawal=withdrawal,
        batch=batch,
        credit_code=credit_code,
        addressee=addressee,
        title=document_kind.title,
        template_values=template_values,
        file=file,
        issued_on=ctx.on,
        issued_by=ctx.by,
        issued_at=ctx.at,
    )
    details = {"document": document.pk, "kind": kind, "number": number, "sha256": file.sha256}
    stream = case.stream if case else f"organisation/{slug}"
    ctx.entries.append(NewEntry(stream, "issued", details=details))
    return document


def issue_to_enterprise(
    kind: str,
    case: Case,
    values: Mapping[str, Any],
    ctx: ActContext,
    withdrawal: Withdrawal | None = None,
) -> Document:
    """Issues a document to the enterprise of a case."""
    return issue(
        kind,
        ctx,
        values=values,
        addressee=case.enterprise,
        case=case,
        withdrawal=withdrawal,
        credit_code=case.credit_code,
    )


def _without_identity_numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with identity numbers masked, which may stand in what people write."""
    masked: dict[str, Any] = json.loads(hidden(json.dumps(values, ensure_ascii=False)))
    return masked


def application_number(ctx: ActContext) -> str:
    """The next number of an application at its receiver."""
    mark = mark_of(ctx.authority, ctx.law) + APPLICATION_MARK
    return next_number(f"application/{mark}", mark, ctx.on.year)


def about(case: Case) -> dict[str, Any]:
    """Values about its case that most documents share."""
    return {
        "enterprise": case.enterprise,
        "credit_code": case.credit_code,
        "item": name_of(case),
        "certificate_no": case.certificate_no or NO_VALUE,
        "card": case.card_number or NO_VALUE,
        "published_on": day(case.published_on),
        "red_ends_on": day(case.red_ends_on),
    }


def figure_rows(figures: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the table of requirements, from figures by requirement."""
    return [_figure_row(slug, figure) for slug, figure in figures.items()]


def _figure_row(slug: str, figure: Mapping[str, Any]) -> dict[str, Any]:
    if "people" in figure:
        return {
            "name": INSURANCE_NAME,
            "required": NO_VALUE,
            "held": INSURANCE_HELD.format(count=figure["people"]),
            "shortfall": NO_VALUE,
            "basis": INSURANCE_BASIS,
        }
    row: dict[str, Any] = {
        "name": REQUIREMENTS.get(slug, slug),
        "basis": "、".join(figure.get("basis", ())) or NO_VALUE,
    }
    for name in ("required", "held", "shortfall"):
        count = figure.get(name)
        row[name] = NO_VALUE if count is None else count
    return row


def warned_figures(requirements: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """By requirement, the figures that the enterprise was warned with; of CaseRequirement rows."""
    return {row.requirement: row.warned_figures for row in requirements}


def rule_of(case: Case, ctx: ActContext) -> str:
    """The article that an order to rectify this item rests on."""
    category = ctx.law.categories.get(case.category or "")
    sector = category.sector if category else "construction"
    article = ctx.law.policy_on(ctx.on)["management_rule"][sector]
    document = ctx.law.documents[article.document]
    return _("《{name}》（{doc_no}）{article}").format(
        name=document.name, doc_no=document.doc_no, article=article.article
    )


def remedies(ctx: ActContext, authority: str) -> dict[str, Any]:
    """How long, and where, an enterprise may seek review or sue against an authority's act."""
    policy = ctx.law.policy_on(ctx.on)
    return {
        "reconsideration_days": policy["reconsideration_days"],
        "litigation_months": policy["litigation_months"],
        "review_organ": review_organ(authority, ctx.law),
    }


def warning(case: Case, ctx: ActContext) -> Document:
    """The letter to an enterprise that cannot read its warning on the platform.

    Each requirement has its own period. `pushed` is kept for its proof of service: the warnings
    that the letter was about.
    """
    warned = list(case.requirements.filter(recovered_on=None, determined_on=None).order_by("pk"))
    rows = figure_rows(warned_figures(warned))
    pushed = {}
    for row, requirement in zip(rows, warned, strict=True):
        row["pushed_on"] = day(requirement.pushed_on)
        row["ends_on"] = day(requirement.ends_on)
        pushed[requirement.requirement] = requirement.pushed_on.isoformat()
    for requirement in warned:
        if requirement.raised:
            rows.append(_raised_row(requirement))
            pushed[requirement.requirement] = requirement.raised["pushed_on"]
    values = {**about(case), "requirements": rows, "pushed": pushed}
    return issue_to_enterprise("warning", case, values, ctx)


def _raised_row(requirement: CaseRequirement) -> dict[str, Any]:
    """The row of a figure that an upgrade raised, with its own days."""
    raised = requirement.raised
    [row] = figure_rows({requirement.requirement: raised["figures"]})
    row["pushed_on"] = day(date.fromisoformat(raised["pushed_on"]))
    row["ends_on"] = day(date.fromisoformat(raised["ends_on"]))
    return row


def supervision_letter(case: Case, what: str, ctx: ActContext) -> Document:
    """A letter that urges to rectify (notice 3)."""
    is_red = case.state == "red"
    rows = case.requirements.order_by("pk")
    rows = rows.filter(determined_on__isnull=False) if is_red else rows.filter(recovered_on=None)
    ends_on = case.red_ends_on if is_red else case.extended_until
    if case.state == "yellow" and ends_on is None:
        ends_on = min((row.ends_on for row in rows), default=None)
    values = {
        **about(case),
        "requirements": figure_rows(warned_figures(rows)),
        "what": what,
        "colour": COLOURS[case.state],
        "ends_on": day(ends_on) if ends_on and ends_on >= ctx.on else "",
    }
    return issue_to_enterprise("supervision-letter", case, values, ctx)


def credit_record(record: CreditRecord, ctx: ActContext) -> Document:
    """An adverse credit record, and to whom it was referred (notice 3)."""
    values = {
        **about(record.case),
        "what": record.what,
        "evidence": "；".join(file.name for file in evidence_of(record)),
        "referred_to": record.referred_to,
    }
    return issue_to_enterprise("credit-record", record.case, values, ctx)


def _signed_red(case: Case) -> Determination | None:
    """The newest signed determination of a red card."""
    signed = case.determinations.filter(state="signed", outcome="red")
    return signed.order_by("-pk").first()


def decided_figures(case: Case) -> dict[str, Any]:
    """By requirement, the figures of the signature, else those of the officer's finding."""
    signed_figures: dict[str, Any] = {}
    for signed in case.determinations.filter(state="signed", outcome="red").order_by("pk"):
        signed_figures |= signed.figures
    determined = list(case.requirements.filter(determined_on__isnull=False).order_by("pk"))
    # of a card that is closed or about to be closed all of them have recovered
    red = [row for row in determined if row.recovered_on is None] or determined
    return {
        row.requirement: signed_figures.get(row.requirement) or row.warned_figures for row in red
    }


@dataclass(frozen=True, slots=True)
class RedCardBasis:
    """The basis of a red card: figures by requirement, reasons, the day of the first warning."""

    figures: Mapping[str, Mapping[str, Any]]
    because: str
    # None: found in daily supervision.
    warned_on: date | None


def red_card(
    case: Case, basis: RedCardBasis, ctx: ActContext, kinds: Iterable[str]
) -> list[Document]:
    """Issues what comes with a red card: the determination, the order to rectify."""
    runs = {figure["run"] for figure in basis.figures.values() if "run" in figure}
    run = Run.objects.filter(pk__in=runs).first()
    values = {
        **about(case),
        "requirements": figure_rows(basis.figures),
        # for the proof of service: the requirements whose red period begins with it
        "determined": list(basis.figures),
        "warned_on": day(basis.warned_on),
        "because": basis.because,
        "run": run.pk if run and basis.warned_on else None,
        "as_of": day(run.as_of) if run else "",
        "standards": _standards(basis.figures),
        "rule": rule_of(case, ctx),
        "red_months": ctx.law.policy_on(ctx.on)["red_period_months"],
        **remedies(ctx, ctx.authority or competent_for(case)),
    }
    return [issue_to_enterprise(kind, case, values, ctx) for kind in kinds]


def _standards(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """The documents of the standards that the figures rest on."""
    standards = sorted({name for figure in figures.values() for name in figure.get("basis", ())})
    if INSURANCE in figures:
        standards.append(INSURANCE_BASIS)
    return "、".join(standards) or NO_VALUE


def issued_again(voided: Document, ctx: ActContext) -> Document:
    """Issues a voided document under a new number.

    Those of a red card are made from what is on record now, others from the same values.
    """
    case = voided.case
    if case is not None and voided.kind in RED_CARD_KINDS:
        names = voided.template_values.get("determined", ())
        return red_card(case, basis_of_red_card(case, names), ctx, [voided.kind])[0]
    return issue(
        voided.kind,
        ctx,
        values=voided.template_values,
        addressee=voided.addressee,
        case=case,
        application=voided.application,
        withdrawal=voided.withdrawal,
        batch=voided.batch,
        credit_code=voided.credit_code,
    )


def basis_of_red_card(case: Case, names: Sequence[str] = ()) -> RedCardBasis:
    """The basis of an open red card, from what is on record.

    `names`: only these of its requirements, where any of them is still red.
    """
    basis = _basis_of_red_card(case)
    figures = {name: figure for name, figure in basis.figures.items() if name in names}
    return replace(basis, figures=figures) if figures else basis


def _basis_of_red_card(case: Case) -> RedCardBasis:
    source = case.arises_from or case
    signed = _signed_red(source)
    if signed is None:
        finding = getattr(case, "supervision_finding", None)
        return RedCardBasis(decided_figures(case), finding.what if finding else "", None)
    rows = source.requirements.all()
    if case.arises_from is None:
        rows = rows.filter(determined_on__isnull=False)
    warned_on = min((row.pushed_on for row in rows), default=None)
    return RedCardBasis(decided_figures(case), signed.because, warned_on)


def intended_withdrawal(row: Withdrawal, ctx: ActContext) -> Document:
    """The notice of the intended withdrawal, with the days for statement and hearing."""
    policy = ctx.law.policy_on(ctx.on)
    values = {
        **about(row.case),
        "requirements": figure_rows(decided_figures(row.case)),
        "statement_days": policy["statement_working_days"],
        "hearing_days": policy["hearing_request_working_days"],
    }
    return issue_to_enterprise("intended-withdrawal", row.case, values, ctx, row)


def withdrawal_decision(row: Withdrawal, because: str, ctx: ActContext) -> Document:
    """The decision, with the figures of the recheck and the remedies."""
    case = row.case
    figures = {
        name: row.figures.get(name) or decided_figure
        for name, decided_figure in decided_figures(case).items()
    }
    values = {
        **about(case),
        "requirements": figure_rows(figures),
        "because": because,
        "notice_served_on": day(row.notice_served_on),
        "display_ends_on": day(row.display_until),
        "rule": rule_of(case, ctx),
        "lower_grade_months": ctx.law.policy_on(ctx.on)["lower_grade_window_months"],
        **remedies(ctx, ctx.authority),
    }
    return issue_to_enterprise("withdrawal-decision", case, values, ctx, row)


def hearing_notice(hearing: Hearing, ctx: ActContext) -> Document:
    """When and where the hearing is, and who chairs it."""
    row = hearing.withdrawal
    return issue_to_enterprise("hearing-notice", row.case, _hearing_values(hearing), ctx, row)


def hearing_record(hearing: Hearing, lines: Sequence[str], ctx: ActContext) -> Document:
    """Who was present, and the record line by line."""
    row = hearing.withdrawal
    values = {
        **_hearing_values(hearing),
        "enterprise": row.case.enterprise,
        "credit_code": row.case.credit_code,
        "present": hearing.present,
        "lines": list(lines),
    }
    return issue("hearing-record", ctx, values=values, addressee="", case=row.case, withdrawal=row)


def _hearing_values(hearing: Hearing) -> dict[str, Any]:
    return {
        "item": name_of(hearing.withdrawal.case),
        "held_on": moment(hearing.at),
        "place": hearing.place,
        "chair": hearing.chair_name,
    }


def moment(at: datetime) -> str:
    """An hour as documents write it."""
    local_time = timezone.localtime(at)
    return f"{day(local_time.date())}{local_time.hour}时" + (
        f"{local_time.minute}分" if local_time.minute else ""
    )


def items(cases: Iterable[Case], outcomes: Mapping[int, str] | None = None) -> dict[str, Any]:
    """A list of items with its counts of enterprises and items; outcomes are by case number."""
    by_case = outcomes or {}
    rows = [
        {
            "sequence_no": sequence_no,
            "enterprise": case.enterprise,
            "credit_code": case.credit_code,
            "item": name_of(case),
            "card": case.card_number or NO_VALUE,
            "outcome": by_case.get(case.pk, NO_VALUE),
            "why": _shortfalls(case),
        }
        for sequence_no, case in enumerate(cases, 1)
    ]
    return {
        "rows": rows,
        "enterprises": len({row["credit_code"] for row in rows}),
        "items_count": len(rows),
    }


def _shortfalls(case: Case) -> str:
    """Of each requirement determined: its name, required and held."""
    determined = case.requirements.filter(determined_on__isnull=False)
    rows = figure_rows(warned_figures(determined))
    return "；".join(f"{row['name']}：{row['required']}/{row['held']}" for row in rows) or NO_VALUE
