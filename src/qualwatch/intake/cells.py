"""One cell: plain text, placeholders, days, months, codes, identities."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from qualwatch.intake.problems import BadCell
from qualwatch.law.texts_on_disk import load_yaml
from qualwatch.wording import gettext as _

Cell = Any  # str, int, float, bool, date, datetime, time, timedelta or None, as the reader gives it
BEIJING = timezone(timedelta(hours=8))
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"))
_EXCEL_EPOCH = date(1899, 12, 30)
# 1927 to 2119: what a spreadsheet's serial number may mean here
_SERIAL_DAYS = range(10_000, 80_000)
_DIGITS_OF_A_FLOAT = 15  # a spreadsheet keeps no more
_BETWEEN = re.compile(r"\s*(?:至|到|~|\uff5e|—+|--)\s*")
LAST_YEAR = 9999  # how systems write "without end"
_EPOCH_MILLISECONDS = re.compile(r"^\d{13}$")
_DAY = re.compile(
    r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[\sT]+\d{1,2}:\d{1,2}(?::\d{1,2})?(?:\.\d+)?)?$"
)
_CARD_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
_SPACE = re.compile(r"\s+")
_MONTH = re.compile(r"^(\d{4})(?:[-/.年](\d{1,2})月?|(\d{2}))$")


@lru_cache(maxsize=1)
def values() -> dict[str, Any]:
    """The spellings of values (values.yaml)."""
    loaded: dict[str, Any] = load_yaml(Path(__file__).parent / "values.yaml")
    return loaded


@lru_cache(maxsize=1)
def _placeholders() -> frozenset[str]:
    return frozenset(str(value).strip().lower() for value in values()["placeholders"]) | {""}


def plain(cell: Cell) -> str:
    """A cell as text: trimmed, without invisible characters.

    A whole number without its `.0`; a placeholder as ''.
    """
    # most cells: nothing to trim
    if isinstance(cell, str) and cell.isprintable() and cell[:1] != " " and cell[-1:] != " ":
        return "" if cell.lower() in _placeholders() else cell
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell).translate(_INVISIBLE).replace("\u3000", " ").strip()
    return "" if text.lower() in _placeholders() else text


def folded(cell: Cell) -> str:
    """Text for comparing codes and key words: compatibility forms folded, no white space."""
    text = cell if isinstance(cell, str) else plain(cell)
    is_plain = text.isprintable() and " " not in text and text[:1] != "'"
    # most codes: nothing to fold
    if is_plain and unicodedata.is_normalized("NFKC", text):
        return "" if text.lower() in _placeholders() else text
    return _folded(text)


@lru_cache(maxsize=100_000)
def _folded(text: str) -> str:
    return _SPACE.sub("", unicodedata.normalize("NFKC", plain(text))).removeprefix("'")


def has_lost_digits(cell: Cell) -> bool:
    """A number where a long code should be: its last digits may be gone."""
    if isinstance(cell, bool):
        return False
    if isinstance(cell, (int, float)):
        return True
    return bool(re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", folded(cell)))


def day(cell: Cell) -> date | None:
    """A day in any of the usual shapes; None for an empty cell. BadCell for anything else."""
    if isinstance(cell, datetime):
        return _in_beijing(cell)
    if isinstance(cell, date):
        return cell
    text = unicodedata.normalize("NFKC", plain(cell)).strip()
    if not text:
        return None
    written = _DAY.match(text)
    if written:
        return _checked_day(text, *map(int, written.groups()))
    return _day_by_number(text) or _day_by_iso_format(text)


def _in_beijing(moment: datetime) -> date:
    """The day of a moment; one without a zone is Beijing's already."""
    return (moment.astimezone(BEIJING) if moment.tzinfo else moment).date()


def _day_by_number(text: str) -> date | None:
    """20230601, a spreadsheet's serial number, or milliseconds since 1970; None for another
    text.
    """
    if re.fullmatch(r"\d{8}", text):
        return _checked_day(text, int(text[:4]), int(text[4:6]), int(text[6:]))
    if re.fullmatch(r"\d{5}(\.\d+)?", text) and int(float(text)) in _SERIAL_DAYS:
        return _EXCEL_EPOCH + timedelta(days=int(float(text)))
    if _EPOCH_MILLISECONDS.match(text):
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(text))
        return _in_beijing(moment)
    return None


def _day_by_iso_format(text: str) -> date:
    try:
        return _in_beijing(datetime.fromisoformat(text))
    except ValueError as error:
        raise BadCell(
            _("日期认不出：{value}").format(value=text), _("改为 2023-06-01 这样的日期")
        ) from error


def day_or_none(cell: Cell) -> date | None:
    """A day, or None for a month, a year or anything else (dates of birth)."""
    try:
        return day(cell)
    except BadCell:
        return None


def first_day(cell: Cell) -> date | None:
    """A day, or a month's first day; None for an empty cell."""
    if not plain(cell):
        return None
    try:
        return day(cell)
    except BadCell:
        return month(cell)


def last_day(cell: Cell) -> date | None:
    """A day, or a month's last day; open-ended and empty cells give None."""
    if not plain(cell):
        return None
    try:
        return end_day(cell)
    except BadCell:
        in_next_month = month(cell).replace(day=28) + timedelta(days=4)
        return in_next_month.replace(day=1) - timedelta(days=1)


def _checked_day(text: str, year: int, month: int, number: int) -> date:
    try:
        return date(year, month, number)
    except ValueError as error:
        raise BadCell(_("没有这一天：{value}").format(value=text), _("核对年月日后改正")) from error


def end_day(cell: Cell) -> date | None:
    """A day on which something ends; 长期 and the like are open-ended (None)."""
    if isinstance(cell, str):
        # 2022-01-01至2027-01-01: the day after the dash
        cell = _BETWEEN.split(plain(cell))[-1]
    is_last_year = isinstance(cell, date) and cell.year == LAST_YEAR
    if is_last_year or folded(cell) in values()["open_ended"]:
        return None
    return day(cell)


def month(cell: Cell) -> date:
    """A month, as its first day."""
    if isinstance(cell, date):
        return date(cell.year, cell.month, 1)
    text = folded(cell)
    # 2026.1 may have been 2026.10
    if isinstance(cell, float) and not cell.is_integer():
        raise BadCell(
            _("月份是小数，分不清一月还是十月：{value}").format(value=text),
            _("改为 2026-03 这样的年月"),
        )
    written = _MONTH.match(text)
    if written and 1 <= int(written[2] or written[3]) <= 12:
        return date(int(written[1]), int(written[2] or written[3]), 1)
    whole_day = day_or_none(cell)
    if whole_day is None:
        raise BadCell(
            _("月份认不出：{value}").format(value=text or _("空")), _("改为 2026-03 这样的年月")
        )
    return whole_day.replace(day=1)


def credit_code(cell: Cell) -> str:
    """A unified social credit code with a right check digit, in capitals."""
    if has_lost_digits(cell):
        raise BadCell(_("信用代码是数字格式，末几位已丢失"), _("把这一列设为文本格式后重新录入"))
    text = folded(cell).upper().replace("-", "")
    if not text:
        raise BadCell(_("统一社会信用代码为空"), _("补填 18 位统一社会信用代码"))
    code = _valid_credit_code(text)
    if code is None:
        is_long = len(text) == 18
        problem = _("统一社会信用代码校验位不符") if is_long else _("统一社会信用代码不是 18 位")
        raise BadCell(problem, _("对照营业执照改正"))
    return code


@lru_cache(maxsize=1_000_000)
def _valid_credit_code(text: str) -> str | None:
    try:
        return str(uscc.validate(text))
    except ValidationError:
        return None


def credit_codes(cell: Cell) -> tuple[str, ...]:
    """Several credit codes in one cell."""
    return tuple(credit_code(part) for part in re.split(r"[;；,，、\s]+", plain(cell)) if part)


def resident_number(cell: Cell) -> str:
    """A resident identity number, 18 digits, capital X; the old 15-digit form is lengthened."""
    if not isinstance(cell, str) or not _CARD_NUMBER.fullmatch(cell):
        cell = _card_number_in(cell)
    if cell[-1] != ric.calc_check_digit(cell):
        raise BadCell(_("身份证号校验位不符"), _("对照身份证改正"))
    try:
        date(int(cell[6:10]), int(cell[10:12]), int(cell[12:14]))
    except ValueError as error:
        raise BadCell(_("身份证号中的出生日期不存在"), _("对照身份证改正")) from error
    return str(cell)


def _card_number_in(cell: Cell) -> str:
    """The one number of 18 places that a cell holds, however it is written."""
    if has_lost_digits(cell):
        raise BadCell(_("身份证号是数字格式，末几位已丢失"), _("把这一列设为文本格式后重新录入"))
    text = folded(cell).upper()
    if not text:
        raise BadCell(_("身份证号为空"), _("补填身份证号"))
    if re.fullmatch(r"\d{15}", text):
        text = text[:6] + "19" + text[6:]
        text += ric.calc_check_digit(text + "0")
    if not re.fullmatch(r"\d{17}[\dX]", text):
        inside = set(re.findall(r"(?<!\d)\d{17}[\dX](?!\d)", text))
        if len(inside) > 1:
            raise BadCell(_("一格里有多个身份证号"), _("每行只填一个人"))
        if not inside:
            raise BadCell(_("身份证号不是 18 位（或旧 15 位）"), _("只填号码本身，去掉说明文字"))
        text = inside.pop()
    return text


def has_retired_region(number: str) -> bool:
    """Whether the first six digits of a resident number are no longer (or never were) a county's
    code.
    """
    return _is_retired(number[:6])


@lru_cache(maxsize=1_000_000)
def _is_retired(code: str) -> bool:
    try:
        county = _county(code)
    except KeyError:
        return True
    # a name that ended is written "[1984-2011]name"; "[1984-]name" is in use
    return county.startswith("[") and not county.split("]")[0].endswith("-")


def _county(code: str) -> str:
    # imported here: the table is large, and most commands never need it
    from stdnum import numdb

    properties: dict[str, str] = {}
    for _part, of_part in numdb.get("cn/loc").info(code):
        properties.update(of_part)
    return properties["county"]


def whole_number(cell: Cell) -> int:
    """A number of people."""
    text = folded(cell)
    if not text.isdigit():
        raise BadCell(_("不是整数：{value}").format(value=text or _("空")), _("填写人数"))
    return int(text)
