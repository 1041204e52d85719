"""Loads a folder of law texts and refuses it when anything in it is wrong."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from qualwatch.law import calendar, checks
from qualwatch.law.corpus import Law
from qualwatch.law.model import (
    AcceptText,
    CalendarText,
    CategoryText,
    CountingRuleText,
    DivisionsText,
    DocumentText,
    OutOfScopeText,
    ProfessionsText,
    SourceText,
    Text,
)
from qualwatch.law.policy import PolicyText
from qualwatch.law.texts_on_disk import (
    BUILT_IN,
    LawError,
    LawProblem,
    TextFile,
    read_text,
    read_yaml,
    validated,
)
from qualwatch.wording import gettext as _

__all__ = ["BUILT_IN", "Law", "current_law", "digest_of", "load_law"]

T = TypeVar("T", bound=Text)

POLICY = "policy/shanxi.yaml"


@dataclass(slots=True)
class _Reading:
    """One pass over a folder: the problems met, each file named relative to the folder."""

    folder: Path
    problems: list[LawProblem] = field(default_factory=list)

    def text(self, model: type[T], path: Path) -> tuple[T, TextFile] | None:
        """One file as its model; None with the problems noted."""
        inside = self.folder in path.parents
        name = path.relative_to(self.folder).as_posix() if inside else str(path)
        try:
            return read_text(model, path, name)
        except LawError as error:
            self.problems += error.problems
            return None

    def texts(self, model: type[T], name: str) -> dict[str, T]:
        """A file that maps slugs to texts."""
        texts = {}
        try:
            file = read_yaml(self.folder / name)
            for slug in _parts(file, (), dict):
                texts[str(slug)] = validated(model, file, (slug,))
        except LawError as error:
            self.problems += error.problems
        return texts

    def pools(self) -> dict[str, list[AcceptText]]:
        """Lists of accepted registrations, by slug."""
        pools = {}
        try:
            file = read_yaml(self.folder / "pools.yaml")
            for slug in _parts(file, (), dict):
                indexes = _parts(file, (slug,), list)
                pools[str(slug)] = [validated(AcceptText, file, (slug, n)) for n in indexes]
        except LawError as error:
            self.problems += error.problems
        return pools

    def note(self, file: TextFile, faults: Iterable[checks.Fault]) -> None:
        """The faults that the checks found in a file."""
        self.problems += [file.problem(path, sentence) for path, sentence in faults]


def _parts(file: TextFile, path: tuple[Any, ...], kind: type[dict[Any, Any] | list[Any]]) -> Any:
    """The keys of the map or the indexes of the list at `path`; LawError where it is neither."""
    data = file.data
    for key in path:
        data = data[key]
    if not isinstance(data, kind):
        sentence = _("应为键值表") if kind is dict else _("应为列表")
        raise LawError([file.problem(path, sentence)])
    return data if isinstance(data, dict) else range(len(data))


def load_law(folder: Path | None = None, policy_file: Path | None = None) -> Law:
    """The law in `folder` (the built-in one without it).

    `policy_file` takes the place of the folder's own policy. Raises LawError listing every problem
    with file, line and clause.
    """
    return _loaded(folder or BUILT_IN, policy_file)


@cache
def current_law() -> Law:
    """The built-in law, read once in this process."""
    return load_law()


def digest_of(files: Mapping[str, Path]) -> str:
    """SHA-256 of the texts, by their names within a folder of the law."""
    digest = sha256()
    for name, path in sorted(files.items()):
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=8)
def _loaded(folder: Path, policy_file: Path | None) -> Law:
    if not folder.is_dir():
        raise LawError([LawProblem(str(folder), 1, "", _("没有这个文件夹"))])
    reading = _Reading(folder)
    professions = reading.text(ProfessionsText, folder / "professions.yaml")
    divisions = reading.text(DivisionsText, folder / "divisions.yaml")
    days = reading.text(CalendarText, folder / calendar.FILE)
    policy = reading.text(PolicyText, policy_file or folder / POLICY)
    documents = reading.texts(DocumentText, "documents.yaml")
    sources = reading.texts(SourceText, "sources.yaml")
    counting_rules = reading.texts(CountingRuleText, "counting-rules.yaml")
    out_of_scope = reading.texts(OutOfScopeText, "out-of-scope.yaml")
    pools = reading.pools()
    categories = list(_categories(reading))
    if not (professions and divisions and days and policy):
        raise LawError(reading.problems)
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.yaml"))}
    files |= {POLICY: policy_file} if policy_file else {}
    law = Law(
        documents=documents,
        sources=sources,
        counting_rules=counting_rules,
        professions=professions[0].professions,
        profession_grades=professions[0].grades,
        pools=pools,
        categories={text.category: text for text, _file in categories},
        out_of_scope=out_of_scope,
        divisions=divisions[0],
        calendar=calendar.calendar_from(days[0]),
        policy=policy[0],
        digest=digest_of(files),
        files=files,
    )
    for text, file in categories:
        reading.note(file, checks.category_faults(law, text))
    reading.note(policy[1], checks.policy_faults(law, policy[0]))
    if reading.problems:
        raise LawError(reading.problems)
    return law


def _categories(reading: _Reading) -> Iterator[tuple[CategoryText, TextFile]]:
    """Every category that can be read, with its file."""
    files_by_name: dict[str, str] = {}
    paths = sorted((reading.folder / "standards").glob("*/*.yaml"))
    if not paths:
        reading.problems.append(LawProblem("standards", 1, "", _("没有资质标准文件")))
    for path in paths:
        read = reading.text(CategoryText, path)
        if read is None:
            continue
        text, file = read
        if text.category != path.stem:
            reading.note(file, [(("category",), _("须与文件名相同"))])
        if text.name in files_by_name:
            sentence = _("名称与 {0} 重复").format(files_by_name[text.name])
            reading.note(file, [(("name",), sentence)])
        files_by_name[text.name] = file.name
        yield text, file
