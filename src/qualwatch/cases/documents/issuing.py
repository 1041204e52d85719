"""Issuing documents: numbered, made from what is stored, kept as bytes; and what each kind says of a case."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from qualwatch.accounts.queries import organisation
from qualwatch.archive.actions import store
from qualwatch.archive.contents import Content
from qualwatch.assessments.models import Run
from qualwatch.cases.competence import competent_for
from qualwatch.cases.acting import ActContext
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS, day, rendered
from qualwatch.cases.documents.numbers import mark_of, next_number, review_organ
from qualwatch.cases.models import (
    Application,
    Case,
    CreditRecord,
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

NONE = "—"
OF_A_RED_CARD = ("determination", "order-to-rectify")
INSURANCE = "insurance"
APPLICATION_MARK = "资申"
COLOURS = {"yellow": _("黄牌"), "red": _("红牌")}
INSURANCE_NAME = _("注册人员社保缴纳")
INSURANCE_HELD = _("{count} 人异常")
INSURANCE_BASIS = _("晋建市规字〔2023〕71号 二（一）")


def issue(
    kind: str,
    ctx: ActContext,
    *,
    told: Mapping[str, Any],
    addressee: str,
    case: Case | None = None,
    application: Application | None = None,
    withdrawal: Withdrawal | None = None,
    batch: WithdrawalList | None = None,
    credit_code: str = "",
    where: str = "",
) -> Document:
    """A document with the next number of its authority, in the act's transaction; its bytes are what it will be."""
    letter = DOCUMENT_KINDS[kind]
    slug = where or ctx.authority or (competent_for(case) if case else "")
    mark = mark_of(slug, ctx.law) + letter.mark
    number = next_number(f"document/{mark}", mark, ctx.on.year)
    whole = {
        **json.loads(
            hidden(json.dumps(told, ensure_ascii=False))
        ),  # what people write may hold a number
        "organisation": organisation(slug).name,
        "number": number,
        "title": letter.title,
        "addressee": addressee,
        "issued_on": day(ctx.on),
    }
    file = store(Content("docx", rendered(kind, whole)), at=ctx.at)
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
        title=letter.title,
        template_values=whole,
        file=file,
        issued_on=ctx.on,
        issued_by=ctx.by,
        issued_at=ctx.at,
    )
    stream = case.stream if case else f"organisation/{slug}"
    ctx.entries.append(
        NewEntry(
            stream,
            "issued",
            details={
                "document": document.pk,
                "kind": kind,
                "number": number,
                "sha256": file.sha256,
            },
        )
    )
    return document


def application_number(ctx: ActContext) -> str:
    """The number of an application at its receiver."""
    mark = mark_of(ctx.authority, ctx.law) + APPLICATION_MARK
    return next_number(f"application/{mark}", mark, ctx.on.year)


def about(case: Case) -> dict[str, Any]:
    """What every document says of its case."""
    return {
        "enterprise": case.enterprise,
        "credit_code": case.credit_code,
        "item": name_of(case),
        "certificate_no": case.certificate_no or NONE,
        "card": case.card_number or NONE,
        "published_on": day(case.published_on),
        "red_ends_on": day(case.red_ends_on),
    }


def figures(told: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a table of requirements."""
    return [
        {
            "name": INSURANCE_NAME,
            "required": NONE,
            "held": INSURANCE_HELD.format(count=one.get("people", NONE)),
            "shortfall": NONE,
            "basis": INSURANCE_BASIS,
        }
        if "people" in one
        else {
            "name": REQUIREMENTS.get(slug, slug),
            "basis": "、".join(one.get("basis", ())) or NONE,
            **{
                name: NONE if one.get(name) is None else one[name]
                for name in ("required", "held", "shortfall")
            },
        }
        for slug, one in told.items()
    ]


def rule_of(case: Case, ctx: ActContext) -> str:
    """The article that an order to rectify this item rests on."""
    text = ctx.law.categories.get(case.category or "")
    sector = text.sector if text else "construction"
    article = ctx.law.policy_on(ctx.on)["management_rule"][sector]
    document = ctx.law.documents[article.document]
    return _("《{name}》（{doc_no}）{article}").format(
        name=document.name, doc_no=document.doc_no, article=article.article
    )


def remedies(ctx: ActContext, where: str) -> dict[str, Any]:
    """How long, and where, an enterprise may seek review or sue."""
    policy = ctx.law.policy_on(ctx.on)
    told = {name: policy[name] for name in ("reconsideration_days", "litigation_months")}
    return {**told, "review_organ": review_organ(where, ctx.law)}


def warning(case: Case, ctx: ActContext) -> Document:
    """The letter to an enterprise that cannot read its warning on the platform: each requirement with its own days."""
    open_ones = list(case.requirements.filter(recovered_on=None).order_by("pk"))
    rows = figures({one.requirement: one.warned_figures for one in open_ones})
    for row, requirement in zip(rows, open_ones, strict=True):
        row |= {"pushed_on": day(requirement.pushed_on), "ends_on": day(requirement.ends_on)}
    told = {
        **about(case),
        "requirements": rows,
        "pushed": {one.requirement: one.pushed_on.isoformat() for one in open_ones},
    }
    return issue(
        "warning",
        ctx,
        told=told,
        addressee=case.enterprise,
        case=case,
        credit_code=case.credit_code,
    )


def supervision_letter(case: Case, what: str, ctx: ActContext) -> Document:
    """A letter that urges to rectify (notice 3)."""
    rows = case.requirements.order_by("pk")
    rows = (
        rows.filter(is_determined=True) if case.state == "red" else rows.filter(recovered_on=None)
    )
    ends = case.red_ends_on if case.state == "red" else case.extended_until
    if case.state == "yellow" and ends is None:
        ends = min((requirement.ends_on for requirement in rows), default=None)
    told = {
        **about(case),
        "requirements": figures(
            {requirement.requirement: requirement.warned_figures for requirement in rows}
        ),
        "what": what,
        "colour": COLOURS[case.state],
        "ends_on": day(ends) if ends and ends >= ctx.on else "",
    }
    return issue(
        "supervision-letter",
        ctx,
        told=told,
        addressee=case.enterprise,
        case=case,
        credit_code=case.credit_code,
    )


def credit_record(made: CreditRecord, ctx: ActContext) -> Document:
    """What went into the adverse credit record, and to whom it was referred (notice 3)."""
    case = made.case
    told = {
        **about(case),
        "what": made.what,
        "evidence": "；".join(made.evidence),
        "referred_to": made.referred_to,
    }
    return issue(
        "credit-record",
        ctx,
        told=told,
        addressee=case.enterprise,
        case=case,
        credit_code=case.credit_code,
    )


def decided_figures(case: Case) -> dict[str, Any]:
    """What a red card was determined on: the figures of the signature, else those of the officer's finding."""
    signed = case.determinations.filter(state="signed", outcome="red").order_by("-pk").first()
    rows = case.requirements.filter(is_determined=True).order_by("pk")
    figures_signed = signed.figures if signed is not None else {}
    return {
        row.requirement: figures_signed.get(row.requirement) or row.warned_figures for row in rows
    }


@dataclass(frozen=True, slots=True)
class RedCardBasis:
    """What a red card rests on: figures by requirement, the officer's reasons, the day of the first warning."""

    figures: Mapping[str, Mapping[str, Any]]
    because: str
    warned_on: date | None  # None: found in daily supervision


def red_card(
    case: Case, ground: RedCardBasis, ctx: ActContext, kinds: Iterable[str]
) -> list[Document]:
    """What a red card comes with: the determination, the order to rectify."""
    run = Run.objects.filter(
        pk__in={figure["run"] for figure in ground.figures.values() if "run" in figure}
    ).first()
    basis = sorted({name for figure in ground.figures.values() for name in figure.get("basis", ())})
    if INSURANCE in ground.figures:
        basis.append(INSURANCE_BASIS)
    told = {
        **about(case),
        "requirements": figures(ground.figures),
        "warned_on": day(ground.warned_on),
        "because": ground.because,
        "run": run.pk if run and ground.warned_on else None,
        "as_of": day(run.as_of) if run else "",
        "standards": "、".join(basis) or NONE,
        "rule": rule_of(case, ctx),
        "red_months": ctx.law.policy_on(ctx.on)["red_period_months"],
        **remedies(ctx, ctx.authority or competent_for(case)),
    }
    addressed: dict[str, Any] = {
        "addressee": case.enterprise,
        "case": case,
        "credit_code": case.credit_code,
    }
    return [issue(kind, ctx, told=told, **addressed) for kind in kinds]


def issued_again(voided: Document, ctx: ActContext) -> Document:
    """In place of a document taken back, with a new number: a red card's from what is on record now, others as told."""
    case = voided.case
    if case is not None and voided.kind in OF_A_RED_CARD:
        return red_card(case, basis_of_red_card(case), ctx, [voided.kind])[0]
    return issue(
        voided.kind,
        ctx,
        told=voided.template_values,
        addressee=voided.addressee,
        case=case,
        application=voided.application,
        withdrawal=voided.withdrawal,
        batch=voided.batch,
        credit_code=voided.credit_code,
    )


def basis_of_red_card(case: Case) -> RedCardBasis:
    """What an open red card rests on, from what is on record."""
    figures_now = decided_figures(case)
    source = case.arises_from or case
    signed = source.determinations.filter(state="signed", outcome="red").order_by("-pk").first()
    found = getattr(case, "supervision_finding", None)
    because = signed.because if signed else found.what if found else ""
    rows = (
        source.requirements.all()
        if case.arises_from
        else source.requirements.filter(is_determined=True)
    )
    days = [row.pushed_on for row in rows] if signed else []
    return RedCardBasis(figures_now, because, min(days, default=None))


def intended_withdrawal(row: Withdrawal, ctx: ActContext) -> Document:
    """That an item is to be withdrawn, and what may be said against it until when."""
    case, policy = row.case, ctx.law.policy_on(ctx.on)
    told = {
        **about(case),
        "requirements": figures(decided_figures(case)),
        "statement_days": policy["statement_working_days"],
        "hearing_days": policy["hearing_request_working_days"],
    }
    return _to_enterprise("intended-withdrawal", row, told, ctx)


def withdrawal_decision(row: Withdrawal, because: str, ctx: ActContext) -> Document:
    """The decision, with the figures of the recheck and the remedies."""
    case = row.case
    seen = {
        name: row.figures.get(name) or decided_figure
        for name, decided_figure in decided_figures(case).items()
    }
    told = {
        **about(case),
        "requirements": figures(seen),
        "because": because,
        "notice_served_on": day(row.notice_served_on),
        "display_ends_on": day(row.display_until),
        "rule": rule_of(case, ctx),
        "lower_grade_months": ctx.law.policy_on(ctx.on)["lower_grade_window_months"],
        **remedies(ctx, ctx.authority),
    }
    return _to_enterprise("withdrawal-decision", row, told, ctx)


def hearing_notice(hearing: Hearing, ctx: ActContext) -> Document:
    """When and where the hearing is, and who chairs it."""
    told = {
        "item": name_of(hearing.withdrawal.case),
        "held_on": moment(hearing.at),
        "state": hearing.where,
        "chair": hearing.chair_name,
    }
    return _to_enterprise("hearing-notice", hearing.withdrawal, told, ctx)


def hearing_record(hearing: Hearing, said: Sequence[str], ctx: ActContext) -> Document:
    """Who was there, and what was said."""
    case = hearing.withdrawal.case
    told = {
        "enterprise": case.enterprise,
        "credit_code": case.credit_code,
        "item": name_of(case),
        "held_on": moment(hearing.at),
        "state": hearing.where,
        "chair": hearing.chair_name,
        "present": hearing.present,
        "said": list(said),
    }
    return issue(
        "hearing-record", ctx, told=told, addressee="", case=case, withdrawal=hearing.withdrawal
    )


def _to_enterprise(
    kind: str, row: Withdrawal, told: Mapping[str, Any], ctx: ActContext
) -> Document:
    case = row.case
    return issue(
        kind,
        ctx,
        told=told,
        addressee=case.enterprise,
        case=case,
        withdrawal=row,
        credit_code=case.credit_code,
    )


def moment(at: datetime) -> str:
    """An hour as documents write it."""
    told = timezone.localtime(at)
    return f"{day(told.date())}{told.hour}时" + (f"{told.minute}分" if told.minute else "")


def items(cases: Iterable[Case], outcomes: Mapping[int, str] | None = None) -> dict[str, Any]:
    """A list of items, with how many enterprises and items it names."""
    rows = [
        {
            "nth": nth,
            "enterprise": case.enterprise,
            "credit_code": case.credit_code,
            "item": name_of(case),
            "card": case.card_number or NONE,
            "outcome": (outcomes or {}).get(case.pk, NONE),
            "why": "；".join(
                f"{row['name']}：{row['required']}/{row['held']}"
                for row in figures(
                    {
                        r.requirement: r.warned_figures
                        for r in case.requirements.filter(is_determined=True)
                    }
                )
            )
            or NONE,
        }
        for nth, case in enumerate(cases, 1)
    ]
    return {
        "rows": rows,
        "enterprises": len({row["credit_code"] for row in rows}),
        "items_count": len(rows),
    }
