"""The same statements on Spark Connect (Sail in the test process) give DuckDB's results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pysail.spark import SparkConnectServer

from builders import OWN, law, policy
from commands import qualwatch
from qualwatch.evaluation import columnar
from qualwatch.evaluation.sessions import spark_session
from random_provinces import RandomProvince
from register_files import write
from register_rows import DAY, province


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = SparkConnectServer()
    server.start(background=True)
    _host, port = server.listening_address
    yield f"sc://127.0.0.1:{port}"
    server.stop()


def test_findings_anomalies_and_people_are_those_of_duckdb(address: str) -> None:
    session, compared = spark_session(address), 0
    for seed in (3, 5, 8, 14):
        province = RandomProvince(seed)
        facts, values = province.facts(), policy(province.day, **province.policy())
        here = list(columnar.evaluate(law(), values, facts, province.day))
        assert list(columnar.evaluate(law(), values, facts, province.day, session)) == here
        people = columnar.people(law(), values, facts, province.day, facts.credit_codes)
        assert (
            columnar.people(law(), values, facts, province.day, facts.credit_codes, session)
            == people
        )
        compared += sum(len(result.findings) for result in here) + len(people)
    assert compared > 40


def test_the_command_takes_the_address(address: str, tmp_path: Path) -> None:
    registers = write(tmp_path, province(2), "csv")
    remote = qualwatch("check", registers, "--as-of", DAY, "--format", "json", "--engine", address)
    here = qualwatch("check", registers, "--as-of", DAY, "--format", "json")
    assert remote.status == 0, remote.err
    assert remote.out == here.out
    assert OWN in remote.out


def test_no_server_is_one_sentence(tmp_path: Path) -> None:
    registers = write(tmp_path, province(2), "csv")
    result = qualwatch("check", registers, "--as-of", DAY, "--engine", "sc://127.0.0.1:1")
    assert result.status == 2
    assert "Spark Connect" in result.err
    assert "没有引擎" in qualwatch("check", registers, "--as-of", DAY, "--engine", "spark").err
