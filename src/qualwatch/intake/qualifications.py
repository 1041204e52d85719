"""资质名称 as offices write it, or a national item code -> category, sub-item, grade."""

import re
from dataclasses import dataclass

from qualwatch.intake.cells import Cell, folded, plain, values
from qualwatch.intake.problems import BadCell
from qualwatch.law.loader import Law
from qualwatch.law.model import GRADE_NAMES, CategoryText
from qualwatch.wording import gettext as _

_CODE = re.compile(r"^([DE]\d{3}|E1X|E3X)([TABCX]?)$")
_GRADE = re.compile(r"(特级|[一二三壹贰叁123甲乙丙]级|不分等级|不分级|(?<![A-Za-z])(?:III|II|I)级)")
_GRADE_WORDS = {
    "特": "special",
    "一": "grade-1",
    "壹": "grade-1",
    "1": "grade-1",
    "I": "grade-1",
    "二": "grade-2",
    "贰": "grade-2",
    "2": "grade-2",
    "II": "grade-2",
    "三": "grade-3",
    "叁": "grade-3",
    "3": "grade-3",
    "III": "grade-3",
    "甲": "grade-a",
    "乙": "grade-b",
    "丙": "grade-c",
    "不分等": "ungraded",
    "不分": "ungraded",
}
_CODE_LETTERS = {
    "construction": {
        "T": "special",
        "A": "grade-1",
        "B": "grade-2",
        "C": "grade-3",
        "X": "ungraded",
    },
    "supervision": {"A": "grade-a", "B": "grade-b", "C": "grade-c", "X": "ungraded"},
}
_NOISE = re.compile(
    r"(建筑业企业资质证书|工程监理企业资质证书|建筑业企业资质|工程监理企业资质|建筑业企业|[-_—–:：·|/]|资质$)"
)


@dataclass(frozen=True, slots=True)
class Qualification:
    """What a row names. grade '' where it names none."""

    category: str
    sub_item: str
    grade: str


class QualificationNames:
    """All spellings of all categories of a law."""

    def __init__(self, law: Law) -> None:
        self.law = law
        self.names: dict[str, str] = {}
        self.codes = {
            text.platform_code: slug for slug, text in law.categories.items() if text.platform_code
        }
        trades = law.professions["supervising-engineer"].specialities
        for slug, text in law.categories.items():
            trade = slug.removeprefix("supervision-")
            words = [word for word in trades.get(trade, ()) if not word.isdigit()]
            aliases = values()["qualification_aliases"].get(slug, ())
            for name in (*_spellings(text, words), *aliases):
                self.names.setdefault(folded(name), slug)
                self.names.setdefault(_core(folded(name)), slug)

    def read(
        self, name: Cell, grade: Cell = None, sub_item: Cell = None, *, needs_grade: bool = True
    ) -> Qualification:
        """Category, sub-item and grade of a row.

        BadCell where they are unknown or contradict each other.
        """
        text = folded(name)
        if not text:
            raise BadCell(_("资质名称为空"), _("填写资质名称，如 建筑工程施工总承包"))
        category, inside, in_brackets = self._category(text)
        if category is None:
            return self._out_of_scope(name, grade)
        category_text = self.law.categories[category]
        own_grade = self._grade(category, inside, folded(grade), text)
        part = self._sub_item(category_text, folded(sub_item) or in_brackets)
        if not own_grade and needs_grade:
            raise BadCell(_("没有资质等级"), _("在等级一列填写，如 二级"))
        grades = category_text.grades_of(part)
        if own_grade and grades and own_grade not in grades:
            names = {"name": category_text.name, "grade": GRADE_NAMES[own_grade]}
            known_grades = "、".join(GRADE_NAMES[slug] for slug in grades)
            raise BadCell(
                _("{name}没有{grade}").format(**names),
                _("改为下列之一：{known}").format(known=known_grades),
            )
        return Qualification(category, part, own_grade)

    def _out_of_scope(self, name: Cell, grade: Cell) -> Qualification:
        """A qualification that the law knows but does not measure; BadCell for any other name."""
        text = folded(name)
        for slug, other in self.law.out_of_scope.items():
            if any(mark in text for mark in other.marks):
                return Qualification(slug, plain(name), folded(grade))
        raise BadCell(
            _("资质名称认不出：{value}").format(value=text),
            _("改为资质标准中的名称，如 建筑工程施工总承包"),
        )

    def category_alone(self, name: Cell) -> str | None:
        """The category of a row whose grade or sub-item cannot be read.

        None where the name cannot either.
        """
        return self._category(folded(name))[0]

    def _category(self, text: str) -> tuple[str | None, str, str]:
        """(category, grade written inside, what stands in brackets)."""
        code = _CODE.match(text.upper())
        if code and code[1] in self.codes:
            category = self.codes[code[1]]
            letter = _CODE_LETTERS[self.law.categories[category].sector].get(code[2], "")
            return category, letter, ""
        grades = [match[1] for match in _GRADE.finditer(text)]
        bare = _NOISE.sub("", _GRADE.sub("", text))
        brackets = "".join(re.findall(r"\((.*?)\)", bare)).removesuffix("分项")
        outside = re.sub(r"\(.*?\)", "", bare)
        inside = _GRADE_WORDS[grades[-1].removesuffix("级")] if grades else ""
        plainly = _GRADE.sub("", text)
        candidates = (
            bare,
            outside,
            _tail_first(outside),
            plainly,
            _core(plainly),
            _core(bare),
            _core(_tail_first(_core(outside))),
        )
        for candidate in candidates:
            if candidate in self.names:
                return self.names[candidate], inside, brackets
        with_sub_item, part = self._with_sub_item_inside(bare)
        return (with_sub_item, inside, part) if with_sub_item else (None, "", "")

    def _with_sub_item_inside(self, bare: str) -> tuple[str | None, str]:
        """Category and sub-item of a name that contains the sub-item without brackets."""
        for category, text in self.law.categories.items():
            for part in text.sub_items:
                remaining = _core(bare.replace(part + "分项", "").replace(part, ""))
                if part in bare and self.names.get(remaining) == category:
                    return category, part
        return None, ""

    def _grade(self, category: str, inside: str, cell: str, text: str) -> str:
        grades = {slug for _part, slug, _text in self.law.categories[category].every_grade()}
        match = _GRADE.search(cell) or re.fullmatch(r"([特一二三壹贰叁甲乙丙]|不分等?)", cell)
        written = _GRADE_WORDS[match[1].removesuffix("级")] if match else ""
        if cell and not written:
            raise BadCell(
                _("等级认不出：{value}").format(value=cell),
                _("改为 特级、一级、二级、三级、甲级、乙级、丙级或不分等级"),
            )
        if inside and written and inside != written:
            raise BadCell(
                _("名称里的等级与等级一列不同：{value}").format(value=text),
                _("核对证书后改正其中一处"),
            )
        return inside or written or ("ungraded" if grades == {"ungraded"} else "")

    @staticmethod
    def _sub_item(text: CategoryText, written: str) -> str:
        if text.free_sub_items:
            return written
        if not text.sub_items or not written:
            return ""
        for name in text.sub_items:
            if written == name or (len(written) > 1 and (written in name or name in written)):
                return name
        for name, mark in zip(text.sub_items, ("安全", "机电"), strict=False):
            if mark in written:
                return name
        raise BadCell(
            _("分项认不出：{value}").format(value=written),
            _("改为下列之一：{known}").format(known="、".join(text.sub_items)),
        )


def _core(text: str) -> str:
    """A name without the words that say only what kind of paper it is."""
    if "监理" in text:
        trade = re.sub(r"工程监理|监理|企业|资质|专业|[()]", "", text)
        return f"监理:{trade}"
    return re.sub(r"企业|资质|证书|^建筑业", "", text)


def _tail_first(text: str) -> str:
    """施工总承包建筑工程 -> 建筑工程施工总承包."""
    for head in ("施工总承包", "专业承包"):
        if text.startswith(head) and len(text) > len(head):
            return text.removeprefix(head) + head
    return text


# {} stands for the trade
_SUPERVISION_SHAPES = (
    "工程监理{}专业",
    "工程监理{}",
    "{}监理",
    "{}专业监理",
    "{}专业",
    "{}工程监理",
    "工程监理企业{}专业",
    "监理{}专业",
    "监理{}",
    "{}专业工程监理",
)
_GENERAL_ENDINGS = ("施工总承包", "总承包", "工程施工总承包")
_SPECIALIST_ENDINGS = ("专业承包", "工程专业承包")


def _spellings(text: CategoryText, trade_words: list[str]) -> list[str]:
    short = text.short_name
    stem = short.removesuffix("工程")
    stems = (short, stem)
    if text.sequence == "general":
        return [text.name, *(name + ending for name in stems for ending in _GENERAL_ENDINGS)]
    if text.sequence == "specialist":
        endings = _SPECIALIST_ENDINGS
        return [text.name, *(name + ending for name in stems for ending in endings), short]
    if text.sequence == "supervision-professional":
        names = [short, stem, short.replace("与", ""), stem.replace("与", ""), *trade_words]
        return [text.name, *(shape.format(name) for name in names for shape in _SUPERVISION_SHAPES)]
    return [text.name]
