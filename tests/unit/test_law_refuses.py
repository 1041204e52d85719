"""The loader refuses bad texts and names file, line, clause and problem."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from commands import qualwatch
from qualwatch.law.loader import BUILT_IN, load_law
from qualwatch.law.texts_on_disk import LawError, load_yaml

BUILDING = "standards/construction/general-building.yaml"
MINING = "standards/construction/general-mining.yaml"
OFFICE = "standards/supervision/supervision-office.yaml"
POLICY = "policy/shanxi.yaml"
CONSTRUCTOR = (
    "{profession: constructor, grade: grade-1, specialities: [building, mechanical-electrical]}"
)

# (name, file, text there, put instead, part of the clause, part of the sentence)
BROKEN: list[tuple[str, str, str, str, str, str]] = [
    ("an unknown key", BUILDING, "short_name:", "shortname:", "shortname", "未知的键"),
    ("a missing key", BUILDING, "sector: construction\n", "", "sector", "缺少"),
    (
        "a duplicate key",
        BUILDING,
        "sector: construction",
        "sector: construction\nsector: construction",
        "",
        "重复",
    ),
    ("not YAML", BUILDING, "grades:", "grades: [", "", "YAML"),
    ("a number as text", BUILDING, "{number: 50,", "{number: '50',", "number", "应为整数"),
    ("a number of zero", BUILDING, "{number: 50,", "{number: 0,", "number", "正整数"),
    ("an unknown grade", BUILDING, "  special:", "  grade-4:", "grade-4", "不在允许的范围"),
    ("an unknown document", BUILDING, "basis: 2016-226", "basis: 2016-227", "basis", "没有文件"),
    ("an unknown source", BUILDING, "refs: [T05]", "refs: [T95]", "refs", "没有出处"),
    (
        "an unknown profession",
        BUILDING,
        CONSTRUCTOR,
        CONSTRUCTOR.replace("constructor", "builder"),
        "profession",
        "没有注册类别",
    ),
    (
        "a profession that never counts",
        BUILDING,
        CONSTRUCTOR,
        CONSTRUCTOR.replace("constructor", "temporary-constructor"),
        "profession",
        "从不计入",
    ),
    (
        "an unknown speciality",
        BUILDING,
        CONSTRUCTOR,
        CONSTRUCTOR.replace("mechanical-electrical", "gardening"),
        "specialities",
        "没有专业",
    ),
    (
        "a grade the profession lacks",
        BUILDING,
        CONSTRUCTOR,
        CONSTRUCTOR.replace("grade-1", "grade-3"),
        "grade",
        "没有级别",
    ),
    (
        "a floor above its clause",
        BUILDING,
        "{number: 9, basis: 2014-159}",
        "{number: 12, basis: 2014-159}",
        "of_which",
        "不小于总数",
    ),
    (
        "a floor of other people",
        BUILDING,
        "specialities: [building]}",
        "specialities: [water]}",
        "of_which",
        "一部分",
    ),
    (
        "a floor that ends on another day",
        BUILDING,
        "          at_least:\n            2015-01-01: {number: 9, basis: 2014-159}\n",
        "          at_least:\n            2015-01-02: {number: 9, basis: 2014-159}\n",
        "at_least",
        "起讫日须相同",
    ),
    (
        "days out of order",
        BUILDING,
        "2016-11-01: {number: null, basis: 2016-226}\n          2023-09-15",
        "2024-11-01: {number: null, basis: 2016-226}\n          2023-09-15",
        "at_least",
        "由早到晚",
    ),
    (
        "a figure before its standard",
        BUILDING,
        "2015-01-01: {number: 12",
        "2014-01-01: {number: 12",
        "at_least",
        "早于标准",
    ),
    (
        "measured as itself",
        BUILDING,
        "{grade: grade-3, basis: 2022-361",
        "{grade: grade-2, basis: 2022-361",
        "measured_as",
        "没有可比照",
    ),
    (
        "a low figure used for short",
        MINING,
        "confidence: high\n      usable_for_short: true",
        "confidence: low\n      usable_for_short: true",
        "usable_for_short",
        "把握低",
    ),
    (
        "an unknown figure used for short",
        BUILDING,
        "{number: 50,",
        "{number: unknown,",
        "number",
        "未知的数字",
    ),
    (
        "a file named otherwise",
        BUILDING,
        "category: general-building",
        "category: general-house",
        "category",
        "与文件名相同",
    ),
    (
        "two categories of one name",
        MINING,
        "name: 矿山工程施工总承包",
        "name: 建筑工程施工总承包",
        "name",
        "重复",
    ),
    (
        "an unknown pool",
        "standards/supervision/supervision-comprehensive.yaml",
        "accept: cost-engineers",
        "accept: cost-people",
        "accept",
        "没有人员类别",
    ),
    (
        "stock that ends before it begins",
        OFFICE,
        "stock_ends_on: 2026-06-30",
        "stock_ends_on: 2020-06-30",
        "stock_ends_on",
        "早于取消日",
    ),
    (
        "requirements beside no_clause",
        OFFICE,
        "    not_judged:",
        "    no_clause: {confidence: high, source: seen, refs: []}\n    not_judged:",
        "no_clause",
        "没有条款",
    ),
    (
        "a day that does not exist",
        OFFICE,
        "2007-08-01: {number: 3",
        "2007-02-30: {number: 3",
        "",
        "",
    ),
    (
        "an unknown policy switch",
        "standards/supervision/supervision-comprehensive.yaml",
        "policy: one_person_for_both_head_counts",
        "policy: one_person",
        "strong_if",
        "政策中没有",
    ),
    (
        "a policy period of no months",
        POLICY,
        "yellow_period_months: {2023-05-01: {value: 2",
        "yellow_period_months: {2023-05-01: {value: 0",
        "yellow_period_months",
        "正整数",
    ),
    (
        "a policy key unknown",
        POLICY,
        "  yellow_period_months:",
        "  yellow_period_weeks:",
        "yellow_period",
        "",
    ),
    (
        "a policy value without a reason",
        POLICY,
        "because: '黄牌不公布'",
        "because: ''",
        "public_funnel_begins_at",
        "理由",
    ),
    (
        "a policy value of another kind",
        POLICY,
        "value: number-and-trade",
        "value: number-or-trade",
        "counting",
        "不在允许的范围",
    ),
    (
        "a policy source unknown",
        POLICY,
        "source: civil-procedure",
        "source: civil",
        "public_notice_service_days",
        "没有文件",
    ),
    ("an unknown reporter", POLICY, "'zone:140171']", "'zone:140172']", "reporters", "没有辖区"),
    (
        "a calendar year without basis",
        "calendar/state-council.yaml",
        "years: {}",
        "years: {2027: {rest: [], work: []}}",
        "basis",
        "缺少",
    ),
    (
        "no such pool's profession",
        "pools.yaml",
        "{profession: architect, grade: grade-1, specialities: any}",
        "{profession: architect, level: grade-1, specialities: any}",
        "level",
        "未知的键",
    ),
]


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str, str, str], Path]:
    def write_text(file: str, old: str, new: str) -> Path:
        folder = tmp_path / "law"
        shutil.copytree(BUILT_IN, folder)
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text, (file, old)
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return write_text


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "clause", "sentence"), BROKEN, ids=[case[0] for case in BROKEN]
)
def test_a_broken_text_is_refused(
    broken: Callable[[str, str, str], Path],
    name: str,
    file: str,
    old: str,
    new: str,
    clause: str,
    sentence: str,
) -> None:
    folder = broken(file, old, new)
    original = (BUILT_IN / file).read_text(encoding="utf-8")
    with pytest.raises(LawError) as caught:
        load_law(folder)
    mine = [
        law_problem
        for law_problem in caught.value.problems
        if Path(law_problem.file).name == Path(file).name
    ]
    assert mine, caught.value.problems
    matching = [
        law_problem
        for law_problem in mine
        if clause in law_problem.clause and sentence in law_problem.sentence
    ]
    assert matching, mine
    first_changed = original[: original.index(old)].count("\n") + 1
    if name not in ("a missing key", "not YAML"):
        nearest = min(abs(law_problem.line - first_changed) for law_problem in matching)
        assert nearest <= old.count("\n") + new.count("\n") + 12, (matching, first_changed)


def test_the_reported_line_is_exact(broken: Callable[[str, str, str], Path]) -> None:
    folder = broken(BUILDING, "{number: 50,", "{number: 0,")
    text = (folder / BUILDING).read_text(encoding="utf-8")
    line = next(n for n, line in enumerate(text.splitlines(), 1) if "{number: 0," in line)
    with pytest.raises(LawError) as caught:
        load_law(folder)
    assert [(law_problem.file, law_problem.line) for law_problem in caught.value.problems] == [
        (BUILDING, line)
    ]
    assert (
        caught.value.problems[0].clause
        == "grades.special.requirements[0].clauses[0].at_least.2007-03-13.number"
    )


@pytest.mark.parametrize(
    ("original", "replacement", "sentence"),
    [
        ("sector: construction", "sector: construction\nsector: construction", "重复"),
        ("2015-01-01: {number: 12", "2015-02-30: {number: 12", "没有这一天"),
        ("grades:", "grades: [", "YAML"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(
    broken: Callable[[str, str, str], Path], original: str, replacement: str, sentence: str
) -> None:
    """The C reader stops there; the line is its own."""
    folder = broken(BUILDING, original, replacement)
    with pytest.raises(LawError) as caught:
        load_law(folder)
    [problem] = [problem for problem in caught.value.problems if problem.file == BUILDING]
    assert sentence in problem.sentence
    if sentence != "YAML":
        text = (folder / BUILDING).read_text(encoding="utf-8").splitlines()
        assert replacement.rpartition("\n")[2] in text[problem.line - 1]
        assert replacement.partition("\n")[0] not in text[problem.line :]


def test_plain_words_and_digits_mean_what_they_look_like(tmp_path: Path) -> None:
    """YAML 1.1, which PyYAML reads otherwise, takes these for true, an octal and a sexagesimal."""
    path = tmp_path / "a.yaml"
    path.write_text(
        "{on: 012, b: 1:30, c: 1.5, d: 2026-05-20, e: ~, f: true, g: FALSE, h: Null}",
        encoding="utf-8",
    )
    assert load_yaml(path) == {
        "on": 12,
        "b": "1:30",
        "c": 1.5,
        "d": date(2026, 5, 20),
        "e": None,
        "f": True,
        "g": False,
        "h": None,
    }


@pytest.mark.parametrize("file", ["documents.yaml", "pools.yaml"])
def test_a_list_where_a_map_belongs_is_refused(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "law"
    shutil.copytree(BUILT_IN, folder)
    (folder / file).write_text("[]", encoding="utf-8")
    with pytest.raises(LawError, match="键值表"):
        load_law(folder)


def test_lint_lists_every_problem_and_check_gives_one_sentence(
    broken: Callable[[str, str, str], Path], tmp_path: Path
) -> None:
    folder = broken(BUILDING, "{number: 50,", "{number: 0,")
    (folder / MINING).write_text(
        (folder / MINING).read_text(encoding="utf-8").replace("A30", "A930"), encoding="utf-8"
    )
    result = qualwatch("standards", "lint", folder)
    assert result.status == 2
    assert len(result.out.splitlines()) > 1
    assert f"{BUILDING}:" in result.out
    checked = qualwatch("check", tmp_path, "--as-of", "2026-05-20", "--law", folder)
    assert (checked.status, len(checked.err.strip().splitlines())) == (2, 1)


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(LawError):
            load_law(folder)


def test_there_are_at_least_20_kinds_of_broken_files() -> None:
    assert len({case[0] for case in BROKEN}) == len(BROKEN) >= 20
