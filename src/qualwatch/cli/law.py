"""Calendar, policy and standards of the office: listed, previewed, proposed, signed, exported."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qualwatch.cli.command_line import Command, Group
from qualwatch.cli.database import check_account, now, office_law, with_database
from qualwatch.cli.options import ALL_READ, InvalidCommand, PasswordFromStdin, read_day
from qualwatch.cli.output import print_lines
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

if TYPE_CHECKING:
    from qualwatch.accounts.models import Account
    from qualwatch.legal_texts.models import LegalText
    from qualwatch.patrol.legal_texts import Preview

law_app = typer.Typer(
    cls=Group,
    rich_markup_mode=None,
    no_args_is_help=True,
    help=_n("机关的日历、政策和标准：提出、预览、签批、导出"),
)
TextFile = Annotated[Path, typer.Argument(metavar="FILE", help=_n("日历、政策或标准文件（YAML）"))]
TextNumber = Annotated[int, typer.Argument(metavar="NUMBER", help=_n("law list 列出的编号"))]
ExportFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help=_n("写到这个新文件夹"))]
FirstDay = Annotated[
    date | None,
    typer.Option(
        "--from",
        parser=read_day,
        metavar="DAY",
        help=_n("自哪一天起施行；不写时是今天，政策以文件所写为准"),
    ),
]
Proposer = Annotated[str, typer.Option("--by", help=_n("经办人的账号名；会问密码"))]
Signer = Annotated[str, typer.Option("--by", help=_n("审核人的账号名；会问密码"))]
Because = Annotated[str, typer.Option("--because", help=_n("依据和理由"))]
MAX_LINES = 50  # of a preview
KINDS = {"calendar": _n("日历"), "policy": _n("政策"), "standard": _n("标准")}
STATES = {"proposed": _n("待签批"), "signed": _n("已签批"), "refused": _n("已退回")}


@law_app.command("list", cls=Command, help=_n("列出载入过的日历、政策和标准"))
@with_database
def list_texts() -> int:
    """Every loaded text, and the digest of the law in force today."""
    from qualwatch.legal_texts.models import LegalText

    for text in LegalText.objects.order_by("pk").defer("text"):
        print_lines(_text_line(text))
    law = office_law()
    print_lines(
        _("今日施行的标准、政策和日历：{digest}").format(digest=law.digest),
        _("其中日历版本：{version}").format(version=law.calendar.version),
    )
    return ALL_READ


@law_app.command(cls=Command, help=_n("检查一个文件，预览哪些期限、哪些结论会变；什么也不写"))
@with_database
def preview(file: TextFile, first_day: FirstDay = None) -> int:
    """What a file would change: every open deadline that moves, every finding that turns."""
    from qualwatch.patrol.legal_texts import preview_of

    _print_preview(preview_of(_checked(file, first_day), now()))
    return ALL_READ


@law_app.command(cls=Command, help=_n("提出一个日历、政策或标准文件，由另一人签批"))
@with_database
def propose(
    file: TextFile,
    by: Proposer,
    because: Because,
    first_day: FirstDay = None,
    password_from_stdin: PasswordFromStdin = False,
) -> int:
    """Propose a file, with the preview on record."""
    from qualwatch.patrol import legal_texts

    account = _account(by, "propose-law", password_from_stdin)
    text = _checked(file, first_day)
    proposed, shown = legal_texts.propose(text=text, because=because, by=account, at=now())
    _print_preview(shown)
    print_lines(_text_line(proposed))
    return ALL_READ


@law_app.command(cls=Command, help=_n("签批前阅读：全文、与现行的不同、会变的期限和结论；记录在案"))
@with_database
def show(number: TextNumber, by: Signer, password_from_stdin: PasswordFromStdin = False) -> int:
    """Show who signs a text all that it is and changes; `sign` requires it."""
    from qualwatch.legal_texts.models import LegalText
    from qualwatch.patrol import legal_texts

    account = _account(by, "sign-law", password_from_stdin)
    text = LegalText.objects.get(pk=number)
    reading = legal_texts.show(text=text, by=account, at=now())
    print_lines(
        _text_line(text),
        _("{who} 提出：{because}").format(who=text.proposed_by, because=text.because),
    )
    print_lines("", _("全文："), *text.text.splitlines())
    print_lines("", _("与现行的不同："), *(reading.differences or [_("没有")]), "")
    _print_preview(reading.preview, at_most=None)
    print_lines(_("已记录 {name} 阅读：{digest}").format(name=by, digest=reading.digest))
    return ALL_READ


@law_app.command(cls=Command, help=_n("签批：自其生效日起施行；谁提出的谁不能签"))
@with_database
def sign(
    number: TextNumber, by: Signer, because: Because, password_from_stdin: PasswordFromStdin = False
) -> int:
    """Put a proposed text in force from its day."""
    from qualwatch.legal_texts.models import LegalText
    from qualwatch.patrol import legal_texts

    account = _account(by, "sign-law", password_from_stdin)
    text = LegalText.objects.get(pk=number)
    signed, moved = legal_texts.sign(text=text, by=account, at=now(), because=because)
    print_lines(_text_line(signed))
    if moved:
        print_lines(_("期限顺延：{count}").format(count=moved))
    return ALL_READ


@law_app.command(cls=Command, help=_n("退回"))
@with_database
def refuse(
    number: TextNumber, by: Signer, because: Because, password_from_stdin: PasswordFromStdin = False
) -> int:
    """Refuse a proposed text."""
    from qualwatch.legal_texts.actions import refuse_text
    from qualwatch.legal_texts.models import LegalText

    account = _account(by, "sign-law", password_from_stdin)
    text = LegalText.objects.get(pk=number)
    print_lines(_text_line(refuse_text(text=text, by=account, at=now(), because=because)))
    return ALL_READ


@law_app.command(
    cls=Command, help=_n("把今日施行的标准、政策和日历写成一个文件夹，供其他命令的 --law 使用")
)
@with_database
def export(folder: ExportFolder) -> int:
    """Write the law in force as a folder, for commands that work without a database."""
    if folder.exists():
        raise InvalidCommand(_("{path} 已经存在，请换一个文件名").format(path=folder))
    law = office_law()
    for name, path in sorted(law.files.items()):
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    print_lines(
        _("已写 {path}，{count} 个文件").format(path=folder, count=len(law.files)), law.digest
    )
    return ALL_READ


def _checked(file: Path, first_day: date | None) -> "LegalText":
    """The file without faults; InvalidCommand with every fault printed."""
    from django.utils import timezone

    from qualwatch.law.texts_on_disk import LawError
    from qualwatch.legal_texts.actions import SubmittedText, check_text

    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidCommand(_("文件不存在或打不开：{path}").format(path=file)) from error
    try:
        submitted = SubmittedText(file.name, content, first_day)
        return check_text(submitted, timezone.localdate(now()))
    except LawError as error:
        print_lines(*map(str, error.problems))
        raise InvalidCommand(_("{count} 处错误").format(count=len(error.problems))) from error


def _account(by: str, capability: str, password_from_stdin: bool) -> "Account":
    from qualwatch.accounts.models import Account

    check_account(by, capability, password_from_stdin=password_from_stdin)
    return Account.objects.get(username=by)


def _text_line(text: "LegalText") -> str:
    return _("第 {number} 号 {kind}，自 {day} 起施行，{state}，{digest}").format(
        number=text.pk,
        kind=_(KINDS[text.kind]),
        day=text.in_force_from,
        state=_(STATES[text.state]),
        digest=text.sha256,
    )


def _print_preview(shown: "Preview", at_most: int | None = MAX_LINES) -> None:
    """`at_most`: deadlines, and findings, that are listed; None: all."""
    from qualwatch.patrol.legal_texts import deadline_line
    from qualwatch.reports.labels import VERDICTS, label_of

    print_lines(*(deadline_line(change) for change in shown.deadlines[:at_most]))
    print_lines(
        _("期限顺延 {moved} 个，由暂定转为确定 {settled} 个").format(
            moved=len(shown.moved), settled=len(shown.deadlines) - len(shown.moved)
        )
    )
    if shown.judged_on is None:
        return
    for turn in shown.findings[:at_most]:
        finding = turn.either
        before, after = (
            label_of(VERDICTS, row.verdict) if row else _("不考核")
            for row in (turn.before, turn.after)
        )
        print_lines(
            f"{finding.credit_code}\t{finding.category}\t{finding.requirement}\t{before}\t{after}"
        )
    print_lines(
        _("按 {day} 的登记，结论改变 {count} 个；已开始的期间不变").format(
            day=shown.judged_on, count=len(shown.findings)
        )
    )
