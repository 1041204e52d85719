"""Records of a pushed batch, each by itself: one that is malformed does not keep the others out."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from qualwatch.law.texts_on_disk import SENTENCES
from qualwatch.registers.pushed import MAX_ID_LENGTH, Change, MalformedChange, Pushed
from qualwatch.registers.sources import sources
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

MAX_SEQUENCE = 2**62
MAX_CELL_LENGTH = 500
MAX_CELLS = 60
UNREADABLE = _n("写法不对")


def _text(value: Any) -> Any:
    """A cell as text: null is empty, whole numbers are their digits."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _encodable(value: Any) -> Any:
    """Text that a database can store; what is no text is refused by its type."""
    if isinstance(value, str) and (
        "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value)
    ):
        raise PydanticCustomError("unreadable", UNREADABLE)
    return value


def _known(slug: str) -> str:
    if slug not in sources():
        raise PydanticCustomError("unknown_source", UNREADABLE)
    return slug


Text = Annotated[str, BeforeValidator(_encodable)]
Name = Annotated[Text, Field(max_length=MAX_CELL_LENGTH)]
Cell = Annotated[Text, Field(max_length=MAX_CELL_LENGTH), BeforeValidator(_text)]


class ChangeIn(BaseModel):
    """One row put or removed; `row` has the headers of the source's register files."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[Text, Field(min_length=1, max_length=MAX_ID_LENGTH)]
    sequence: Annotated[int, Field(ge=1, le=MAX_SEQUENCE)]
    source: Annotated[str, BeforeValidator(_known)]
    action: Literal["put", "remove"]
    row: Annotated[dict[Name, Cell], Field(min_length=1, max_length=MAX_CELLS)]


def records_of(batch: Sequence[Any]) -> list[Pushed]:
    """Every record of a batch as a change, or as malformed with the first problem."""
    return [_record(content, position) for position, content in enumerate(batch, 1)]


def _record(content: Any, position: int) -> Pushed:
    try:
        change = ChangeIn.model_validate(content)
    except ValidationError as error:
        return _malformed(content, error, position)
    return Change(
        change.id, change.sequence, change.source, change.action, change.row, position=position
    )


def _malformed(content: Any, error: ValidationError, position: int) -> MalformedChange:
    """What of a record can be read although it is no change."""
    detail = error.errors()[0]
    place = _printable(".".join(str(part) for part in detail["loc"] if part != "[key]"))
    what = _sentence(detail["type"])
    fields = content if isinstance(content, dict) else {}
    return MalformedChange(
        content=content,
        problem=_("第 {position} 条 {place}：{what}").format(
            position=position, place=place[:MAX_CELL_LENGTH], what=what
        ),
        change_id=_id(fields.get("id")),
        sequence=_sequence(fields.get("sequence")),
        source=_source(fields.get("source")),
        row=_row(fields.get("row")),
        position=position,
    )


def _printable(text: str) -> str:
    """Names of keys may hold what no database stores."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def _sentence(kind: str) -> str:
    if kind == "unknown_source":
        return _("没有这个来源；有 {sources}").format(sources="、".join(sources()))
    return _(SENTENCES.get(kind, UNREADABLE))


def _id(value: Any) -> str:
    is_readable = isinstance(value, str) and len(value) <= MAX_ID_LENGTH and _is_encodable(value)
    return value if is_readable else ""


def _sequence(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 1 <= value <= MAX_SEQUENCE else None


def _source(value: Any) -> str:
    return value if isinstance(value, str) and value in sources() else ""


def _row(value: Any) -> dict[str, str]:
    """The cells that are text or whole numbers."""
    if not isinstance(value, dict):
        return {}
    cells = {str(name): _text(cell) for name, cell in list(value.items())[:MAX_CELLS]}
    return {
        name: cell
        for name, cell in cells.items()
        if isinstance(cell, str)
        and max(len(name), len(cell)) <= MAX_CELL_LENGTH
        and _is_encodable(name + cell)
    }


def _is_encodable(text: str) -> bool:
    try:
        _encodable(text)
    except PydanticCustomError:
        return False
    return True
