"""The commands put together. Status: 0 all read; 3 rows were rejected; 2 nothing readable or wrong words."""

import gc
import os
import sys
from typing import Any, NoReturn

import typer

from qualwatch.cli import asking, checking, law, office, oversight
from qualwatch.cli.options import ALL_READ, WRONG, WrongWords
from qualwatch.evaluation.law_tables import CannotRunAsSql
from qualwatch.evaluation.sessions import NoSpark
from qualwatch.intake.problems import NothingReadable
from qualwatch.law.policy import NoPolicyYet
from qualwatch.law.texts_on_disk import LawError
from qualwatch.privacy import hidden
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n
from qualwatch.wording import speak

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command(help=_n("对照标准核查登记数据：每项资质的结论和原因"))(checking.check)
app.command(help=_n("解释一家企业：每个指标、每个人，计入与否及原因；180 天内将要发生什么"))(
    asking.explain
)
app.command(help=_n("假如有人离开、加入，或换一个等级，一家企业会怎样"))(asking.whatif)
app.command(help=_n("政策或标准改了，谁会转为不达标或达标，按监管地和资质"))(asking.impact)
app.command(help=_n("生成一个虚构的省的登记文件；种子相同，字节相同"))(law.generate)
app.command(help=_n("法定期间的最后一天，单独印在末行"))(law.deadline)
app.command("import", help=_n("把一个来源的文件载入登记库：与已有的比对，整批生效或扣下"))(
    office.import_delivery
)
app.command(help=_n("跑完一天：核查、发牌、公布、封签日志；再跑一次什么也不多"))(office.patrol)
app.command(help=_n("放行（或拒绝）被扣下的载入或核查；谁发起的谁不能放行"))(office.decide)
app.command(help=_n("发出待发的消息：邮件、短信、回调；不成的以后再发"))(office.deliver)
app.command(help=_n("上次巡查是哪一天；当天没有巡查时状态为 3，供监控"))(office.heartbeat)
app.command(help=_n("写出一张红牌的证据包：当时的事实、标准、结论、人员、文书、送达、日志"))(
    office.pack
)
app.command(help=_n("一个季度谁应报送撤回汇总、谁已报送；有逾期未报时状态为 3"))(oversight.returns)
app.command(help=_n("用记录的种子重抽一次抽查，与记录比对"))(oversight.redraw)
app.command(
    help=_n("Django 的管理命令，以及 prepare、create_officer、create_token、rotate_keys"),
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    },
)(office.manage)
app.add_typer(office.journal_app, name="journal")
app.add_typer(law.standards_app, name="standards")


def main() -> NoReturn:
    """Runs the command; every foreseen failure is one sentence on standard error and status 2."""
    gc.disable()  # a command ends before its garbage matters; collecting among a million rows costs a fifth of its time
    speak(_language())
    try:
        command = typer.main.get_command(app)
        _translate_help(command)
        status = command(prog_name="qualwatch", standalone_mode=False)
    except CannotRunAsSql:
        _fail(_("这份政策 duckdb 引擎表达不了，请加 --engine reference"))
    except NoSpark as error:
        _fail(_("Spark Connect 用不了：{reason}").format(reason=error))
    except (WrongWords, NothingReadable, NoPolicyYet) as error:
        _fail(str(error))
    except LawError as error:
        more = _("（另有 {count} 处，见 qualwatch standards lint）").format(
            count=len(error.problems) - 1
        )
        _fail(str(error.problems[0]) + (more if len(error.problems) > 1 else ""))
    except typer.Abort:
        _fail(_("已中止"))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(WRONG)
    except Exception as error:
        message = getattr(error, "format_message", None)  # the words of the command line itself
        if message is None:
            raise
        text = message()
        _fail(
            _("请写明命令，见 qualwatch --help")
            if text.startswith("Usage:")
            else _("命令有误：{text}").format(text=text)
        )
    sys.exit(status if isinstance(status, int) else ALL_READ)


def _translate_help(command: Any) -> None:
    """Help texts stand in the source language; said in the chosen one when the command runs."""
    for part in (command, *command.params):
        if getattr(part, "help", None):
            part.help = _(part.help)
    for inner in getattr(command, "commands", {}).values():
        _translate_help(inner)


def _language() -> str:
    wanted = os.environ.get("QUALWATCH_LANG") or "zh"
    return "en" if wanted.lower().startswith("en") else "zh"


def _fail(sentence: str) -> NoReturn:
    print(hidden(f"qualwatch: {sentence}"), file=sys.stderr)
    sys.exit(WRONG)
