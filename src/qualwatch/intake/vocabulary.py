"""The field's words as registers write them -> the law's slugs."""

import re
import unicodedata
from functools import lru_cache

from qualwatch.intake.cells import Cell, credit_code, folded, plain, values
from qualwatch.intake.problems import BadCell
from qualwatch.law.loader import Law
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
    found = _words(group).get(text)
    if found is None:
        known = "、".join(words[0] for words in values()[group].values())
        sentence = _("{what}认不出：{value}").format(what=what, value=text)
        raise BadCell(sentence, _("改为下列之一：{known}").format(known=known))
    return found


def identity_kind(cell: Cell) -> str:
    """The kind of an identity document; an identity card where nothing is said."""
    return one_of("identity_kinds", cell, _("证件类型"), IDENTITY_CARD)


def state(cell: Cell) -> str:
    """A register state; in force where nothing is said."""
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
                self.professions[folded(name)] = (slug, None)
                for word, grade in self.grades.items():
                    if not text.counted and not text.grades and len(word) > 1:
                        self.professions[word + folded(name)] = (slug, None)
                    elif grade in text.grades and len(word) > 1:
                        self.professions[word + folded(name)] = (slug, grade)
                        self.professions[folded(name) + word] = (slug, grade)
                        self.professions[f"{folded(name)}({word})"] = (slug, grade)
                        if name.startswith("注册"):
                            self.professions["注册" + word + folded(name)[2:]] = (slug, grade)
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

    def profession(self, cell: Cell) -> tuple[str, str | None]:
        """(profession, grade written in the same words or None)."""
        text = folded(cell).removeprefix("国家")
        if not text:
            raise BadCell(_("证书类别为空"), _("填写注册证书类别，如 注册建造师"))
        found = self.professions.get(text) or self.professions.get(
            text.removesuffix("证书").removesuffix("注册")
        )
        if found is None and "(" in text:
            found = self.professions.get(text[: text.index("(")])
        if found is None:
            raise BadCell(
                _("证书类别认不出：{value}").format(value=text),
                _("改为注册证书上的类别，如 注册建造师、注册监理工程师"),
            )
        return found

    def grade(self, cell: Cell, profession: str) -> str | None:
        """A profession's grade; None where it has none, is empty or unreadable."""
        found = self.grades.get(folded(cell))
        return found if found in self.law.professions[profession].grades else None

    def certificates(
        self, profession: Cell, grade: Cell, speciality: Cell
    ) -> tuple[list[tuple[str, str | None, str | None]], list[str], bool]:
        """(profession, grade, speciality) of each speciality, the words not read, and whether every grade is known."""
        slug, own = self.profession(profession)
        whole = own or self.grade(grade, slug)
        specialities, unparsed = self.speciality_list(speciality, slug)
        graded = not self.law.professions[slug].grades or all(
            mark or whole for _speciality, mark in specialities
        )
        return [(slug, mark or whole, one) for one, mark in specialities], unparsed, graded

    def speciality_list(
        self, cell: Cell, profession: str
    ) -> tuple[list[tuple[str | None, str | None]], list[str]]:
        """((speciality, grade written with it), …) and the words that could not be read.

        A speciality is None where none can be read, '' where the profession has none.
        """
        known = self.specialities[profession]
        if not known:
            return [("", None)], []
        if not plain(cell):
            return [(self.law.professions[profession].speciality_when_empty, None)], []
        whole = known.get(folded(cell))
        if whole:
            return [(whole, None)], []
        words = [
            folded(word)
            for word in _BETWEEN_WORDS.split(unicodedata.normalize("NFKC", plain(cell)))
            if folded(word)
        ]
        found: dict[tuple[str | None, str | None], None] = {}
        unparsed = []
        for word in words:
            bare, marks = self._bare(word), _GRADE_MARKS.findall(word)
            grade = self.grade(marks[0], profession) if marks else None
            if bare in known:
                found[(known[bare], grade)] = None
            elif not (marks and not bare.strip(marks[0])):
                unparsed.append(word)
        if unparsed or not found:
            found[(None, None)] = None
        return list(found), unparsed

    @staticmethod
    def _bare(word: str) -> str:
        bare = re.sub(r"\(.*?\)", "", word).removesuffix("专业")
        return _GRADE_MARKS.sub("", bare) or bare

    def authority(self, cell: Cell, certificate_no: str) -> tuple[str | None, bool]:
        """(licensing authority, whether the cell was read); an empty cell is read from the certificate's number."""
        text = folded(cell)
        by_number = re.match(r"^[A-F]W?([12])\d", certificate_no)
        if not text:
            return ({"1": "ministry", "2": "province"}[by_number[1]] if by_number else None), True
        if re.fullmatch(r"(city:14\d{4}|zone:14\d{4}|ministry|province)", text):
            return text, True
        words = values()["authorities"]
        if any(word in text for word in words["zone"]):
            return next(slug for slug in self.law.divisions.areas if slug.startswith("zone:")), True
        for name, slug in self.areas.items():
            if name in text:
                return slug, True
        for slug in ("province", "ministry"):
            if any(word in text for word in words[slug]):
                return slug, True
        return None, False
