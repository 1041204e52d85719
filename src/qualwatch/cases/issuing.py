"""Issuing documents: numbered, made from what is stored, kept as bytes; and what each kind says of a case."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from qualwatch.accounts.queries import organisation
from qualwatch.archive.actions import keep
from qualwatch.archive.contents import Content
from qualwatch.assessments.models import Run
from qualwatch.cases.competence import competent_for
from qualwatch.cases.course import Doing
from qualwatch.cases.letters import LETTERS, day, rendered
from qualwatch.cases.models import Application, Case, CreditRecord, Document
from qualwatch.cases.numbers import mark_of, next_number
from qualwatch.cases.words import name_of
from qualwatch.journal.actions import Told
from qualwatch.reports.labels import REQUIREMENTS
from qualwatch.wording import gettext_noop as _  # documents are Chinese

NONE = "—"
APPLICATION_MARK = "资申"
COLOURS = {"yellow": _("黄牌"), "red": _("红牌")}
INSURANCE_NAME = _("注册人员社保缴纳")
INSURANCE_HELD = _("{count} 人异常")
INSURANCE_BASIS = _("晋建市规字〔2023〕71号 二（一）")


def issue(
    kind: str, doing: Doing, *, told: Mapping[str, Any], addressee: str, case: Case | None = None,
    application: Application | None = None, credit_code: str = "", where: str = "",
) -> Document:  # fmt: skip
    """A document with the next number of its authority, in the act's transaction; its bytes are what it will be."""
    letter = LETTERS[kind]
    slug = where or doing.where or (competent_for(case) if case else "")
    mark = mark_of(slug, doing.law) + letter.mark
    number = next_number(f"document/{mark}", mark, doing.on.year)
    whole = {
        **told, "organisation": organisation(slug).name, "number": number, "title": letter.title,
        "addressee": addressee, "issued_on": day(doing.on),
    }  # fmt: skip
    file = keep(Content("docx", rendered(kind, whole)), at=doing.at)
    made = Document.objects.create(
        kind=kind, number=number, organisation=slug, case=case, application=application, credit_code=credit_code,
        addressee=addressee, title=letter.title, told=whole, file=file, issued_on=doing.on, issued_by=doing.by,
        issued_at=doing.at,
    )  # fmt: skip
    stream = case.stream if case else f"organisation/{slug}"
    doing.told.append(
        Told(stream, "issued", details={"document": made.pk, "kind": kind, "number": number, "sha256": file.sha256})
    )
    return made


def application_number(doing: Doing) -> str:
    """The number of an application at its receiver."""
    mark = mark_of(doing.where, doing.law) + APPLICATION_MARK
    return next_number(f"application/{mark}", mark, doing.on.year)


def about(case: Case) -> dict[str, Any]:
    """What every document says of its case."""
    return {
        "enterprise": case.enterprise, "credit_code": case.credit_code, "item": name_of(case),
        "certificate_no": case.certificate_no or NONE, "card": case.card_number or NONE,
        "published_on": day(case.published_on), "red_ends_on": day(case.red_ends_on),
    }  # fmt: skip


def figures(told: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a table of requirements."""
    return [
        {
            "name": INSURANCE_NAME, "required": NONE, "held": INSURANCE_HELD.format(count=one.get("people", NONE)),
            "shortfall": NONE, "basis": INSURANCE_BASIS,
        }
        if "people" in one
        else {
            "name": REQUIREMENTS.get(slug, slug), "basis": "、".join(one.get("basis", ())) or NONE,
            **{name: NONE if one.get(name) is None else one[name] for name in ("required", "held", "shortfall")},
        }
        for slug, one in told.items()
    ]  # fmt: skip


def rule_of(case: Case, doing: Doing) -> str:
    """The article that an order to rectify this item rests on."""
    text = doing.law.categories.get(case.category or "")
    sector = text.sector if text else "construction"
    article = doing.law.policy_on(doing.on)["management_rule"][sector]
    document = doing.law.documents[article.document]
    return _("《{name}》（{doc_no}）{article}").format(
        name=document.name, doc_no=document.doc_no, article=article.article
    )


def remedies(doing: Doing) -> dict[str, int]:
    """How long an enterprise has to seek review or to sue."""
    policy = doing.law.policy_on(doing.on)
    return {name: policy[name] for name in ("reconsideration_days", "litigation_months")}


def warning(case: Case, doing: Doing) -> Document:
    """The letter to an enterprise that cannot read its warning on the platform."""
    open_ones = list(case.requirements.filter(recovered_on=None).order_by("pk"))
    told = {
        **about(case), "requirements": figures({one.requirement: one.told for one in open_ones}),
        "requirement_slugs": [one.requirement for one in open_ones],
        "pushed_on": day(min((one.pushed_on for one in open_ones), default=None)),
        "ends_on": day(max((one.ends_on for one in open_ones), default=None)),
    }  # fmt: skip
    return issue("warning", doing, told=told, addressee=case.enterprise, case=case, credit_code=case.credit_code)


def urging(case: Case, what: str, doing: Doing) -> Document:
    """A letter that urges to rectify (notice 3)."""
    open_ones = list(case.requirements.filter(recovered_on=None).order_by("pk"))
    ends = case.red_ends_on or max((one.ends_on for one in open_ones), default=None)
    told = {
        **about(case), "requirements": figures({one.requirement: one.told for one in open_ones}), "what": what,
        "colour": COLOURS[case.place], "ends_on": day(ends),
    }  # fmt: skip
    return issue("urging-letter", doing, told=told, addressee=case.enterprise, case=case, credit_code=case.credit_code)


def credit_record(made: CreditRecord, doing: Doing) -> Document:
    """What went into the adverse credit record, and to whom it was referred (notice 3)."""
    case = made.case
    told = {**about(case), "what": made.what, "evidence": "；".join(made.evidence), "referred_to": made.referred_to}
    return issue("credit-record", doing, told=told, addressee=case.enterprise, case=case, credit_code=case.credit_code)


def determination(
    case: Case, figures_told: Mapping[str, Mapping[str, Any]], because: str, warned_on: date | None, doing: Doing
) -> list[Document]:
    """What a red card comes with: the determination, and the order to rectify."""
    run = Run.objects.filter(pk__in={one["run"] for one in figures_told.values() if "run" in one}).first()
    basis = sorted({name for one in figures_told.values() for name in one.get("basis", ())})
    told = {
        **about(case), "requirements": figures(figures_told), "warned_on": day(warned_on), "because": because,
        "run": run.pk if run and warned_on else None, "as_of": day(run.as_of) if run else "",
        "standards": "、".join(basis) or NONE, "rule": rule_of(case, doing),
        "red_months": doing.law.policy_on(doing.on)["red_period_months"], **remedies(doing),
    }  # fmt: skip
    addressed: dict[str, Any] = {"addressee": case.enterprise, "case": case, "credit_code": case.credit_code}
    return [issue(kind, doing, told=told, **addressed) for kind in ("determination", "order-to-rectify")]


def reissued_order(voided: Document, doing: Doing) -> Document:
    """The order again in place of one taken back: the same figures, today's day, a new number."""
    case = voided.case
    assert case is not None  # an order is always about a case
    return issue(voided.kind, doing, told=voided.told, addressee=case.enterprise, case=case,
                 credit_code=case.credit_code, where=voided.organisation)  # fmt: skip


def items(cases: Iterable[Case], outcomes: Mapping[int, str] | None = None) -> dict[str, Any]:
    """A list of items, with how many enterprises and items it names."""
    rows = [
        {
            "nth": nth, "enterprise": one.enterprise, "credit_code": one.credit_code, "item": name_of(one),
            "card": one.card_number or NONE, "outcome": (outcomes or {}).get(one.pk, NONE),
            "why": "；".join(
                f"{row['name']}：{row['required']}/{row['held']}"
                for row in figures({r.requirement: r.told for r in one.requirements.filter(is_determined=True)})
            ) or NONE,
        }
        for nth, one in enumerate(cases, 1)
    ]  # fmt: skip
    return {"rows": rows, "enterprises": len({row["credit_code"] for row in rows}), "items_count": len(rows)}
