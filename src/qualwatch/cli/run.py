"""Assembles the command line.

Status: 0 all read; 3 rows were rejected; 2 nothing readable or an invalid command.
"""

import gc
import os
import sys
from importlib import import_module
from typing import Annotated, Any, Literal, NoReturn

import typer

from qualwatch.cli.command_line import Entry, LazyGroup, load_command, translate_help
from qualwatch.cli.failures import sentence_of
from qualwatch.cli.options import ALL_READ, FAILED
from qualwatch.privacy import hidden
from qualwatch.wording import gettext_noop as _n
from qualwatch.wording import set_language

COMMANDS = {
    "check": Entry("qualwatch.cli.check:check", _n("对照标准核查登记数据：每项资质的结论和原因")),
    "explain": Entry(
        "qualwatch.cli.questions:explain",
        _n("解释一家企业：每个指标、每个人，计入与否及原因；180 天内将要发生什么"),
    ),
    "whatif": Entry(
        "qualwatch.cli.questions:whatif", _n("假如有人离开、加入，或换一个等级，一家企业会怎样")
    ),
    "impact": Entry(
        "qualwatch.cli.questions:impact",
        _n("政策或标准改了，谁会转为不达标或达标，按监管地和资质"),
    ),
    "generate": Entry(
        "qualwatch.cli.generate:generate", _n("生成一个模拟省份的登记文件；种子相同，字节相同")
    ),
    "deadline": Entry("qualwatch.cli.deadline:deadline", _n("法定期间的最后一天，单独印在末行")),
    "standards": Entry(
        "qualwatch.cli.standards:standards_app", _n("标准：列表、查看、检查、覆盖情况")
    ),
    "import": Entry(
        "qualwatch.cli.office:import_delivery",
        _n("把一个来源的文件载入登记库：与已有的比对，整批生效或扣下"),
    ),
    "patrol": Entry(
        "qualwatch.cli.office:patrol",
        _n("跑完一天：核查、发牌、公布、封签日志；再跑一次什么也不多"),
    ),
    "propose": Entry(
        "qualwatch.cli.office:propose",
        _n("提出放行被扣下的载入、核查或推送，附证据；由另一人决定"),
    ),
    "evidence": Entry(
        "qualwatch.cli.office:evidence", _n("取出一件放行提议的证据；决定的人要先全部打开")
    ),
    "decide": Entry(
        "qualwatch.cli.office:decide",
        _n("签批（或拒绝）放行被扣下的载入、核查或推送；先由另一人提出"),
    ),
    "set-aside": Entry(
        "qualwatch.cli.office:set_aside",
        _n("把时钟有误时记录的巡查作废：一人提出，另一人签批"),
    ),
    "deliver": Entry(
        "qualwatch.cli.office:deliver", _n("发出待发的消息：邮件、短信、回调；不成的以后再发")
    ),
    "heartbeat": Entry(
        "qualwatch.cli.office:heartbeat",
        _n("上次巡查是哪一天；当天没有巡查时状态为 3，供监控"),
    ),
    "pack": Entry(
        "qualwatch.cli.office:pack",
        _n("写出一张红牌的证据包：当时的事实、标准、结论、人员、文书、送达、日志"),
    ),
    "law": Entry(
        "qualwatch.cli.law:law_app",
        _n("机关的日历、政策和标准：提出、预览、签批、导出"),
    ),
    "returns": Entry(
        "qualwatch.cli.oversight:returns",
        _n("一个季度谁应报送撤回汇总、谁已报送；有逾期未报时状态为 3"),
    ),
    "redraw": Entry("qualwatch.cli.oversight:redraw", _n("用记录的种子重抽一次抽查，与记录比对")),
    "journal": Entry("qualwatch.cli.journal:journal_app", _n("日志")),
    "manage": Entry(
        "qualwatch.cli.manage:manage",
        _n(
            "管理命令：prepare、create_officer、change_account、change_organisation、create_token、revoke_token、"
            "rotate_keys 和 Django 自带的"
        ),
        {
            "context_settings": {
                "allow_extra_args": True,
                "ignore_unknown_options": True,
                "help_option_names": [],
            }
        },
    ),
}
OPENING = _n(
    "资质动态预警：拿登记数据对照资质标准，每项资质达标还是不达标，为什么。\n\n"
    "先试：qualwatch check 登记文件夹 --as-of 2026-05-20\n\n"
    "办案的命令（import、patrol、decide 等）要先设 QUALWATCH_STATE，"
    "再运行 qualwatch manage prepare。英文界面：QUALWATCH_LANG=en。"
)
COMPLETING = "_QUALWATCH_COMPLETE"  # set by the shell when it asks for completions

IMPORTED_LATE = (
    "qualwatch.cli.registers",
    "qualwatch.evaluation.columnar",
    "qualwatch.evaluation.forecast",
    "qualwatch.evaluation.impact",
    "qualwatch.evaluation.whatif",
    "qualwatch.reports.comparison",
    "qualwatch.reports.csv_table",
    "qualwatch.reports.lines",
    "qualwatch.reports.page",
    "qualwatch.reports.standards",
    "qualwatch.reports.workbook",
)

app = typer.Typer(
    cls=LazyGroup, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)


def _show_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        print(f"qualwatch {version('qualwatch')}")
        raise typer.Exit


def _show_completion(shell: str | None) -> None:
    if shell:
        from typer._completion_shared import get_completion_script

        print(get_completion_script(prog_name="qualwatch", complete_var=COMPLETING, shell=shell))
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", is_eager=True, callback=_show_version, help=_n("显示版本")),
]
Completion = Annotated[
    Literal["bash", "zsh", "fish"] | None,
    typer.Option(
        "--completion",
        is_eager=True,
        callback=_show_completion,
        help=_n("印出这种 shell 的补全脚本，加到它的启动文件里"),
    ),
]


@app.callback(help=OPENING, no_args_is_help=True)
def qualwatch(version: Version = False, completion: Completion = None) -> None:
    """Options of the command itself."""


def main() -> NoReturn:
    """Runs the command; every foreseen failure is one sentence on standard error and status 2."""
    gc.disable()  # a command ends before its garbage matters; collecting costs a fifth of its time
    set_language(_language())
    try:
        status = _command()(prog_name="qualwatch", standalone_mode=False)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FAILED)
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        print(hidden(f"qualwatch: {sentence}"), file=sys.stderr)
        sys.exit(FAILED)
    sys.exit(status if isinstance(status, int) else ALL_READ)


def load_every_command() -> None:
    """Imports what the commands import when they are called; for processes that run many."""
    for name, entry in COMMANDS.items():
        load_command(name, entry)
    for module in IMPORTED_LATE:
        import_module(module)


def _command() -> Any:
    if COMPLETING in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
    group: Any = typer.main.get_command(app)
    group.entries = COMMANDS
    translate_help(group)
    return group


def _language() -> str:
    chosen = os.environ.get("QUALWATCH_LANG") or "zh"
    return "en" if chosen.lower().startswith("en") else "zh"
