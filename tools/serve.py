"""The office on this machine, its clock at a moment of the state that it serves.

The demo's province stands in 2023.

`python tools/serve.py [--state FOLDER] [--at MOMENT] [--port N]`: without a moment, the demo's
province on the day of its last patrol, and any other office now. With a moment officers need no
second factor.
"""

import argparse
import os
from datetime import datetime, time
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLAYED = ROOT / "demo" / "played" / "state"
OPEN_AT = time(15, 0)


def main() -> None:
    """Sets the clock, serves until it is stopped."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument(
        "--state", type=Path, default=Path(os.environ.get("QUALWATCH_STATE", PLAYED))
    )
    words.add_argument(
        "--at",
        type=datetime.fromisoformat,
        help="the moment at which it begins; it goes on from there",
    )
    words.add_argument("--port", type=int, default=8000)
    namespace = words.parse_args()
    if not (namespace.state / "keys.json").is_file() and "QUALWATCH_KEYS" not in os.environ:
        raise SystemExit(
            f"no office in {namespace.state}: run `make demo` first, or say QUALWATCH_STATE"
        )
    # a real office keeps its clock and its second factor
    is_shown = namespace.state == PLAYED or namespace.at is not None
    os.environ |= {
        "QUALWATCH_STATE": str(namespace.state),
        "QUALWATCH_HTTP": "1",
        "DJANGO_SETTINGS_MODULE": "qualwatch.config.settings",
    } | ({"QUALWATCH_OFFICERS_NEED_TOTP": "0"} if is_shown else {})
    import django  # after the environment is set
    import time_machine

    django.setup()
    from django.utils import timezone

    at = namespace.at or (last_moment() if is_shown else None)
    if at is not None and timezone.is_naive(at):
        at = timezone.make_aware(at)
    if at is not None:
        time_machine.travel(at, tick=True).start()
        print(f"the office's clock begins at {at:%Y-%m-%d %H:%M}", flush=True)
    if namespace.state == PLAYED:
        sample_log_ins()
    from django.core.management import call_command

    call_command("runserver", f"127.0.0.1:{namespace.port}", use_reloader=False, skip_checks=True)


def last_moment() -> datetime | None:
    """The afternoon of the last day that the patrol has seen; None before the first."""
    from django.utils import timezone

    from qualwatch.cases.models import Heartbeat

    last = Heartbeat.objects.filter(state="done").order_by("-day").first()
    return (
        None
        if last is None
        else datetime.combine(last.day, OPEN_AT, timezone.get_default_timezone())
    )


def sample_log_ins() -> None:
    """Who can look around in the played province."""
    from play_papers import PASSWORD

    from qualwatch.accounts.models import Account

    print(f"sample log-ins, password {PASSWORD}:")
    accounts = Account.objects.filter(username__startswith="sample-").exclude(
        username__regex=r"city-\d|-\d$"
    )
    first = Account.objects.filter(username__regex=r"^sample-enterprise-[1-3]$")
    for account in (accounts | first).select_related("organisation").order_by("pk"):
        print(
            f"  {account.username:<26}{account.organisation.name if account.organisation else ''}",
            flush=True,
        )


if __name__ == "__main__":
    main()
