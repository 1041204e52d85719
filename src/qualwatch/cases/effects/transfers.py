"""Letters that hand a case over with its papers, to another authority or out of the province."""

from qualwatch.accounts.queries import organisation
from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import competent_for
from qualwatch.cases.course.withdrawal_rows import open_or_decided
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.evidence_list import Evidence, evidence_on_file, evidence_rows
from qualwatch.cases.documents.kinds import day
from qualwatch.cases.documents.service import open_serve_task, serve_on_authority
from qualwatch.cases.models import Case, Document
from qualwatch.procedure.state import STEPS
from qualwatch.registers.facts import resolved_rows
from qualwatch.registers.models import EnterpriseRow
from qualwatch.wording import gettext_noop as _n  # documents are Chinese

WITHIN = _n("资质（注册地）的管理权限已转由你单位行使")
OUTSIDE = _n("企业迁出山西省")
RECEIVER = _n("{place}住房城乡建设主管部门")
UNKNOWN_PLACE = _n("迁入地")
YELLOW = _n("黄牌预警，自{since}起，整改期限至{until}。")
RED = _n("红牌预警（{card}），{published}公布，")
ORDER_SERVED = _n("责令限期整改通知书于{served}送达，红牌期至{until}。")
ORDER_NOT_SERVED = _n("责令限期整改通知书尚未送达。")
WITHDRAWAL = _n("撤回程序已于{opened}提出，进行到：{step}。")
PAPER = _n("《{title}》（{number}）")


def hand_over_within(case: Case, sender: str, ctx: ActContext) -> Document:
    """The letter of the authority that was competent to the one that is now."""
    receiver = competent_for(case)
    document = _issue(case, case.state, WITHIN, sender, organisation(receiver).name, ctx)
    serve_on_authority(document, receiver, ctx)
    return document


def hand_over_outside(case: Case, state: str, ctx: ActContext) -> Document:
    """The letter to the authority of another province, of a case that its move has closed.

    state: of the case before it was closed.
    """
    place = _other_province(case.credit_code, ctx)
    receiver = RECEIVER.format(place=place or UNKNOWN_PLACE)
    document = _issue(case, state, OUTSIDE, competent_for(case), receiver, ctx)
    open_serve_task(document, ctx)
    return document


def _issue(
    case: Case, state: str, moved: str, sender: str, receiver: str, ctx: ActContext
) -> Document:
    figures = issuing.decided_figures(case) or issuing.warned_figures(
        case.requirements.filter(recovered_on=None).order_by("pk")
    )
    shown = issuing.shown_figures(case, figures, ctx)
    values = {
        **issuing.about(case),
        "requirements": [*shown["requirements"], *shown["found"]],
        "people": shown["people"],
        "moved": moved,
        "state": _state_text(case, state),
        "papers": evidence_rows(_papers(case, issuing.runs_of(figures))),
    }
    return issuing.issue(
        "transfer-letter", ctx, values=values, addressee=receiver, case=case, authority=sender
    )


def _state_text(case: Case, state: str) -> str:
    """How far the case has come, with its days."""
    if state == "yellow":
        rows = list(case.requirements.filter(recovered_on=None))
        since = min((row.pushed_on for row in rows), default=case.opened_on)
        until = case.extended_until or max((row.ends_on for row in rows), default=None)
        return YELLOW.format(since=day(since), until=day(until))
    text = RED.format(card=case.card_number, published=day(case.published_on))
    if case.order_served_on is None:
        text += ORDER_NOT_SERVED
    else:
        text += ORDER_SERVED.format(served=day(case.order_served_on), until=day(case.red_ends_on))
    withdrawal = open_or_decided(case)
    if withdrawal is not None:
        opened, step = day(withdrawal.opened_on), STEPS[withdrawal.stage]
        text += WITHDRAWAL.format(opened=opened, step=step)
    return text


def _papers(case: Case, runs: set[int]) -> list[Evidence]:
    """The documents issued in the case, and its evidence."""
    documents = Document.objects.filter(case=case, voided_on=None).select_related("file")
    issued = [
        Evidence(PAPER.format(title=row.title, number=row.number), row.issued_on, row.file.sha256)
        for row in documents.order_by("pk")
    ]
    return issued + evidence_on_file(case, withdrawal=open_or_decided(case), runs=runs)


def _other_province(credit_code: str, ctx: ActContext) -> str:
    """The name of the province where the registers have the enterprise now; '' where unknown."""
    rows = resolved_rows(EnterpriseRow, ("division_code",), credit_code=credit_code)
    codes = [str(division or "")[:2] for (division,) in rows]
    names = [ctx.law.divisions.other_provinces.get(code, "") for code in codes]
    return next(filter(None, names), "")
