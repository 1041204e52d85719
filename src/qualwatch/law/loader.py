"""Loads a folder of law texts and refuses it when anything in it is wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from qualwatch.law import checks
from qualwatch.law.calendar import Calendar, calendar_from
from qualwatch.law.model import (
    AcceptText,
    CalendarText,
    CategoryText,
    CountingRuleText,
    DivisionsText,
    DocumentText,
    OutOfScopeText,
    ProfessionsText,
    ProfessionText,
    SourceText,
    Text,
)
from qualwatch.law.policy import Policy, PolicyText, policy_on
from qualwatch.law.texts_on_disk import (
    LawError,
    LawProblem,
    clause_of,
    line_of,
    read_text,
    read_yaml,
    validated,
)
from qualwatch.wording import gettext as _

BUILT_IN = Path(__file__).parent / "texts"
T = TypeVar("T", bound=Text)

POLICY = "policy/shanxi.yaml"


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """All texts of the law, by slug. `digest` is the SHA-256 of the files, in name order."""

    documents: dict[str, DocumentText]
    sources: dict[str, SourceText]
    counting_rules: dict[str, CountingRuleText]
    professions: dict[str, ProfessionText]
    profession_grades: dict[str, list[str]]
    pools: dict[str, list[AcceptText]]
    categories: dict[str, CategoryText]
    out_of_scope: dict[str, OutOfScopeText]
    divisions: DivisionsText
    calendar: Calendar
    policy: PolicyText
    digest: str
    files: Mapping[str, Path]  # every file that was read, by its name within a folder of the law

    def accepts(self, accept: str | list[AcceptText]) -> list[AcceptText]:
        """What a clause accepts, a pool's name resolved."""
        return self.pools.get(accept, []) if isinstance(accept, str) else accept

    def policy_on(self, day: date) -> Policy:
        """The policy's values that hold on `day`."""
        return policy_on(self.policy, day)

    def area_of(self, division_code: str | None) -> str | None:
        """The supervising area of a place of registration; None = outside the province or unknown."""
        division = self.divisions.divisions.get(division_code or "")
        return division.area if division else None

    def doc_no(self, document: str) -> str:
        """A document's official number."""
        return self.documents[document].doc_no


@dataclass(slots=True)
class _Reading:
    """One pass over a folder: what was read, and every problem met."""

    folder: Path
    problems: list[LawProblem] = field(default_factory=list)

    def one(self, model: type[T], path: Path) -> tuple[T | None, Any]:
        try:
            return read_text(model, path)
        except LawError as error:
            self.problems += [self._placed(problem, path) for problem in error.problems]
            return None, None

    def many(self, model: type[T], name: str) -> dict[str, T]:
        path, found = self.folder / name, {}
        try:
            data = read_yaml(path)
            for key, value in data.items():
                found[str(key)] = validated(model, value, path.name, (key,), data)
        except LawError as error:
            self.problems += error.problems
        return found

    def pools(self) -> dict[str, list[AcceptText]]:
        path, found = self.folder / "pools.yaml", {}
        try:
            data = read_yaml(path)
            for key, values in data.items():
                entries = enumerate(values)
                found[str(key)] = [
                    validated(AcceptText, value, path.name, (key, n), data) for n, value in entries
                ]
        except LawError as error:
            self.problems += error.problems
        return found

    def faults(self, path: Path, data: Any, faults: Iterator[checks.Fault]) -> None:
        from_checks = [
            LawProblem(path.name, line_of(data, p), clause_of(data, p), sentence)
            for p, sentence in faults
        ]
        self.problems += [self._placed(problem, path) for problem in from_checks]

    def _placed(self, problem: LawProblem, path: Path) -> LawProblem:
        inside = self.folder in path.parents
        name = str(path.relative_to(self.folder)) if inside else str(path)
        return LawProblem(name, problem.line, problem.clause, problem.sentence)


def load_law(folder: Path | None = None, policy_file: Path | None = None) -> Law:
    """The law in `folder` (the built-in one without it) under a policy file (the folder's own without it).

    Raises LawError listing every problem with file, line and clause.
    """
    return _loaded(folder or BUILT_IN, policy_file)


@lru_cache(maxsize=8)
def _loaded(folder: Path, policy_file: Path | None) -> Law:
    reading = _Reading(folder)
    if not folder.is_dir():
        raise LawError([LawProblem(str(folder), 1, "", _("没有这个文件夹"))])
    professions, _professions_data = reading.one(ProfessionsText, folder / "professions.yaml")
    divisions, _divisions_data = reading.one(DivisionsText, folder / "divisions.yaml")
    calendar, _calendar_data = reading.one(CalendarText, folder / "calendar" / "state-council.yaml")
    policy_path = policy_file or folder / POLICY
    policy, policy_data = reading.one(PolicyText, policy_path)
    maps = {
        "documents": reading.many(DocumentText, "documents.yaml"),
        "sources": reading.many(SourceText, "sources.yaml"),
        "counting_rules": reading.many(CountingRuleText, "counting-rules.yaml"),
        "out_of_scope": reading.many(OutOfScopeText, "out-of-scope.yaml"),
    }
    pools, texts = reading.pools(), _category_texts(reading)
    if not (professions and divisions and calendar and policy):
        raise LawError(reading.problems)
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.yaml"))}
    files |= {POLICY: policy_file} if policy_file else {}
    law = Law(
        **maps,  # type: ignore[arg-type]  # each key has its own type
        professions=professions.professions,
        profession_grades=professions.grades,
        pools=pools,
        categories={text.category: text for _, text, _ in texts},
        divisions=divisions,
        calendar=calendar_from(calendar),
        policy=policy,
        digest=digest_of(files),
        files=files,
    )
    for path, text, data in texts:
        reading.faults(path, data, checks.category_faults(law, text))
    reading.faults(policy_path, policy_data, checks.policy_faults(law, policy))
    if reading.problems:
        raise LawError(reading.problems)
    return law


@cache
def current_law() -> Law:
    """The built-in law, read once in this process."""
    return load_law()


def _category_texts(reading: _Reading) -> list[tuple[Path, CategoryText, Any]]:
    found: dict[str, tuple[Path, CategoryText, Any]] = {}
    names: dict[str, str] = {}
    paths = sorted((reading.folder / "standards").glob("*/*.yaml"))
    if not paths:
        reading.problems.append(LawProblem("standards", 1, "", _("没有资质标准文件")))
    for path in paths:
        text, data = reading.one(CategoryText, path)
        if text is None:
            continue
        name = str(path.relative_to(reading.folder))
        if text.category != path.stem:
            reading.problems.append(
                LawProblem(name, line_of(data, ("category",)), "category", _("须与文件名相同"))
            )
        if text.name in names:
            sentence = _("名称与 {0} 重复").format(names[text.name])
            reading.problems.append(LawProblem(name, line_of(data, ("name",)), "name", sentence))
        names[text.name] = name
        found[text.category] = (path, text, data)
    return list(found.values())


def digest_of(files: Mapping[str, Path]) -> str:
    """SHA-256 of the texts, by their names within a folder of the law."""
    digest = sha256()
    for name, path in sorted(files.items()):
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
