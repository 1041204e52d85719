"""Commands that prove the journal."""

from pathlib import Path
from typing import Annotated

import typer

from qualwatch.cli.command_line import Command, Group
from qualwatch.cli.database import with_database
from qualwatch.cli.options import ALL_READ, SOME_REJECTED
from qualwatch.cli.output import print_lines
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

journal_app = typer.Typer(cls=Group, rich_markup_mode=None, no_args_is_help=True, help=_n("日志"))
PackFolder = Annotated[Path, typer.Argument(metavar="PACK", help=_n("解开的证据包"))]
PublicKey = Annotated[str, typer.Option("--key", help=_n("机关公布的公钥（十六进制）"))]


@journal_app.command(cls=Command, help=_n("核对日志：有无改动、删除、插入、换序，时钟有无倒退"))
@with_database
def verify() -> int:
    """Prove that no journal entry was altered, removed, inserted or reordered.

    Says too where the clock of the entries runs back.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from django.conf import settings

    from qualwatch.journal.queries import backward_steps, faults

    seal = Ed25519PrivateKey.from_private_bytes(settings.SEAL_KEY)
    mismatches = list(faults(seal.public_key().public_bytes_raw().hex()))
    mismatches += backward_steps()
    return _result(mismatches) if mismatches else _intact(_("日志完好"))


@journal_app.command(cls=Command, help=_n("核对一个解开的证据包：文件、日志和封签是否原样"))
def check(folder: PackFolder, key: PublicKey = "") -> int:
    """Prove that an unpacked evidence pack is as it was written; needs no database."""
    from qualwatch.journal.proofs import faults_of_pack, not_yet_sealed

    mismatches = list(faults_of_pack(folder, key))
    if mismatches:
        return _result(mismatches)
    lines = [
        _("证据包完好")
        if key
        else _("证据包前后一致；要证明出自哪个机关，请用 --key 写明其公布的公钥")
    ]
    if count := not_yet_sealed(folder):
        lines.append(_("最后 {count} 条日志在末次封签之后，由下一次封签证明").format(count=count))
    return _intact(*lines)


def _result(mismatches: list[str]) -> int:
    print_lines(*mismatches, _("{count} 处不符").format(count=len(mismatches)))
    return SOME_REJECTED


def _intact(*lines: str) -> int:
    print_lines(*lines)
    return ALL_READ
