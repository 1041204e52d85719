"""One cell: plain text, placeholders, days, months, codes, identities."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from qualwatch.intake.problems import BadCell, UnreadableCell
from qualwatch.law.texts_on_disk import load_yaml
from qualwatch.privacy import masked
from qualwatch.wording import gettext as _

# str, int, float, bool, date, datetime, time, timedelta, None, or UnreadableCell
Cell = Any
BEIJING = timezone(timedelta(hours=8))
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"))
_EXCEL_EPOCH = date(1899, 12, 30)
# 1927 to 2119: what a spreadsheet's serial number may mean here
_SERIAL_DAYS = range(10_000, 80_000)
_DIGITS_OF_A_FLOAT = 15  # a spreadsheet keeps no more
_EXACT_NUMBERS = 10**_DIGITS_OF_A_FLOAT  # from here on a number cell has lost digits
_BETWEEN = re.compile(r"\s*(?:至|到|~|\uff5e|—+|--)\s*")
LAST_YEAR = 9999  # how systems write "without end"
_EPOCH_MILLISECONDS = re.compile(r"^\d{13}$")
_DAY = re.compile(
    r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[\sT]+\d{1,2}:\d{1,2}(?::\d{1,2})?(?:\.\d+)?)?$"
)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE
)
_WRITTEN_DAY = r"(?:\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?|(?:19|20)\d{6})"
# two days with a dash, a slash, a comma or a space between them
_BETWEEN_DAYS = re.compile(rf"{_WRITTEN_DAY}\s*[-\u2013/,、_ ]\s*({_WRITTEN_DAY})")
_DAY_OF_DIGITS = re.compile(r"(?:19|20)\d{6}")
_BETWEEN_CODES = re.compile(r"[;；,，、|/\r\n]+")
_SHORT_NUMBER_LENGTH = 15  # digits of the identity cards of the first generation
_CREDIT_CODE_LENGTH = 18
_CREDIT_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE = re.compile(rf"[0-9]{{8}}[{_CREDIT_CODE_ALPHABET}]{{10}}")
_CARD_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
_CARD_NUMBER_INSIDE = re.compile(r"(?<!\d)\d{17}[\dX](?!\d)")
_TEXT_FORMULA = re.compile(r'=\s*"(.*)"\s*', re.DOTALL)
_MARKS = re.compile(r"[^\w]|_")
_SPACE = re.compile(r"\s+")
_MONTH_WORD = r"(\d{1,2}|[A-Za-z]+|[\u4e00-\u9fff]{1,2}?)"
# 2026-03, 2026年3月, 2026-Mar, 202603; a year of two digits only with 年
_MONTH = re.compile(rf"^(?:(\d{{4}})[-/.年]|(\d\d)年){_MONTH_WORD}(?:月份?)?$")
_MONTH_OF_DIGITS = re.compile(r"^(\d{4})(\d\d)(?:\.0+)?$")
_MONTH_FIRST = re.compile(r"^([A-Za-z]{3,9})[-/., ]*(\d{4}|\d\d)$")  # Jan-26
_YEAR_AND_DIGIT = re.compile(r"(?:19|20)\d{3}(?:\.\d+)?")
_MONTHS_JOINED = re.compile(r"^(\d{6}|\d{8})-(\d{6}|\d{8})$")
_LOST_ZERO = re.compile(r"^\d{4}\.1$")  # as a number 2026.10 is 2026.1
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_ZEROS_AFTER_A_FLOAT = re.compile(rf"\d{{{_DIGITS_OF_A_FLOAT}}}0+")
_WHOLE_NUMBER = re.compile(r"(\d{1,9}|\d{1,3}(?:,\d{3}){1,2})(?:\.0+)?[人名个位]?")
_LONGEST_PLACEHOLDER = 4  # characters, without marks around it
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@lru_cache(maxsize=1)
def values() -> dict[str, Any]:
    """The spellings of values (values.yaml)."""
    loaded: dict[str, Any] = load_yaml(Path(__file__).parent / "values.yaml")
    return loaded


@lru_cache(maxsize=1)
def _placeholders() -> frozenset[str]:
    """What stands in empty cells, in lower case, also in full width."""
    words = {str(value).strip().lower() for value in values()["placeholders"]}
    assert max(map(len, words)) <= _LONGEST_PLACEHOLDER
    return frozenset(words | {word.translate(_FULL_WIDTH) for word in words} | {""})


def is_blank(cell: Cell) -> bool:
    """Whether a cell says nothing: empty, a placeholder, marks only. A lost value is not blank."""
    return not shown(cell)


def shown(cell: Cell) -> str:
    """A cell as `plain` gives it; of a value that its file lost what stands in its place."""
    try:
        return plain(cell)
    except BadCell:
        return str(cell).strip()


def folded_as_shown(cell: Cell) -> str:
    """A cell as `folded` gives it; of a value that its file lost what stands in its place."""
    try:
        return folded(cell)
    except BadCell:
        return str(cell).strip()


def plain(cell: Cell) -> str:
    """A cell as text: trimmed, without invisible characters.

    A whole number without its `.0`; a placeholder as ''. BadCell for a value that its file lost.
    """
    # most cells: nothing to trim
    is_text = isinstance(cell, str)
    if is_text and cell.isprintable() and cell[:1] not in (" ", "=") and cell[-1:] != " ":
        return "" if _is_placeholder(cell) else cell
    if cell is None:
        return ""
    if isinstance(cell, UnreadableCell):
        raise cell.bad_cell()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell).translate(_INVISIBLE).replace("\u3000", " ").strip()
    if text[:1] == "=":
        text = _text_of_formula(text)
    return "" if _is_placeholder(text) else text


def _text_of_formula(formula: str) -> str:
    """What ="01234" says. BadCell for any other formula in place of its result."""
    written = _TEXT_FORMULA.fullmatch(formula)
    if written is None:
        raise BadCell(
            _("单元格里是公式，不是结果：{value}").format(value=formula),
            _("把公式换成数值后再导出"),
        )
    return written[1].replace('""', '"').strip()


def _is_placeholder(text: str) -> bool:
    """Whether a text stands for an empty cell. BadCell for an error value."""
    # most texts are long, and begin and end with a letter or digit: nothing to look at
    if len(text) > _LONGEST_PLACEHOLDER and text[0].isalnum() and text[-1].isalnum():
        return False
    return text.lower() in _placeholders() or (
        not (text[0].isalnum() and text[-1].isalnum()) and _is_placeholder_in_marks(text)
    )


@lru_cache(maxsize=100_000)
def _is_placeholder_in_marks(text: str) -> bool:
    """Whether a text that begins or ends with a mark is marks only, or a placeholder in marks.

    BadCell for an error value, or where a column was too narrow for its value.
    """
    folded_text = unicodedata.normalize("NFKC", text)
    if folded_text.lower() in values()["error_values"] or folded_text.strip("#") == "":
        raise BadCell(
            _("单元格里是错误值：{value}").format(value=text), _("在原表里算出值后再导出")
        )
    return folded_text.strip(values()["placeholder_marks"]).lower() in _placeholders()


def folded(cell: Cell) -> str:
    """Text for comparing codes and key words: compatibility forms folded, no white space.

    BadCell for a value that its file lost.
    """
    text = cell if isinstance(cell, str) else plain(cell)
    is_plain = text.isprintable() and " " not in text and text[:1] not in ("'", "=")
    # most codes: nothing to fold
    if is_plain and (text.isascii() or unicodedata.is_normalized("NFKC", text)):
        return "" if _is_placeholder(text) else text
    return _folded(text)


@lru_cache(maxsize=100_000)
def _folded(text: str) -> str:
    text = _SPACE.sub("", unicodedata.normalize("NFKC", plain(text))).removeprefix("'")
    return "" if _is_placeholder(text) else text


def has_lost_digits(cell: Cell) -> bool:
    """A number where a long code should be: its last digits may be gone."""
    if isinstance(cell, bool):
        return False
    if isinstance(cell, (int, float)):
        return True
    return bool(_SCIENTIFIC.fullmatch(folded(cell)))


def is_shortened(cell: Cell) -> bool:
    """Whether a spreadsheet has taken digits from a code: more of them than a number cell keeps.

    1.14202E+15; a number cell of more than 15 digits; a text of zeros after the 15th digit.
    """
    if isinstance(cell, bool):
        return False
    if isinstance(cell, (int, float)):
        return bool(abs(cell) >= _EXACT_NUMBERS)
    text = folded(cell)
    return bool(_SCIENTIFIC.fullmatch(text) or _ZEROS_AFTER_A_FLOAT.fullmatch(text))


def code(cell: Cell) -> str:
    """A code in capitals, '' for an empty cell. BadCell where a spreadsheet has shortened it."""
    if is_shortened(cell):
        raise BadCell(
            _("号码被表格软件截短，末几位已丢失：{value}").format(value=folded(cell)),
            _("把这一列设为文本格式后重新录入"),
        )
    return folded(cell).upper()


# what most registers write, its digits not all the same: a province and the number, or eight digits
# that are no day
_USUAL_REGISTRATION_NUMBER = re.compile(
    r"[\u4e00-\u9fff](?!(\d)\1+$)[0-9]{9,17}|(?!19|20|(\d)\2+$)[0-9]{8}"
)


def registration_number(cell: Cell) -> str | None:
    """A registration's number; None for an empty cell.

    BadCell for a text that can be none (办理中, 0) and for one that a spreadsheet has shortened.
    """
    if isinstance(cell, str) and _USUAL_REGISTRATION_NUMBER.fullmatch(cell):
        return cell
    text = code(cell)
    if text and not _is_registration_number(text):
        problem = _("不是注册编号：{value}").format(value=text)
        raise BadCell(problem, _("填写注册证书上的编号"))
    return _without_identity(text) or None


def _without_identity(number: str) -> str:
    """A number in which somebody's identity number is masked: T14010219…, as on other certificates.

    For one person it stays the same number.
    """

    def mask(match: re.Match[str]) -> str:
        return masked(match[0]) if is_card_number(match[0]) else match[0]

    return _CARD_NUMBER_INSIDE.sub(mask, number)


def _is_registration_number(text: str) -> bool:
    """Whether a text is made like the number of a registration, as values.yaml describes it."""
    shape = values()["registration_numbers"]
    digits = [character for character in text if character.isdecimal()]
    allowed = shape["marks"] + shape["words"]
    return (
        len(digits) >= shape["least_digits"]
        and len(set(digits)) > 1
        and all(
            (character.isascii() and character.isalnum()) or character in allowed
            for character in text
        )
        and not _is_written_day(text)
        and not is_card_number(text)
    )


def _is_written_day(text: str) -> bool:
    """Whether a text is a day of these centuries: 2026-05-01 or 20260501."""
    is_like_day = _DAY.match(text) or _DAY_OF_DIGITS.fullmatch(text)
    return bool(is_like_day) and day_or_none(text) is not None


def without_marks(number: str) -> str:
    """A document's number without the brackets and dashes that not everybody writes."""
    return _MARKS.sub("", number)


def document_number(cell: Cell) -> str:
    """The number of an identity document that is no identity card.

    BadCell where it is empty, shortened, or a text that can be none (办理中, 0).
    """
    # no part of a number of somebody's document in a sentence
    if is_shortened(cell):
        raise BadCell(_("证件号码是数字格式，末几位已丢失"), _("把这一列设为文本格式后重新录入"))
    text = without_marks(code(cell))
    if not text:
        raise BadCell(_("证件号码为空"), _("补填证件号码"))
    digits = [character for character in text if character.isdecimal()]
    is_number = len(digits) >= values()["least_digits_of_a_document"] and len(set(digits)) > 1
    if not is_number or _is_written_day(folded(cell)):
        raise BadCell(_("不是证件号码"), _("填写证件上的号码"))
    return text


def is_other_document(number: str) -> bool:
    """Whether a number is another document's than an identity card's, whatever stands beside it."""
    return bool(_other_documents().fullmatch(number))


@lru_cache(maxsize=1)
def _other_documents() -> re.Pattern[str]:
    return re.compile("|".join(values()["other_documents"]))


def is_bare_permit(number: str) -> bool:
    """Whether a number of digits alone may be a permit's that is known by its digits only."""
    return number.isdecimal() and permit_without_issue_count(number) is not None


def permit_without_issue_count(number: str) -> str | None:
    """The part of a permit's number that stays when it is issued again; None for other numbers."""
    for pattern in values()["permits_with_issue_count"]:
        if written := re.fullmatch(pattern, number):
            return written[1]
    return None


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
    if re.fullmatch(r"\d{8}(\.0+)?", text):
        return _checked_day(text, int(text[:4]), int(text[4:6]), int(text[6:8]))
    if re.fullmatch(r"\d{5}(\.\d+)?", text) and int(float(text)) in _SERIAL_DAYS:
        return _EXCEL_EPOCH + timedelta(days=int(float(text)))
    if _EPOCH_MILLISECONDS.match(text):
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(text))
        return _in_beijing(moment)
    return None


def _day_by_iso_format(text: str) -> date:
    try:
        # fromisoformat takes more: weeks, and a second day for a time
        if not _MOMENT.fullmatch(text):
            raise ValueError(text)
        return _in_beijing(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
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
        text = _BETWEEN.split(plain(cell))[-1].removesuffix("止")
        days = _BETWEEN_DAYS.fullmatch(unicodedata.normalize("NFKC", text))
        cell = days[1] if days else text
    is_last_year = isinstance(cell, date) and cell.year == LAST_YEAR
    if is_last_year or folded(cell) in values()["open_ended"]:
        return None
    return day(cell)


def month(cell: Cell) -> date:
    """A month, as its first day. BadCell where it is none, or Excel may have shortened it."""
    if isinstance(cell, date):
        return date(cell.year, cell.month, 1)
    text = folded(cell)
    if _LOST_ZERO.match(text):
        raise BadCell(
            _("月份是小数，分不清一月还是十月：{value}").format(value=text),
            _("改为 2026-03 这样的年月"),
        )
    first, last = _ends_of_months(text)
    read = _written_month(first) or _first_of_month(cell)
    if read is None or (last != first and _written_month(last) != read):
        raise BadCell(
            _("月份认不出：{value}").format(value=text or _("空")), _("改为 2026-03 这样的年月")
        )
    return read


def _ends_of_months(text: str) -> tuple[str, str]:
    """The months between which a text lies; the same twice where it names one."""
    joined = _MONTHS_JOINED.match(text)
    first, *later = joined.groups() if joined else _BETWEEN.split(text)
    return first, later[-1] if later else first


def _written_month(text: str) -> date | None:
    """The first day of one written month, or of a day's month; None for anything else."""
    if digits := _MONTH_OF_DIGITS.match(text):
        year, number = digits[1], digits[2]
    elif written := _MONTH.match(text):
        year, number = written[1] or written[2], written[3]
    elif named := _MONTH_FIRST.match(text):
        year, number = named[2], named[1]
    else:
        year, number = "", ""
    in_year = int(number) if number.isdecimal() else _month_names().get(number.lower(), 0)
    if in_year in range(1, 13):
        return date(int(year) + (0 if len(year) > 2 else 2000), in_year, 1)
    return _first_of_month(text)


def _first_of_month(cell: Cell) -> date | None:
    """The first day of a day's month; None for anything but a day."""
    # five digits are a serial number, or 2026-1 without its dash
    if _YEAR_AND_DIGIT.fullmatch(folded(cell)):
        return None
    whole_day = day_or_none(cell)
    return whole_day.replace(day=1) if whole_day else None


@lru_cache(maxsize=1)
def _month_names() -> dict[str, int]:
    names: dict[int, list[str]] = values()["month_names"]
    return {name: number for number, of_month in names.items() for name in of_month}


@dataclass(frozen=True, slots=True)
class IrregularCode:
    """A credit code whose check digit is not the one that follows from the rest."""

    code: str


def credit_code(cell: Cell) -> str:
    """A unified social credit code with a right check digit, in capitals."""
    code = written_credit_code(cell)
    if isinstance(code, IrregularCode):
        raise irregular(code.code)
    return code


def irregular(code: str) -> BadCell:
    """The problem of a code that nothing but a row says to exist, and how it can be confirmed."""
    return BadCell(
        _("统一社会信用代码校验位不符：{code}").format(code=code),
        _(
            "对照营业执照改正；执照上确是这个代码的，把它写进 confirmed_codes.yaml 并注明依据，"
            "或在另一张登记表里用同一代码"
        ),
    )


def written_credit_code(cell: Cell) -> str | IrregularCode:
    """A unified social credit code in capitals, whatever its check digit."""
    if has_lost_digits(cell):
        raise BadCell(_("信用代码是数字格式，末几位已丢失"), _("把这一列设为文本格式后重新录入"))
    text = folded(cell).upper().replace("-", "")
    if not text:
        raise BadCell(_("统一社会信用代码为空"), _("补填 18 位统一社会信用代码"))
    code = _valid_credit_code(text)
    if code is not None:
        return code
    if _CREDIT_CODE.fullmatch(text):
        return IrregularCode(text)
    if len(text) == _CREDIT_CODE_LENGTH:
        raise BadCell(_("统一社会信用代码有不该出现的字符"), _("对照营业执照改正"))
    raise BadCell(_("统一社会信用代码不是 18 位"), _("对照营业执照改正"))


@lru_cache(maxsize=1_000_000)
def _valid_credit_code(text: str) -> str | None:
    try:
        return str(uscc.validate(text))
    except ValidationError:
        return None


def written_credit_codes(cell: Cell) -> tuple[str | IrregularCode, ...]:
    """Several credit codes in one cell, with marks, white space or nothing between them."""
    parts = filter(None, map(folded, _BETWEEN_CODES.split(plain(cell))))
    return tuple(
        written_credit_code(part[at : at + _CREDIT_CODE_LENGTH])
        for part in (part.replace("-", "") for part in parts)
        for at in range(0, len(part), _CREDIT_CODE_LENGTH)
    )


def near_codes(code: str) -> Iterator[str]:
    """Every regular code that differs from a code in one position, or in the order of two."""
    for at, own in enumerate(code):
        for other in _CREDIT_CODE_ALPHABET.replace(own, ""):
            if near := _valid_credit_code(code[:at] + other + code[at + 1 :]):
                yield near
        if near := _valid_credit_code(code[:at] + code[at : at + 2][::-1] + code[at + 2 :]):
            yield near


def resident_number(cell: Cell) -> str:
    """A resident identity number, 18 digits, capital X; the old 15-digit form is lengthened."""
    if not isinstance(cell, str) or not _CARD_NUMBER.fullmatch(cell):
        cell = _card_number_in(cell)
    if cell[-1] != ric.calc_check_digit(cell):
        raise BadCell(_("身份证号校验位不符"), _("对照身份证改正"))
    if not _has_birthday(cell):
        raise BadCell(_("身份证号中的出生日期不存在"), _("对照身份证改正"))
    return str(cell)


def is_card_number(text: str) -> bool:
    """Whether a text is a number of 18 digits with a birthday and a right check digit.

    That of a resident, or of a permit whose number is made like it.
    """
    is_written = bool(_CARD_NUMBER.fullmatch(text))
    return is_written and text[-1] == ric.calc_check_digit(text) and _has_birthday(text)


def lengthened_permit(number: str) -> str:
    """A residence permit's number of 15 digits with its century and check digit; others as is."""
    is_short = len(number) == _SHORT_NUMBER_LENGTH and number.isdecimal()
    return _lengthened(number) if is_short and _is_permit(number[:6]) else number


def _lengthened(number: str) -> str:
    """A number of 15 digits of a person born in the last century, in 18 digits."""
    number = f"{number[:6]}19{number[6:]}"
    return number + str(ric.calc_check_digit(number + "0"))


def _has_birthday(number: str) -> bool:
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return True


def _card_number_in(cell: Cell) -> str:
    """The one number of 18 characters that a cell holds, however it is written."""
    if has_lost_digits(cell):
        raise BadCell(_("身份证号是数字格式，末几位已丢失"), _("把这一列设为文本格式后重新录入"))
    text = folded(cell).upper()
    if not text:
        raise BadCell(_("身份证号为空"), _("补填身份证号"))
    if len(text) == _SHORT_NUMBER_LENGTH and text.isdecimal():
        text = _lengthened(text)
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
def _is_permit(code: str) -> bool:
    """Whether the first six digits of a number say that it is a residence permit's."""
    return any(re.fullmatch(pattern, code) for pattern in values()["residence_permits"])


@lru_cache(maxsize=1_000_000)
def _is_retired(code: str) -> bool:
    if _is_permit(code):
        return False
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
    """A number of people: 5, 5.0, 1,200, 5人."""
    text = folded(cell)
    written = _WHOLE_NUMBER.fullmatch(text)
    if written is None:
        raise BadCell(_("不是整数：{value}").format(value=text or _("空")), _("填写人数"))
    return int(written[1].replace(",", ""))
