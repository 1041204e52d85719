"""The field's words as registers write them -> the law's slugs."""

import re
import unicodedata
from functools import lru_cache

from qualwatch.intake.cells import Cell, credit_code, folded, plain, values
from qualwatch.intake.problems import BadCell
from qualwatch.law.loader import Law
from qualwatch.law.model import ProfessionText
from qualwatch.wording import gettext as _

IDENTITY_CARD = "identity-card"
PERSONAL_PAYER = "personal"
_BETWEEN_WORDS = re.compile(r"[,、;/|+&·\s-]+|和(?=[\u4e00-\u9fff])")
_GRADE_MARKS = re.compile(r"(一级|二级|壹级|贰级|1级|2级|I级|II级)")


def one_of(group: str, cell: Cell, what: str, empty: str) -> str:
    """A word of a group in values.yaml as its slug; `empty` for an empty cell."""
    text = folded(cell)
    if not text:
        return empty
    slug = _words(group).get(text)
    if slug is None:
        possible = "、".join(words[0] for words in values()[group].values())
        sentence = _("{what}认不出：{value}").format(what=what, value=text)
        raise BadCell(sentence, _("改为下列之一：{known}").format(known=possible))
    return slug


def identity_kind(cell: Cell) -> str:
    """The kind of an identity document; an identity card for an empty cell."""
    return one_of("identity_kinds", cell, _("证件类型"), IDENTITY_CARD)


def state(cell: Cell) -> str:
    """A register state; in force for an empty cell."""
    return one_of("states", cell, _("状态"), "in-force")


def payer(cell: Cell) -> str:
    """Who paid: a credit code, or the person alone."""
    return PERSONAL_PAYER if folded(cell) in values()["personal_payers"] else credit_code(cell)


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
        text = folded(cell).removeprefix("国家")
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
        grade = self.grades.get(folded(cell))
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
        whole = by_word.get(folded(cell))
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
