"""Files are read by their content; what cannot be read is one sentence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from qualwatch.intake.containers import worker
from qualwatch.intake.containers.content import Container
from qualwatch.intake.containers.messages import Refusal, Request
from qualwatch.intake.containers.sheet_data import SheetData


def test_a_parser_that_panics_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        pass

    def panics(_path: Path) -> Iterator[SheetData]:
        raise Panic
        yield SheetData("")

    monkeypatch.setitem(worker.READERS, Container.XLSX, panics)
    (answer,) = worker.answers(Request(Path("x.xlsx"), Container.XLSX, "zh", 2**32))
    assert isinstance(answer, Refusal)
    assert "损坏" in answer.problem
