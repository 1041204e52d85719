"""The journal: alteration, removal, insertion and reordering are detected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from outbox_messages import queued_message
from qualwatch.journal.actions import NotInAnAction, record, seal
from qualwatch.journal.models import Entry, Seal, Stream
from qualwatch.journal.queries import backward_steps, entries_of, faults
from qualwatch.outbox import actions as outbox
from qualwatch.outbox.actions import deliver, enqueue
from qualwatch.outbox.models import Message

AT = datetime(2026, 5, 20, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def key() -> str:
    return (
        Ed25519PrivateKey.from_private_bytes(settings.SEAL_KEY)
        .public_key()
        .public_bytes_raw()
        .hex()
    )


def write_entries(stream: str = "source/x", count: int = 3) -> None:
    for number in range(count):
        record(
            stream=stream,
            by="li",
            at=AT,
            what="done",
            before=number,
            after=number + 1,
            details={"n": number},
        )


def without_triggers(statement: str) -> None:
    """What somebody with the database's password can do."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "ALTER TABLE journal_entry DISABLE TRIGGER USER; ALTER TABLE journal_seal DISABLE TRIGGER USER"
            )
        else:
            for table in ("journal_entry", "journal_seal"):
                for act in ("update", "delete"):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{act}")
        cursor.execute(statement)


def test_a_sound_journal_has_no_faults() -> None:
    write_entries()
    write_entries("source/y", 2)
    seal(day=date(2026, 5, 20))
    write_entries()
    seal(day=date(2026, 5, 21))
    assert list(faults(key())) == []
    assert [entry.number for entry in entries_of("source/x")] == [1, 2, 3, 4, 5, 6]
    assert Seal.objects.count() == 2
    assert seal(day=date(2026, 5, 21)).pk == Seal.objects.get(day=date(2026, 5, 21)).pk


def test_a_clock_that_runs_back_is_named_beyond_the_wait_for_a_lock() -> None:
    """In the order of recording, across streams; acts at the same time may change places."""
    moments = (0, 60, 59, 30, 1440, 1441)
    for number, minutes in enumerate(moments):
        stream = f"source/{number % 2}"
        record(stream=stream, by="li", at=AT + timedelta(minutes=minutes), what="done")
    sentences = list(backward_steps())
    assert sentences == [
        "source/1：第 2 条记于 2026-05-20 09:30，早于此前一条日志的 2026-05-20 09:59，时钟倒退"
    ]
    assert list(faults(key())) == []


@pytest.mark.parametrize(
    ("name", "tamper"),
    [
        ("altered", "UPDATE journal_entry SET by = 'somebody' WHERE number = 2"),
        ("details altered", "UPDATE journal_entry SET details = '{\"n\": 7}' WHERE number = 1"),
        ("removed", "DELETE FROM journal_entry WHERE number = 2"),
        ("last removed", "DELETE FROM journal_entry WHERE number = 3"),
        (
            "reordered",
            "UPDATE journal_entry SET number = CASE number WHEN 2 THEN 30 ELSE number END",
        ),
        ("seal altered", "UPDATE journal_seal SET heads = '[]'"),
    ],
)
def test_tampering_is_found(name: str, tamper: str) -> None:
    write_entries()
    seal(day=date(2026, 5, 20))
    without_triggers(tamper)
    assert list(faults(key())), name


def test_a_rewritten_chain_contradicts_its_seal() -> None:
    write_entries()
    seal(day=date(2026, 5, 20))
    without_triggers("DELETE FROM journal_entry")
    Stream.objects.all().delete()
    record(stream="source/x", by="li", at=AT, what="another history")
    assert any("封签" in fault for fault in faults(key()))
    assert any("签名" in fault for fault in faults("00" * 32))


@pytest.mark.parametrize("table", ["journal_entry", "journal_seal"])
@pytest.mark.parametrize("act", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_the_database_refuses_changes(table: str, act: str) -> None:
    write_entries()
    seal(day=date(2026, 5, 20))
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(act.format(table))


def test_postgresql_refuses_truncate_too() -> None:
    write_entries()
    if connection.vendor != "postgresql":  # SQLite has no TRUNCATE: its DELETE is refused above
        with (
            pytest.raises(DatabaseError, match="syntax error"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("TRUNCATE journal_entry")
        return
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("TRUNCATE journal_entry")


def test_an_act_that_fails_leaves_no_entry() -> None:
    def act() -> None:
        with transaction.atomic():
            write_entries()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert Entry.objects.count() == 0
    assert Stream.objects.count() == 0


@pytest.mark.parametrize(
    "act",
    [
        lambda: record(stream="x", by="li", at=AT, what="done"),
        lambda: enqueue([queued_message("x", "mail", AT)]),
    ],
)
def test_outside_a_transaction_nothing_is_recorded_or_sent(
    act: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("journal", "outbox"):  # a test runs within a transaction itself
        monkeypatch.setattr(
            f"qualwatch.{room}.actions.connection", SimpleNamespace(in_atomic_block=False)
        )
    with pytest.raises((NotInAnAction, outbox.NotInAnAction), match=r"^(done|x)$"):
        act()
    assert not Entry.objects.exists()
    assert not Message.objects.exists()


def test_a_message_is_queued_once_and_sent_once() -> None:
    for _again in range(2):
        enqueue([queued_message("case/1/pushed", "platform", AT)])
    sent: list[str] = []
    assert deliver(send=lambda message: sent.append(message.key), at=AT) == (1, 0)
    assert deliver(send=lambda message: sent.append(message.key), at=AT) == (0, 0)
    assert sent == ["case/1/pushed"]


def test_a_failed_message_waits_longer_each_time_and_is_sent_in_the_end() -> None:
    enqueue([queued_message("k", "mail", AT)])

    def broken(_message: Message) -> None:
        raise OSError("no route")

    assert deliver(send=broken, at=AT) == (0, 1)
    first = Message.objects.get().not_before
    assert first > AT
    assert deliver(send=broken, at=AT) == (0, 0)
    assert deliver(send=broken, at=first) == (0, 1)
    again = Message.objects.get()
    assert again.not_before - first > first - AT
    assert again.last_error == "no route"
    assert deliver(send=lambda _message: None, at=again.not_before) == (1, 0)
