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
from qualwatch.cases.competence import competent_for, route_of
from qualwatch.cases.documents.basis import (
    basis_of,
    insurance_basis,
    is_rest_day,
    legal_basis,
    lower_grade_months,
)
from qualwatch.cases.documents.contacts import contact_of, required_contact_of
from qualwatch.cases.documents.evidence_list import (
    evidence_of_act,
    evidence_on_file,
    evidence_rows,
)
from qualwatch.cases.documents.filling import Origin
from qualwatch.cases.documents.insurance import abnormal_people
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS, day, rendered
from qualwatch.cases.documents.numbers import mark_of, next_number, review_organ
from qualwatch.cases.documents.wording import clause, sentence, without_stray_blanks
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
from qualwatch.privacy import hidden_in
from qualwatch.reports.labels import REQUIREMENTS
from qualwatch.wording import gettext_noop as _  # documents are Chinese

RED_CARD_KINDS = ("determination", "order-to-rectify")
INSURANCE = "insurance"
APPLICATION_MARK = "资申"
COLOURS = {"yellow": _("黄牌"), "red": _("红牌")}
INSURANCE_NAME = _("注册人员社会保险缴纳")
INSURANCE_REQUIRED = _("由本单位按月缴纳")
INSURANCE_ABNORMAL = _("{count}人异常")
DIFFERENCE = _("{requirement}：{person}，地点：{place}，所见：{observation}")
SHORTFALL = _("{name}应有{required}人、现有{held}人")
REST_DAY = _("{day}为休息日，本文书所载行为于当日办理。")
NOT_SHOWN = _("登记未载")
BY_CITY = _("{city}（经其审查同意后，报省住房和城乡建设厅核实修复）")
STATED = _("你单位于{day}提出：{text}本机关答复：{answer}")
AT_HEARING = _("你单位在听证中提出：{text}本机关答复：{answer}")
NO_STATEMENT = _("你单位在规定期限内没有提出陈述、申辩。")
NO_HEARING = _("你单位在规定期限内没有要求听证。")
HEARING_HELD = _("应你单位要求，本机关于{day}举行听证，并制作听证笔录。")
HEARING_RETRACTED = _("你单位要求听证后撤回了要求。")
HEARING_ABSENT = _("你单位经通知无正当理由没有参加听证，视为放弃听证。")
PUBLIC_OBJECTIONS = _("公示期间收到异议{count}件，均已逐件答复。")
NO_OBJECTIONS = _("公示期间没有收到异议。")
LEGAL_REVIEW = _("经{day}法制审核：{opinion}")


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
    cases: Sequence[Case] = (),
) -> Document:
    """Issues a document under the next number of its authority, in the act's transaction.

    `authority`: the slug of who issues it, by default of who acts or is competent. `cases`: those
    that it is about, by default its case, or those of its list. NoTemplate; CannotStep where its
    legal basis or the authority's contact is not on record; jinja2.UndefinedError where `values`
    lack what the template asks for.
    """
    document_kind = DOCUMENT_KINDS[kind]
    slug = authority or ctx.authority or (competent_for(case) if case else "")
    mark = mark_of(slug, ctx.law) + document_kind.mark
    number = next_number(f"document/{mark}", mark, ctx.on.year)
    issuer = organisation(slug)
    template_values = without_stray_blanks(
        {
            "copies": "",
            **_without_identity_numbers(values),
            "organisation": issuer.name,
            "number": number,
            "title": document_kind.title,
            "addressee": addressee,
            "issued_on": day(ctx.on),
            "legal_basis": legal_basis(kind, cases or _cases_of(case, batch), ctx),
            "contact": (required_contact_of if document_kind.needs_contact else contact_of)(issuer),
            "rest_day": REST_DAY.format(day=day(ctx.on)) if is_rest_day(ctx.on, ctx.law) else "",
        }
    )
    content = rendered(kind, template_values, Origin(issuer.name, ctx.at))
    file = store(Content("docx", content), at=ctx.at)
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


def _cases_of(case: Case | None, batch: WithdrawalList | None) -> list[Case]:
    """The cases that a document is about: its own, or those of its list."""
    if case is not None:
        return [case]
    members = batch.members.select_related("case").order_by("pk") if batch else ()
    return [row.case for row in members]


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
    masked: dict[str, Any] = hidden_in(json.loads(json.dumps(values)))
    return masked


def application_number(ctx: ActContext) -> str:
    """The next number of an application at its receiver."""
    mark = mark_of(ctx.authority, ctx.law) + APPLICATION_MARK
    return next_number(f"application/{mark}", mark, ctx.on.year)


def about(case: Case) -> dict[str, Any]:
    """Values about its case that most documents share; of an enterprise-wide case no item."""
    return {
        "enterprise": case.enterprise,
        "credit_code": case.credit_code,
        "item": name_of(case) if case.category is not None else "",
        "certificate_no": case.certificate_no,
        "card": case.card_number,
        "published_on": day(case.published_on),
        "red_ends_on": day(case.red_ends_on),
    }


def shown_figures(
    case: Case, figures: Mapping[str, Mapping[str, Any]], ctx: ActContext
) -> dict[str, Any]:
    """Figures by requirement as the tables of a document show them.

    requirements: figures of the registers. found: those of an officer, beside the registers', with
    the reason why they differ. people: who has abnormal insurance. CannotStep where a requirement
    has no basis.
    """
    people = abnormal_people(case, figures[INSURANCE]) if INSURANCE in figures else []
    rows: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for slug, figure in figures.items():
        if slug != INSURANCE or not people:
            rows[is_found(figure)].append(_figure_row(case, slug, figure, ctx))
    return {
        "requirements": rows[False],
        "found": rows[True],
        "people": people,
        "difference": sentence("；".join(_differences(figures))),
    }


def is_found(figure: Mapping[str, Any]) -> bool:
    """Whether an officer gave the figure; then the registers' stands beside it."""
    return "registered" in figure


def _differences(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Of each figure that differs from the registers': who, where, and what was seen."""
    return [
        DIFFERENCE.format(
            requirement=requirement_name(slug),
            **{name: clause(text) for name, text in figure["why"].items()},
        )
        for slug, figure in figures.items()
        if figure.get("why")
    ]


def requirement_name(slug: str) -> str:
    """A requirement as documents name it."""
    return INSURANCE_NAME if slug == INSURANCE else REQUIREMENTS.get(slug, slug)


def _figure_row(
    case: Case, slug: str, figure: Mapping[str, Any], ctx: ActContext
) -> dict[str, Any]:
    registered = figure.get("registered")
    if slug == INSURANCE:
        abnormal = INSURANCE_ABNORMAL.format(count=figure["people"])
        by_registers = INSURANCE_ABNORMAL.format(count=registered)
        return {
            "name": INSURANCE_NAME,
            "required": INSURANCE_REQUIRED,
            "held": abnormal,
            "shortfall": abnormal,
            "basis": insurance_basis(ctx),
            "registered": NOT_SHOWN if registered is None else by_registers,
        }
    counts = {name: figure.get(name) for name in ("required", "held", "shortfall")}
    return {
        "name": requirement_name(slug),
        "basis": basis_of(case, slug, figure),
        "registered": NOT_SHOWN if registered is None else registered,
        **{name: NOT_SHOWN if count is None else count for name, count in counts.items()},
    }


def warned_figures(requirements: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """By requirement, the figures that the enterprise was warned with; of CaseRequirement rows."""
    return {row.requirement: row.warned_figures for row in requirements}


def remedies(ctx: ActContext, authority: str) -> dict[str, Any]:
    """How long, and where, an enterprise may seek review or sue against an authority's act."""
    policy = ctx.law.policy_on(ctx.on)
    return {
        "reconsideration_days": policy["reconsideration_days"],
        "litigation_months": policy["litigation_months"],
        "review_organ": review_organ(authority, ctx.law),
    }


def objection_to(case: Case, ctx: ActContext) -> str:
    """Where an enterprise objects to a warning (notice 4(5))."""
    name = organisation(competent_for(case)).name
    return name if route_of(case) != "city" else BY_CITY.format(city=name)


def warning(case: Case, ctx: ActContext) -> Document:
    """The letter to an enterprise that cannot read its warning on the platform.

    Each requirement has its own period. `pushed` is kept for its proof of service: the warnings
    that the letter was about.
    """
    warned = list(case.requirements.filter(recovered_on=None, determined_on=None).order_by("pk"))
    rows: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    pushed: dict[str, str] = {}
    for name, figure, pushed_on, ends_on in _warnings(warned):
        shown = _with_days(shown_figures(case, {name: figure}, ctx), pushed_on, ends_on)
        rows += shown["requirements"]
        people += shown["people"]
        pushed[name] = pushed_on.isoformat()
    values = {
        **about(case),
        "requirements": rows,
        "people": people,
        "objection_to": objection_to(case, ctx),
        "pushed": pushed,
    }
    return issue_to_enterprise("warning", case, values, ctx)


def _warnings(
    warned: Sequence[CaseRequirement],
) -> list[tuple[str, Mapping[str, Any], date, date]]:
    """Requirement, figures, days of the push and of the end; then the same of raised figures."""
    first = [(row.requirement, row.warned_figures, row.pushed_on, row.ends_on) for row in warned]
    raised = [
        (
            row.requirement,
            row.raised["figures"],
            date.fromisoformat(row.raised["pushed_on"]),
            date.fromisoformat(row.raised["ends_on"]),
        )
        for row in warned
        if row.raised
    ]
    return first + raised


def _with_days(shown: dict[str, Any], pushed_on: date, ends_on: date) -> dict[str, Any]:
    """Shown figures, each row with the days of its warning and of the end of its period."""
    for row in (*shown["requirements"], *shown["people"]):
        row["pushed_on"] = day(pushed_on)
        row["ends_on"] = day(ends_on)
    return shown


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
        **shown_figures(case, warned_figures(rows), ctx),
        "what": sentence(what),
        "colour": COLOURS[case.state],
        "ends_on": day(ends_on) if ends_on and ends_on >= ctx.on else "",
        "objection_to": objection_to(case, ctx),
    }
    return issue_to_enterprise("supervision-letter", case, values, ctx)


def credit_record(record: CreditRecord, ctx: ActContext) -> Document:
    """An adverse credit record, and to whom it was referred (notice 3)."""
    authority = ctx.authority or competent_for(record.case)
    values = {
        **about(record.case),
        "what": sentence(record.what),
        "evidence": evidence_rows(evidence_of_act(record)),
        "referred_to": clause(record.referred_to),
        "statement_days": ctx.law.policy_on(ctx.on)["statement_working_days"],
        **remedies(ctx, authority),
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
    runs = runs_of(basis.figures)
    run = Run.objects.filter(pk__in=runs).first()
    shown = shown_figures(case, basis.figures, ctx)
    values = {
        **about(case),
        **shown,
        # for the proof of service: the requirements whose red period begins with it
        "determined": list(basis.figures),
        "warned_on": day(basis.warned_on),
        "because": sentence(basis.because),
        "run": run.pk if run and basis.warned_on else None,
        "as_of": day(run.as_of) if run else "",
        "standards": _standards(shown, ctx),
        "evidence": evidence_rows(evidence_on_file(case, runs=runs)),
        "red_months": ctx.law.policy_on(ctx.on)["red_period_months"],
        **remedies(ctx, ctx.authority or competent_for(case)),
    }
    return [issue_to_enterprise(kind, case, values, ctx) for kind in kinds]


def runs_of(figures: Mapping[str, Mapping[str, Any]]) -> set[int]:
    """The numbers of the runs that figures were found in."""
    return {figure["run"] for figure in figures.values() if "run" in figure}


def _standards(shown: Mapping[str, Any], ctx: ActContext) -> str:
    """The documents of the standards that the shown figures rest on."""
    rows = [*shown["requirements"], *shown["found"]]
    standards = dict.fromkeys(row["basis"] for row in rows)
    if shown["people"]:
        standards[insurance_basis(ctx)] = None
    return "、".join(standards)


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
    figures = decided_figures(row.case)
    evidence = evidence_on_file(row.case, withdrawal=row, runs=runs_of(figures))
    values = {
        **about(row.case),
        **shown_figures(row.case, figures, ctx),
        "evidence": evidence_rows(evidence),
        "statement_days": policy["statement_working_days"],
        "hearing_days": policy["hearing_request_working_days"],
    }
    return issue_to_enterprise("intended-withdrawal", row.case, values, ctx, row)


def withdrawal_decision(row: Withdrawal, because: str, ctx: ActContext) -> Document:
    """The decision, with the figures of the recheck and the remedies.

    It says what the enterprise stated and why that was not followed, how the hearing ended, what
    the public objected, and what the legal review found.
    """
    case = row.case
    figures = {
        name: _rechecked_figure(row.figures.get(name), decided_figure)
        for name, decided_figure in decided_figures(case).items()
    }
    evidence = evidence_on_file(case, withdrawal=row, runs=runs_of(figures))
    values = {
        **about(case),
        **shown_figures(case, figures, ctx),
        "evidence": evidence_rows(evidence),
        "because": sentence(because),
        "notice_served_on": day(row.notice_served_on),
        "display_ends_on": day(row.display_until),
        "rechecked_on": day(row.rechecked_on),
        "statements": _statements(row),
        "hearing": _hearing(row),
        "objections": _objections(row),
        "legal_review": _legal_review(row),
        "lower_grade_months": lower_grade_months([case], ctx),
        **remedies(ctx, ctx.authority),
    }
    return issue_to_enterprise("withdrawal-decision", case, values, ctx, row)


def _rechecked_figure(
    rechecked: Mapping[str, Any] | None, decided: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The figure of the recheck, where there was one; its basis else that of the decision."""
    if not rechecked:
        return decided
    return {**rechecked, "basis": rechecked.get("basis") or decided.get("basis")}


def _statements(row: Withdrawal) -> list[str]:
    """Each statement of the enterprise with the answer; one sentence where there is none."""
    texts = {"statement": STATED, "hearing": AT_HEARING}
    submissions = row.submissions.filter(kind__in=texts).order_by("pk")
    stated = [
        texts[submission.kind].format(
            day=day(submission.submitted_on),
            text=sentence(submission.text),
            answer=sentence(submission.answer),
        )
        for submission in submissions
    ]
    return stated or [NO_STATEMENT]


def _hearing(row: Withdrawal) -> str:
    """How the hearing ended."""
    hearing = row.hearings.filter(state__in=("held", "retracted", "absent")).order_by("-pk").first()
    if hearing is None:
        return NO_HEARING if row.hearing_asked_on is None else HEARING_RETRACTED
    if hearing.state == "held":
        return HEARING_HELD.format(day=day(ActContext.day_of(hearing.at)))
    return HEARING_RETRACTED if hearing.state == "retracted" else HEARING_ABSENT


def _objections(row: Withdrawal) -> str:
    """How many objections of the public were answered; who objected is not said."""
    count = row.submissions.filter(kind="objection").count()
    return PUBLIC_OBJECTIONS.format(count=count) if count else NO_OBJECTIONS


def _legal_review(row: Withdrawal) -> str:
    return LEGAL_REVIEW.format(day=day(row.reviewed_on), opinion=sentence(row.review_opinion))


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
        "present": clause(hearing.present),
        "lines": [text for line in lines if (text := sentence(line))],
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
            "card": case.card_number,
            "outcome": by_case.get(case.pk, ""),
            "why": _shortfalls(case),
        }
        for sequence_no, case in enumerate(cases, 1)
    ]
    return {
        "rows": rows,
        "enterprises": len({row["credit_code"] for row in rows}),
        "items_count": len(rows),
    }


ANNEX = _("《{title}》（{number}）")


def annexes(cases: Iterable[Case]) -> list[str]:
    """The documents issued in these cases, as a request names its annexes."""
    documents = Document.objects.filter(case__in=list(cases), voided_on=None).order_by("pk")
    return [ANNEX.format(title=row.title, number=row.number) for row in documents]


def _shortfalls(case: Case) -> str:
    """Of each requirement determined: its name, required and held."""
    parts = []
    for slug, figure in decided_figures(case).items():
        if slug == INSURANCE:
            abnormal = INSURANCE_ABNORMAL.format(count=figure.get("people"))
            parts.append(f"{INSURANCE_NAME}{abnormal}")
            continue
        required, held = figure.get("required"), figure.get("held")
        parts.append(SHORTFALL.format(name=requirement_name(slug), required=required, held=held))
    return "；".join(parts)
