"""Commands that prove the journal and evidence packs, and show the keys that sign them."""

from pathlib import Path
from typing import Annotated

import typer

from qualwatch.cli.command_line import Command, Group
from qualwatch.cli.database import now, with_database
from qualwatch.cli.options import ALL_READ, SOME_REJECTED, InvalidCommand
from qualwatch.cli.output import print_lines
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

journal_app = typer.Typer(cls=Group, rich_markup_mode=None, no_args_is_help=True, help=_n("日志"))
PackPath = Annotated[
    Path, typer.Argument(metavar="PACK", help=_n("证据包（.zip），或解开的文件夹"))
]
PublicKeys = Annotated[
    list[str] | None,
    typer.Option("--key", help=_n("机关公布的公钥：十六进制，或存有公钥的文件；可写多次")),
]
CardNumber = Annotated[str, typer.Option("--card", help=_n("应是哪张红牌的证据包"))]
AsPem = Annotated[bool, typer.Option("--pem", help=_n("写成 openssl 能读的 PEM"))]


@journal_app.command(cls=Command, help=_n("核对日志：有无改动、删除、插入、换序，时钟有无倒退"))
@with_database
def verify() -> int:
    """Prove that no journal entry was altered, removed, inserted or reordered.

    Says too where the clock of the entries runs back.
    """
    from qualwatch.journal.keys import public_keys
    from qualwatch.journal.queries import backward_steps, faults

    mismatches = [*faults(*public_keys()), *backward_steps()]
    return _result(mismatches) if mismatches else _intact(_("日志完好"))


@journal_app.command(cls=Command, help=_n("核对证据包：签名、文件、日志和封签是否原样"))
def check(pack: PackPath, key: PublicKeys = None, card: CardNumber = "") -> int:
    """Prove that an evidence pack is as the office made it; needs no database."""
    from qualwatch.journal.packs import BadKey, check_pack, read_public_keys

    try:
        public_keys = [public_key for text in key or () for public_key in read_public_keys(text)]
    except BadKey as error:
        raise InvalidCommand(str(error)) from error
    result = check_pack(pack, public_keys, card=card)
    if result.faults:
        return _result(list(result.faults))
    lines = [
        _("证据包完好：红牌 {card}，{enterprise}，{day} 制作").format(
            card=result.card, enterprise=result.enterprise, day=result.made_on
        )
    ]
    if result.unsealed:
        text = _("最后 {count} 条日志在末次封签之后，由证据包的签名证明")
        lines.append(text.format(count=result.unsealed))
    return _intact(*lines)


@journal_app.command("key", cls=Command, help=_n("列出封签和证据包的公钥，及其使用的日期"))
@with_database
def show_keys(pem: AsPem = False) -> int:
    """List the public keys that sign seals and packs, the newest first."""
    from django.utils import timezone

    from qualwatch.journal.keys import signing_keys
    from qualwatch.publication.keys import pem_of

    for key in reversed(signing_keys(timezone.localdate(now()))):
        line = _("公钥 {number}：{first} 至 {last}").format(
            number=key.number, first=key.used_from, last=key.used_until or _("今")
        )
        print_lines(line, pem_of(key.public_key).strip() if pem else key.public_key)
    return ALL_READ


@journal_app.command(cls=Command, help=_n("换一把封签和证据包的签名密钥；旧公钥仍留用"))
@with_database
def replace_key() -> int:
    """Replace the key that signs; packs and seals of the former one stay valid."""
    from django.conf import settings
    from django.db import transaction
    from django.utils import timezone

    from qualwatch.config.keys import is_in_environment, prepare_seal_key, switch_seal_key
    from qualwatch.journal.actions import record
    from qualwatch.journal.keys import current_public_key, public_key_of, public_keys
    from qualwatch.journal.proofs import key_number
    from qualwatch.journal.queries import is_recorded
    from qualwatch.patrol.signing_keys import publish_signing_keys

    former = current_public_key()
    if is_in_environment():
        text = _("密钥在 QUALWATCH_KEYS 里：请把 {key} 加到其 former_seals 末尾，再换 seal")
        raise InvalidCommand(text.format(key=former))
    at = now()
    # Nothing signs with a key that is not on record: what fails, or is cut off, after any of the
    # three steps leaves the former key in use, and the command, run again, goes on with the same.
    seed = prepare_seal_key(settings.STATE)
    new = public_key_of(seed)
    with transaction.atomic():
        on = timezone.localdate(at)
        publish_signing_keys(on=on, at=at, keys=[*public_keys(), new])
        details = {"former": former, "new": new}
        if not is_recorded("keys", "seal-key-replaced", details):
            record(
                stream="keys", by="replace-key", at=at, what="seal-key-replaced", details=details
            )
    switch_seal_key(settings.STATE, seed, former)
    print_lines(_("现在用公钥 {number} 签名：{key}").format(number=key_number(new), key=new))
    return ALL_READ


def _result(mismatches: list[str]) -> int:
    print_lines(*mismatches, _("{count} 处不符").format(count=len(mismatches)))
    return SOME_REJECTED


def _intact(*lines: str) -> int:
    print_lines(*lines)
    return ALL_READ
