"""Commands that need the office's database: Django made ready, the database checked."""

import getpass
import os
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

from qualwatch.cli.options import InvalidCommand
from qualwatch.config import load_office
from qualwatch.wording import gettext as _

if TYPE_CHECKING:
    from qualwatch.law.loader import Law

P = ParamSpec("P")


def with_database(command: Callable[P, int]) -> Callable[P, int]:
    """A command that runs with Django ready and the database prepared.

    Raises NotReady, or InvalidCommand where `manage prepare` has to be run first.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> int:
        load_office()
        check_prepared()
        return command(*args, **kwargs)

    return run


def check_prepared() -> None:
    """Raises InvalidCommand where the tables are missing or not of this release."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    is_missing = connection.vendor == "sqlite" and not _sqlite_file_exists()
    executor = None if is_missing else MigrationExecutor(connection)
    if executor is None or executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise InvalidCommand(_("数据库还没有准备好，先运行 qualwatch manage prepare"))


def _sqlite_file_exists() -> bool:
    """Connecting would create the file."""
    from django.db import connection

    name = str(connection.settings_dict["NAME"])
    return "memory" in name or Path(name).is_file()


def now() -> datetime:
    """The moment now: commands may read the clock."""
    from django.utils import timezone  # Django is loaded only for these commands

    return timezone.now()


def office_law() -> "Law":
    """The law of a command of the office: what two people signed and is in force there today.

    No command that writes takes another: its texts would be nobody's.
    """
    from django.utils import timezone

    from qualwatch.legal_texts.queries import law_in_force

    return law_in_force(timezone.localdate(now()))


def actor(by: str) -> str:
    """Who acts: the name given, otherwise the user of the operating system."""
    return by or f"cli:{os.environ.get('USER') or os.environ.get('LOGNAME') or os.getuid()}"


def check_account(by: str, capability: str, *, password_from_stdin: bool) -> None:
    """Raises InvalidCommand unless the password fits the account and it may do this."""
    from qualwatch.accounts.models import Account
    from qualwatch.accounts.queries import has_capability

    password = read_password(from_stdin=password_from_stdin)
    account = Account.objects.filter(username=by).first()
    if account is None or not account.check_password(password):
        raise InvalidCommand(_("账号或密码不对"))
    if not has_capability(account, capability):
        raise InvalidCommand(_("账号 {name} 没有这个权限").format(name=by))


def read_password(*, from_stdin: bool) -> str:
    """A line of standard input, or what is typed unseen."""
    return sys.stdin.readline().rstrip("\n") if from_stdin else getpass.getpass(_("密码："))
