"""The field's words as registers write them -> the law's slugs."""

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

from qualwatch.intake.cells import (
    Cell,
    credit_code,
    folded,
    folded_as_shown,
    is_card_number,
    is_other_document,
    lengthened_permit,
    plain,
    values,
    without_marks,
)
from qualwatch.intake.problems import BadCell
from qualwatch.law.loader import Law
from qualwatch.law.model import ProfessionText
from qualwatch.wording import gettext as _

IDENTITY_CARD = "identity-card"
OTHER_DOCUMENT = "other-document"
PERSONAL_PAYER = "personal"
REFUNDED = "refunded"  # while reading: the month's payments are in doubt
_BETWEEN_WORDS = re.compile(r"[,、;/|+&·\s-]+|和(?=[\u4e00-\u9fff])")
_GRADE_MARKS = re.compile(r"(一级|二级|壹级|贰级|1级|2级|I级|II级)")


_ZEROS = re.compile(r"(?<=\d)\.0+$")
_DAY_IN_BRACKETS = re.compile(r"\([\d年月日./:-]+\)$")
_CURRENCY = re.compile(r"[\u00a5\uffe5,元]|人民币|RMB")


def one_of(group: str, cell: Cell, what: str, empty: str) -> str:
    """A word of a group in values.yaml as its slug; `empty` for an empty cell."""
    text = folded(cell)
    if not text:
        return empty
    slug = _slug_of(group, text)
    if slug is None:
        possible = "、".join(words[0] for words in values()[group].values())
        sentence = _("{what}认不出：{value}").format(what=what, value=text)
        raise BadCell(sentence, _("改为下列之一：{known}").format(known=possible))
    return slug


def _slug_of(group: str, text: str) -> str | None:
    """The slug of a folded text: as it is written, or without marks around it, `.0` and a day."""
    words = _words(group)
    bare = _ZEROS.sub("", _DAY_IN_BRACKETS.sub("", text)).strip(values()["placeholder_marks"])
    return words.get(text) or words.get(bare) or words.get(bare.lower())


def identity_kind(cell: Cell) -> str:
    """IDENTITY_CARD or OTHER_DOCUMENT; an identity card for an empty cell."""
    return one_of("identity_kinds", cell, _("证件类型"), IDENTITY_CARD)


def sure_identity(cell: Cell) -> tuple[str, str] | None:
    """The document whose number a cell holds, where that is certain whatever kind stands beside it.

    (kind, number); None where the kind has to be known.
    """
    text = without_marks(folded_as_shown(cell).upper()) if isinstance(cell, str) else ""
    text = lengthened_permit(text)
    if is_card_number(text):
        return IDENTITY_CARD, text
    return (OTHER_DOCUMENT, text) if is_other_document(text) else None


def state(cell: Cell) -> str:
    """A register state; in force for an empty cell."""
    return one_of("states", cell, _("状态"), "in-force")


@lru_cache(maxsize=100)
def state_under(heading: str) -> Callable[[Cell], str]:
    """How a column of register states is read: under 是否注销 是 means deregistered."""
    named = {slug for word, slug in values()["heading_states"].items() if word in heading}
    if not _is_asking(heading) or not named or ("in-force" in named and len(named) > 1):
        return state
    if_yes: str | None = named.pop() if len(named) == 1 else None

    def asked_state(cell: Cell) -> str:
        answer = _slug_of("yes_and_no", folded(cell))
        if answer == "yes" and if_yes is not None:
            return if_yes
        if answer == "no":
            return "deregistered" if if_yes == "in-force" else "in-force"
        # neither yes nor no: a state, and never a code of another table
        return state(f"{cell}({heading})" if answer else cell)

    return asked_state


def _is_asking(heading: str) -> bool:
    return any(word in heading for word in values()["asking_headings"])


def insurance_kinds(cell: Cell) -> tuple[str | None, ...]:
    """The kinds of insurance (facts.INSURANCE_KINDS) that a cell names.

    (None,) for an empty cell and for all kinds together.
    """
    text = folded(cell).strip(values()["placeholder_marks"]).lower()
    if not text or text in values()["combined_insurance"]:
        return (None,)
    if coded := values()["insurance_kind_codes"].get(_ZEROS.sub("", text)):
        return (coded,)
    if any(word in text for word in values()["other_insurance"]):
        return ("other",)
    named = values()["insurance_kinds"].items()
    return tuple(kind for kind, words in named if any(word in text for word in words)) or ("other",)


class PaymentCells(NamedTuple):
    """What a row's cells say of a payment; None for a column that is not there, '' for a blank.

    state: one of PAYMENT_STATES or REFUNDED; received, owed: positive, zero, negative or unclear.
    """

    state: str | None
    received: str | None
    owed: str | None


def payment_state(written: PaymentCells) -> str | None:
    """The state of a payment (facts.PAYMENT_STATES), or REFUNDED; None where the register lists
    payments only.

    `unclear` where its cells are blank, not understood, or contradict one another.
    """
    if written == (None, None, None):
        return None
    if "unclear" in written or written.owed == "negative":
        return "unclear"
    if written.state == REFUNDED or written.received == "negative":
        return REFUNDED
    is_owed = written.state == "owed" or written.received == "zero" or written.owed == "positive"
    is_received = written.state == "paid" or written.received == "positive"
    if written.state == "deferred":
        return "unclear" if is_received else "deferred"
    if is_owed:
        return "unclear" if is_received else "owed"
    return "paid" if is_received or written.owed == "zero" else "unclear"


@lru_cache(maxsize=100)
def payment_word_under(heading: str) -> Callable[[Cell], str]:
    """How a column of payment states is read: under 是否欠费 是 means owed. '' for a blank cell."""
    if_yes = "owed" if "欠" in heading else "paid"
    answers = {"yes": if_yes, "no": "paid" if if_yes == "owed" else "owed"}

    def payment_word(cell: Cell) -> str:
        text = folded(cell)
        if _is_asking(heading) and (answer := _slug_of("yes_and_no", text)):
            return answers[answer]
        return _slug_of("payment_states", text) or (text and "unclear")

    return payment_word


def amount(cell: Cell) -> str:
    """Whether an amount of money is positive, zero or negative; unclear for anything else, '' for a
    blank.
    """
    text = _CURRENCY.sub("", folded(cell))
    if not text:
        return folded_as_shown(cell) and "unclear"
    try:
        value = Decimal(text)
    except InvalidOperation:
        return "unclear"
    if not value.is_finite():
        return "unclear"
    if value < 0:
        return "negative"
    return "positive" if value else "zero"


def is_personal_payer(cell: Cell) -> bool:
    """Whether somebody paid for themselves."""
    return folded(cell) in values()["personal_payers"]


def payer(cell: Cell) -> str:
    """Who paid: a credit code, or the person alone."""
    return PERSONAL_PAYER if is_personal_payer(cell) else credit_code(cell)


@lru_cache(maxsize=32)
def _words(group: str) -> dict[str, str]:
    return {
        folded(word) or str(word): slug for slug, words in values()[group].items() for word in words
    }


class Words:
    """Professions, grades, specialities and authorities of a law."""

    def __init__(self, law: Law) -> None:
        self.law = law
        self.grades = {
            folded(word): slug for slug, words in law.profession_grades.items() for word in words
        }
        self.professions: dict[str, tuple[str, str | None]] = {}
        for slug, text in law.professions.items():
            for name in (text.name, *text.aliases):
                self._add_profession(slug, text, folded(name))
            for code, coded in text.codes.items():
                self.professions.setdefault(code, (slug, coded))
        self.specialities = {
            slug: {
                folded(word): speciality
                for speciality, words in text.specialities.items()
                for word in words
            }
            for slug, text in law.professions.items()
        }
        self.areas = {
            area.name.removesuffix("市"): slug for slug, area in law.divisions.areas.items()
        }

    def _add_profession(self, slug: str, text: ProfessionText, name: str) -> None:
        """A profession by its name, and by the name with a grade before, after or inside it."""
        self.professions[name] = (slug, None)
        for word, grade in self.grades.items():
            # one character alone may be part of another word
            if len(word) == 1:
                continue
            if not text.counted and not text.grades:
                self.professions[word + name] = (slug, None)
            elif grade in text.grades:
                self.professions[word + name] = (slug, grade)
                self.professions[name + word] = (slug, grade)
                self.professions[f"{name}({word})"] = (slug, grade)
                if name.startswith("注册"):
                    self.professions["注册" + word + name[2:]] = (slug, grade)

    def profession(self, cell: Cell) -> tuple[str, str | None]:
        """(profession, grade written in the same words or None)."""
        text = _ZEROS.sub("", folded(cell)).removeprefix("国家")
        if not text:
            raise BadCell(_("证书类别为空"), _("填写注册证书类别，如 注册建造师"))
        without_paper = text.removesuffix("证书").removesuffix("注册")
        profession = self.professions.get(text) or self.professions.get(without_paper)
        if profession is None and "(" in text:
            profession = self.professions.get(text[: text.index("(")])
        if profession is None:
            raise BadCell(
                _("证书类别认不出：{value}").format(value=text),
                _("改为注册证书上的类别，如 注册建造师、注册监理工程师"),
            )
        return profession

    def grade(self, cell: Cell, profession: str) -> str | None:
        """A profession's grade; None where it has none, is empty or unreadable."""
        grade = self.grades.get(_ZEROS.sub("", folded(cell)))
        return grade if grade in self.law.professions[profession].grades else None

    def certificates(
        self, profession: Cell, grade: Cell, speciality: Cell
    ) -> tuple[list[tuple[str, str | None, str | None]], list[str], bool]:
        """One certificate per speciality, the words not read, and whether every grade is known.

        A certificate is (profession, grade, speciality).
        """
        slug, own_grade = self.profession(profession)
        grade_of_all = own_grade or self.grade(grade, slug)
        specialities, unparsed = self.speciality_list(speciality, slug)
        certificates = [
            (slug, own_mark or grade_of_all, own_speciality)
            for own_speciality, own_mark in specialities
        ]
        has_grades = bool(self.law.professions[slug].grades)
        graded = not has_grades or all(own_grade for _, own_grade, _ in certificates)
        return certificates, unparsed, graded

    def speciality_list(
        self, cell: Cell, profession: str
    ) -> tuple[list[tuple[str | None, str | None]], list[str]]:
        """((speciality, grade written with it), …) and the words that could not be read.

        A speciality is None where none can be read, '' where the profession has none.
        """
        by_word = self.specialities[profession]
        if not by_word:
            return [("", None)], []
        if not plain(cell):
            return [(self.law.professions[profession].speciality_when_empty, None)], []
        whole = by_word.get(_ZEROS.sub("", folded(cell)))
        if whole:
            return [(whole, None)], []
        specialities: dict[tuple[str | None, str | None], None] = {}
        unparsed = []
        for word in _words_of(cell):
            bare = self._bare(word)
            marks = _GRADE_MARKS.findall(word)
            grade = self.grade(marks[0], profession) if marks else None
            is_only_grade = bool(marks) and not bare.strip(marks[0])
            if bare in by_word:
                specialities[(by_word[bare], grade)] = None
            elif not is_only_grade:
                unparsed.append(word)
        if unparsed or not specialities:
            specialities[(None, None)] = None
        return list(specialities), unparsed

    @staticmethod
    def _bare(word: str) -> str:
        bare = re.sub(r"\(.*?\)", "", word).removesuffix("专业")
        return _GRADE_MARKS.sub("", bare) or bare

    def authority(self, cell: Cell, certificate_no: str) -> tuple[str | None, bool]:
        """(licensing authority, whether the cell was read).

        An empty cell is read from the certificate's number.
        """
        text = folded(cell)
        if not text:
            by_number = re.match(r"^[A-F]W?([12])\d", certificate_no)
            return ({"1": "ministry", "2": "province"}[by_number[1]] if by_number else None), True
        if re.fullmatch(r"(city:14\d{4}|zone:14\d{4}|ministry|province)", text):
            return text, True
        authority = self._authority_by_words(text)
        return authority, authority is not None

    def _authority_by_words(self, text: str) -> str | None:
        words = values()["authorities"]
        if any(word in text for word in words["zone"]):
            return next(slug for slug in self.law.divisions.areas if slug.startswith("zone:"))
        for name, slug in self.areas.items():
            if name in text:
                return slug
        for slug in ("province", "ministry"):
            if any(word in text for word in words[slug]):
                return slug
        return None


def _words_of(cell: Cell) -> list[str]:
    """The words of a list of specialities, folded."""
    parts = _BETWEEN_WORDS.split(unicodedata.normalize("NFKC", plain(cell)))
    return [word for word in map(folded, parts) if word]
