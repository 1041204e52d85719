"""Settings, addresses, and Django made ready for a command."""

import os
from pathlib import Path

from qualwatch.wording import gettext as _
from qualwatch.wording import language


class NotReady(Exception):
    """The office cannot be started; the message is one sentence."""


def load_office(*, create: bool = False) -> None:
    """Loads Django with the office's settings; commands that need no database never call it.

    `create` makes the state folder and its keys where they are missing. Raises NotReady.
    """
    from qualwatch.config.keys import create_keys, has_keys

    state = state_folder()
    try:
        if create:
            create_keys(state)
        is_prepared = has_keys(state)
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotReady(_("写不到 {path}：{reason}").format(path=state, reason=reason)) from error
    if not is_prepared:
        raise NotReady(_("{path} 里还没有密钥，先运行 qualwatch manage prepare").format(path=state))
    load_django()


def load_django() -> None:
    """Loads Django in the chosen language, whether or not the office has keys; NotReady."""
    from qualwatch.config.keys import BadKeys

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualwatch.config.settings")
    import django  # slow to load, and most commands do without it
    from django.utils.translation import activate

    try:
        django.setup()
    except BadKeys as error:
        raise NotReady(_("密钥用不了：{reason}").format(reason=error)) from error
    activate("en" if language() == "en" else "zh-hans")


def state_folder() -> Path:
    """The folder of database, keys and delivered files; NotReady where none is named."""
    folder = os.environ.get("QUALWATCH_STATE")
    if not folder:
        raise NotReady(_("请先设环境变量 QUALWATCH_STATE：存放数据库、密钥和登记文件的文件夹"))
    return Path(folder)
