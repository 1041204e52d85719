"""Public look-ups on PostgreSQL against a bare Django view, behind the same server, in turn, in one
run.
"""

import http.client
import io
import os
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from threading import Thread
from time import perf_counter, sleep
from typing import Any

from measure import HERE, answer

sys.path.insert(0, str(HERE.parent / "tools"))
from with_postgres import DURABLE, cluster

ROUNDS = 7
SECONDS = 2.0  # of a round
CONNECTIONS = 4
KINDS = [
    ("specialist-decoration", "建筑装修装饰工程专业承包"),
    ("general-building", "建筑工程施工总承包"),
    ("general-municipal", "市政公用工程施工总承包"),
]


def work(words: list[str]) -> dict[str, Any]:
    """Words: ENTERPRISES."""
    enterprises = int(words[0])
    with tempfile.TemporaryDirectory() as state, cluster(DURABLE) as address:
        os.environ |= {"DATABASE_URL": address, "QUALWATCH_STATE": state, "QUALWATCH_HTTP": "1"}
        codes = _filled(enterprises)
        with (
            _served("bare_django:application()") as bare,
            _served("qualwatch.config.wsgi:application") as ours,
        ):
            return {"enterprises": enterprises, **_compared(bare, ours, codes)}


def _filled(enterprises: int) -> list[str]:
    """The public copy of a province: items of everybody, a red card for one in a hundred."""
    from qualwatch.config import load_office

    load_office(create=True)
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    call_command("prepare", verbosity=0, stdout=io.StringIO())
    today = timezone.localdate()  # pages say what holds today
    codes = [f"91140105MA{number:07d}X" for number in range(enterprises)]
    _post_items(codes, today)
    _post_red_cards(random.Random(1).sample(codes, enterprises // 100), today)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return codes


def _post_items(codes: list[str], today: date) -> None:
    from qualwatch.publication import actions

    names = {code: f"第{n}建设工程有限公司" for n, code in enumerate(codes)}
    actions.post_enterprises({code: (name, "city:140100") for code, name in names.items()})
    items = {
        (code, category, ""): actions.ItemNow(names[code], text, "二级", "in-force")
        for n, code in enumerate(codes)
        for category, text in KINDS[: 1 + n % 3]
    }
    actions.post_standings(items, on=today)
    actions.post_freshness(day=today, loaded={"items": today, "enterprises": today}, limit_days=7)


def _post_red_cards(codes: list[str], today: date) -> None:
    from django.db import transaction

    from qualwatch.publication import actions

    category, text = KINDS[0]
    short = {
        "requirement": "constructors",
        "required": 3,
        "held": 2,
        "text": "建筑建造师至少3人",
    }
    now = datetime.now(UTC)  # noqa: TID251  # pages say what holds now
    with transaction.atomic():
        for n, code in enumerate(codes):
            card = actions.Card(
                f"晋红〔2026〕{n}号",
                code,
                "企业",
                category,
                "",
                text,
                "二级",
                "city:140100",
                "太原市住房和城乡建设局",
                [short],
            )
            actions.post_red_card(card, on=date(today.year, 1, 1), at=now)


@contextmanager
def _served(application: str) -> Iterator[int]:
    """gunicorn with one process of two threads; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    words = [
        str(Path(sys.executable).parent / "gunicorn"),
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "1",
        "--worker-class",
        "gthread",
        "--threads",
        "2",
        "--keep-alive",
        "30",
        application,
    ]
    server = subprocess.Popen(words, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _try in range(200):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _compared(bare: int, ours: int, codes: list[str]) -> dict[str, Any]:
    """Requests a second of each, in turn; the ratios' medians."""
    chance = random.Random(2)
    status, tag, size = _get(ours, f"/enterprises/{codes[0]}", {})
    unchanged = {"If-None-Match": tag}
    assert status == 200, status
    assert _get(ours, f"/enterprises/{codes[0]}", unchanged)[0] == 304

    def enterprise() -> str:
        return f"/enterprises/{chance.choice(codes)}"

    rates: dict[str, list[float]] = {"bare": [], "page": [], "unchanged": [], "search": []}
    for _round in range(ROUNDS + 1):
        rates["bare"].append(_rate(bare, lambda: "/page", {}))
        rates["page"].append(_rate(ours, enterprise, {}))
        rates["unchanged"].append(_rate(ours, enterprise, unchanged))
    rates["search"].append(_rate(ours, lambda: f"/?q=%E7%AC%AC{chance.randrange(1000)}", {}))
    # the first round warms up
    warm = {name: some[1:] if len(some) > 1 else some for name, some in rates.items()}
    ratios = {
        name: median(rate / peer for rate, peer in zip(warm[name], warm["bare"], strict=True))
        for name in ("page", "unchanged")
    }
    rates_a_second = {name: median(some) for name, some in warm.items()}
    return {"ratios": ratios, "a_second": rates_a_second, "bytes": size}


def _get(port: int, path: str, headers: dict[str, str]) -> tuple[int, str, int]:
    """Status, ETag and bytes of a page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.headers.get("ETag", ""), len(body)


def _rate(port: int, path: Callable[[], str], headers: dict[str, str]) -> float:
    """Requests a second over some persistent connections."""
    counts = [0] * CONNECTIONS
    until = perf_counter() + SECONDS

    def request(nth: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while perf_counter() < until:
            connection.request("GET", path(), headers=headers)
            response = connection.getresponse()
            response.read()
            assert response.status in (200, 302, 304), response.status
            counts[nth] += 1
        connection.close()

    threads = [Thread(target=request, args=(nth,)) for nth in range(CONNECTIONS)]
    start = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (perf_counter() - start)


if __name__ == "__main__":
    answer(work)
