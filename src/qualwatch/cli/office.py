"""The commands of the office's memory: they need its database."""

import getpass
import os
import sys
from calendar import monthrange
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import typer

from qualwatch.cli.options import (
    ALL_READ,
    SOME_REJECTED,
    Day,
    LawFolder,
    PolicyFile,
    Steps,
    WrongWords,
    console,
    day_param,
)
from qualwatch.config import make_ready
from qualwatch.evaluation.findings import VERDICTS
from qualwatch.law.loader import load_law
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

By = Annotated[str, typer.Option("--by", help=_n("谁做的（账号名）；不写时是系统用户名"))]
Because = Annotated[str, typer.Option("--because", help=_n("理由"))]
LOAD_COUNTS = (
    "read",
    "accepted",
    "rejected",
    "rows",
    "added",
    "changed",
    "unchanged",
    "gone",
    "source_still_differs",
)
SHOWN = 10  # days named one by one
P = ParamSpec("P")


def _now() -> datetime:
    from django.utils import timezone  # Django is loaded only for these commands

    return timezone.now()


def _who(by: str) -> str:
    return by or f"cli:{os.environ.get('USER') or os.environ.get('LOGNAME') or os.getuid()}"


def with_database(command: Callable[P, int]) -> Callable[P, int]:
    """Django made ready, the database prepared; what the rooms refuse is one sentence."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> int:
        make_ready()
        with _one_sentence():
            _check_prepared()
            return command(*args, **kwargs)

    return run


@contextmanager
def _one_sentence() -> Iterator[None]:
    from django.core.exceptions import ObjectDoesNotExist
    from django.db import DatabaseError

    from qualwatch.accounts.actions import CannotMakeAccount
    from qualwatch.archive.actions import Damaged
    from qualwatch.assessments.actions import CannotAssess
    from qualwatch.cases.competence import NotCompetent
    from qualwatch.cases.evidence_packs.pack import CannotPack
    from qualwatch.registers.corrections import CannotCorrect
    from qualwatch.registers.loads import CannotDecide
    from qualwatch.registers.sources import UnknownSource

    try:
        yield
    except UnknownSource as error:
        raise WrongWords(_("没有这个来源；有 {sources}").format(sources=error)) from error
    except Damaged as error:
        raise WrongWords(_("存档的文件缺失或被改动：{sha256}").format(sha256=error)) from error
    except (
        CannotAssess,
        CannotCorrect,
        CannotDecide,
        CannotMakeAccount,
        CannotPack,
        NotCompetent,
    ) as error:
        raise WrongWords(str(error)) from error
    except ObjectDoesNotExist as error:
        raise WrongWords(_("没有这条记录：{error}").format(error=error)) from error
    except DatabaseError as error:
        raise WrongWords(
            _("数据库用不了：{error}").format(error=str(error).splitlines()[0])
        ) from error


def _check_prepared() -> None:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise WrongWords(_("数据库还没有准备好，先运行 qualwatch manage prepare"))


@with_database
def import_delivery(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=_n("来源，如 practitioners"))],
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help=_n("登记文件"))],
    as_of: Day = None,
    covers: Annotated[
        str, typer.Option("--covers", help=_n("社保覆盖的月份，如 2026-01..2026-03"))
    ] = "",
    delta: Annotated[bool, typer.Option("--delta", help=_n("只有变更，不是全量"))] = False,
    by: By = "",
    law: LawFolder = None,
) -> int:
    """Take a source's files into the registers: compared with what is on record, applied whole or held."""
    from qualwatch.registers.loads import Delivery
    from qualwatch.registers.loads import import_delivery as take

    texts, day = load_law(law), day_param(as_of)
    months = _months(covers)
    named = {file.name: file for file in files}
    if len(named) < len(files):
        raise WrongWords(_("两个文件同名"))
    with Steps() as steps:
        delivery = Delivery(source, named, day, False if delta else None, months, steps.reading)
        load = take(delivery=delivery, law=texts, by=_who(by), at=_now())
    states = {
        "released": _n("已载入"),
        "held": _n("已扣下，等审核放行"),
        "rejected": _n("已拒绝"),
        "unchanged": _n("没有变化"),
    }
    sentence = _("第 {number} 次载入，{source}，{day}：{state}")
    lines = [
        sentence.format(number=load.pk, source=source, day=load.as_of, state=_(states[load.state]))
    ]
    lines += [load.because] if load.because else []
    for table, counts in sorted(load.counts.items()):
        lines.append(
            f"  {table}: "
            + ", ".join(f"{name} {counts[name]}" for name in LOAD_COUNTS if name in counts)
        )
    _say(*lines)
    rejected = sum(counts.get("rejected", 0) for counts in load.counts.values())
    return SOME_REJECTED if rejected or load.state == "held" else ALL_READ


@with_database
def patrol(
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help=_n("哪一天，YYYY-MM-DD"))
    ] = None,
    by: By = "",
    law: LawFolder = None,
    policy: PolicyFile = None,
) -> int:
    """Run a day: assess it, deal with its cards, publish, seal the journal. Running it again adds nothing."""
    from qualwatch.patrol.days import missed_days, run_day

    if on is None:
        raise WrongWords(_("请用 --on 写明哪一天，如 --on 2026-05-20"))
    missed = missed_days(on.date())
    done = run_day(day=on.date(), law=load_law(law, policy), by=_who(by), at=_now())
    run = done.run
    told = {"number": run.pk, "day": run.as_of, "because": run.because}
    held, recorded = (
        _("第 {number} 次核查，{day}：已扣下（{because}），等审核放行"),
        _("第 {number} 次核查，{day}：已记录"),
    )
    counts = [f"  {name}: {run.counts[name]}" for name in ("enterprises", "anomalies", "newly")]
    counts += [f"  {verdict}: {run.counts['findings'].get(verdict, 0)}" for verdict in VERDICTS]
    if missed:
        counts.append(
            _("  上次巡查后有 {count} 天没有巡查：{days}").format(
                count=len(missed), days="、".join(map(str, missed[:SHOWN]))
            )
        )
    counts += [f"  {name}: {count}" for name, count in sorted(done.cases.items()) if count]
    _say((held if run.state == "held" else recorded).format(**told), *counts)
    return SOME_REJECTED if run.state == "held" else ALL_READ


@with_database
def decide(
    what: Annotated[str, typer.Argument(metavar="load|run", help=_n("载入还是核查"))],
    number: Annotated[int, typer.Argument(metavar="NUMBER", help=_n("第几次"))],
    by: Annotated[str, typer.Option("--by", help=_n("审核人的账号名；会问密码"))],
    because: Because,
    refuse: Annotated[bool, typer.Option("--refuse", help=_n("拒绝而不是放行"))] = False,
    password_from_stdin: Annotated[
        bool, typer.Option("--password-from-stdin", help=_n("密码从标准输入读"))
    ] = False,
    law: LawFolder = None,
    policy: PolicyFile = None,
) -> int:
    """Release (or refuse) what a guard held; whoever began it may not."""
    from qualwatch.assessments.actions import reject_run
    from qualwatch.assessments.models import Run
    from qualwatch.patrol.days import release_held_run
    from qualwatch.registers.loads import reject, release
    from qualwatch.registers.models import Load

    if what not in ("load", "run"):
        raise WrongWords(_("写 load 或 run"))
    _check_reviewer(by, f"release-{what}s", password_from_stdin)
    texts = load_law(law, policy)
    told: dict[str, Any] = {"by": by, "at": _now(), "because": because}
    lines: list[str] = []
    if what == "load":
        load = Load.objects.get(pk=number)
        state = (
            reject(load=load, **told).state
            if refuse
            else release(load=load, law=texts, **told).state
        )
    else:
        run = Run.objects.get(pk=number)
        if refuse:
            state = reject_run(run=run, **told).state
        else:
            done = release_held_run(run=run, law=texts, **told)
            state = done.run.state
            lines = [f"  {name}: {count}" for name, count in sorted(done.cases.items()) if count]
    _say(state, *lines)
    return ALL_READ


@with_database
def heartbeat(
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help=_n("哪一天，YYYY-MM-DD"))
    ] = None,
) -> int:
    """Say when the last patrol was done; status 3 where it is missing for the day: for whatever watches the office."""
    from django.utils import timezone

    from qualwatch.outbox.actions import waiting_since
    from qualwatch.patrol.days import last_patrol

    day = on.date() if on else timezone.localdate()
    last, oldest = last_patrol(day), waiting_since(_now())
    _say(
        _("上次巡查：{day}").format(day=last.day) if last else _("还没有巡查过"),
        _("待发消息最早的一条：{at}").format(at=oldest.isoformat(timespec="minutes"))
        if oldest
        else _("没有待发的消息"),
    )
    return ALL_READ if last and last.day == day else SOME_REJECTED


@with_database
def deliver(
    at_most: Annotated[int, typer.Option("--at-most", help=_n("最多发多少条"))] = 1000,
) -> int:
    """Send what waits in the outbox: e-mail, text messages, the hook. What fails is tried again, later each time."""
    from qualwatch.cases.notices.notify import record_sent
    from qualwatch.outbox.actions import deliver as send_all
    from qualwatch.outbox.channels import send

    sent, failed = send_all(send=send, at=_now(), at_most=at_most, noted=record_sent, clock=_now)
    _say(_("已发 {sent} 条，未成 {failed} 条").format(sent=sent, failed=failed))
    return SOME_REJECTED if failed else ALL_READ


@with_database
def pack(
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help=_n("红牌编号，如 晋红〔2026〕1号"))
    ],
    by: Annotated[str, typer.Option("--by", help=_n("经办人的账号名；会问密码"))],
    output: Annotated[Path, typer.Option("--output", help=_n("写到这个 .zip 文件"))],
    password_from_stdin: Annotated[
        bool, typer.Option("--password-from-stdin", help=_n("密码从标准输入读"))
    ] = False,
) -> int:
    """Write the evidence pack of a red card: facts, law, findings, people, documents, services, journal, checksums."""
    from qualwatch.accounts.models import Account
    from qualwatch.cases.evidence_packs.pack import evidence_pack

    _check_reviewer(by, "read-cases", password_from_stdin)
    if output.exists():
        raise WrongWords(_("{path} 已经存在，请换一个文件名").format(path=output))
    told = evidence_pack(card_number=number, by=Account.objects.get(username=by), at=_now())
    beside = output.with_name(f".{output.name}.part")
    try:
        beside.write_bytes(told)
        beside.replace(output)
    except OSError as error:
        raise WrongWords(
            _("{path} 写不进去：{reason}").format(path=output, reason=error.strerror)
        ) from error
    _say(_("已写 {path}，{size} 字节").format(path=output, size=len(told)))
    return ALL_READ


def _check_reviewer(by: str, capability: str, password_from_stdin: bool) -> None:
    """The account is a reviewer's, and who types is its owner."""
    from qualwatch.accounts.models import Account
    from qualwatch.accounts.queries import may

    password = (
        sys.stdin.readline().rstrip("\n") if password_from_stdin else getpass.getpass(_("密码："))
    )
    account = Account.objects.filter(username=by).first()
    if account is None or not account.check_password(password):
        raise WrongWords(_("账号或密码不对"))
    if not may(account, capability):
        raise WrongWords(_("账号 {name} 没有这个权限").format(name=by))


journal_app = typer.Typer(no_args_is_help=True, help=_n("日志"))


@journal_app.command(help=_n("核对日志：有无改动、删除、插入或换序"))
@with_database
def verify() -> int:
    """Prove that nothing in the journal was altered, removed, inserted or put in another order."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from django.conf import settings

    from qualwatch.journal.queries import faults

    key = (
        Ed25519PrivateKey.from_private_bytes(settings.SEAL_KEY)
        .public_key()
        .public_bytes_raw()
        .hex()
    )
    found = list(faults(key))
    _say(*found, _("日志完好") if not found else _("{count} 处不符").format(count=len(found)))
    return ALL_READ if not found else SOME_REJECTED


@journal_app.command(help=_n("核对一个解开的证据包：文件、日志和封签是否原样"))
def check(
    folder: Annotated[Path, typer.Argument(metavar="PACK", help=_n("解开的证据包"))],
    key: Annotated[str, typer.Option("--key", help=_n("机关公布的公钥（十六进制）"))] = "",
) -> int:
    """Prove that an unpacked evidence pack is as it was written; needs no database."""
    from qualwatch.journal.proofs import faults_of_pack, not_yet_sealed

    found = faults_of_pack(folder, key)
    if found:
        _say(*found, _("{count} 处不符").format(count=len(found)))
        return SOME_REJECTED
    said = [
        _("证据包完好")
        if key
        else _("证据包前后一致；要证明出自哪个机关，请用 --key 写明其公布的公钥")
    ]
    if count := not_yet_sealed(folder):
        said.append(_("最后 {count} 条日志在末次封签之后，由下一次封签证明").format(count=count))
    _say(*said)
    return ALL_READ


def manage(context: typer.Context) -> int:
    """Django's own commands, and `prepare`, `create_officer`, `create_token`, `rotate_keys`."""
    make_ready()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["qualwatch manage", *context.args])
    return ALL_READ


def _say(*lines: str) -> None:
    with console(None) as shown:
        for line in lines:
            shown.print(line)


def _months(text: str) -> tuple[date, date] | None:
    if not text:
        return None
    first, dots, last = text.partition("..")
    try:
        start, end = (date.fromisoformat(f"{one}-01") for one in (first, last if dots else first))
        end = end.replace(day=monthrange(end.year, end.month)[1])
    except ValueError as error:
        raise WrongWords(_("覆盖的月份写作 2026-01..2026-03")) from error
    if end < start:
        raise WrongWords(_("覆盖的月份写作 2026-01..2026-03"))
    return start, end
