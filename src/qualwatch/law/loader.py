"""Loads a folder of law texts and refuses it when anything in it is wrong."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from qualwatch.law import calendar, checks
from qualwatch.law.corpus import Law
from qualwatch.law.model import (
    AcceptText,
    CalendarChangeText,
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
# What the office has loaded since, in the order of the names.
POLICY_VERSIONS = "policy/versions/*.yaml"
CALENDAR_CHANGES = f"{calendar.CHANGES}/*.yaml"
STANDARDS = "standards/*/*.yaml"
Texts = Mapping[str, Path]


@dataclass(slots=True)
class _Reading:
    """One pass over a folder: the problems met, each file named relative to the folder."""

    folder: Path
    files: Texts  # by their names within a folder of the law
    problems: list[LawProblem] = field(default_factory=list)

    def text(self, model: type[T], name: str) -> tuple[T, TextFile] | None:
        """One file as its model; None with the problems noted."""
        path = self.files.get(name, self.folder / name)
        is_own = path == self.folder / name
        try:
            return read_text(model, path, name if is_own else str(path))
        except LawError as error:
            self.problems += error.problems
            return None

    def texts(self, model: type[T], name: str) -> dict[str, T]:
        """A file that maps slugs to texts."""
        texts = {}
        try:
            file = read_yaml(self.files.get(name, self.folder / name))
            for slug in _parts(file, (), dict):
                texts[str(slug)] = validated(model, file, (slug,))
        except LawError as error:
            self.problems += error.problems
        return texts

    def pools(self) -> dict[str, list[AcceptText]]:
        """Lists of accepted registrations, by slug."""
        pools = {}
        try:
            file = read_yaml(self.files.get("pools.yaml", self.folder / "pools.yaml"))
            for slug in _parts(file, (), dict):
                indexes = _parts(file, (slug,), list)
                pools[str(slug)] = [validated(AcceptText, file, (slug, n)) for n in indexes]
        except LawError as error:
            self.problems += error.problems
        return pools

    def matching(self, pattern: str) -> list[str]:
        """The names of files that fit a pattern, in order."""
        return [name for name in sorted(self.files) if fnmatch(name, pattern)]

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


def load_law(
    folder: Path | None = None, policy_file: Path | None = None, texts: Texts | None = None
) -> Law:
    """The law in `folder` (the built-in one without it).

    `policy_file` takes the place of the folder's own policy. `texts`: more files by their names
    within a folder of the law; one of the same name takes the place of the folder's. Raises
    LawError listing every problem with file, line and clause.
    """
    return _loaded(folder or BUILT_IN, policy_file, tuple(sorted((texts or {}).items())))


def _nothing() -> None:
    """A source that remembers nothing has nothing to forget."""


_source: list[Callable[[], Law]] = [load_law]
_forget: list[Callable[[], None]] = [_nothing]
_law_of_request: ContextVar[list[Law] | None] = ContextVar("law_of_request", default=None)


def set_source(source: Callable[[], Law], forget: Callable[[], None] = _nothing) -> None:
    """Says where the law in force today comes from: an office hands over what it has loaded.

    forget: makes a source that remembers its last answer ask again.
    """
    _source[0], _forget[0] = source, forget


def law_changed() -> None:
    """A text was put in force: this process asks again."""
    _forget[0]()


def current_law() -> Law:
    """The law in force today: the office's, or the built-in one where there is no office."""
    answered = _law_of_request.get()
    if answered is None:
        return _source[0]()
    if not answered:
        answered.append(_source[0]())
    return answered[0]


@contextmanager
def same_law() -> Iterator[None]:
    """Within it `current_law` is asked for once: a page is made by one law."""
    token = _law_of_request.set([])
    try:
        yield
    finally:
        _law_of_request.reset(token)


def digest_of(files: Mapping[str, Path]) -> str:
    """SHA-256 of the texts, by their names within a folder of the law."""
    digest = sha256()
    for name, path in sorted(files.items()):
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=8)
def _loaded(folder: Path, policy_file: Path | None, texts: tuple[tuple[str, Path], ...]) -> Law:
    if not folder.is_dir():
        raise LawError([LawProblem(str(folder), 1, "", _("没有这个文件夹"))])
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.yaml"))}
    files |= dict(texts)
    if policy_file:
        files = {name: path for name, path in files.items() if not fnmatch(name, POLICY_VERSIONS)}
        files[POLICY] = policy_file
    reading = _Reading(folder, files)
    professions = reading.text(ProfessionsText, "professions.yaml")
    divisions = reading.text(DivisionsText, "divisions.yaml")
    days = reading.text(CalendarText, calendar.FILE)
    policy = reading.text(PolicyText, POLICY)
    documents = reading.texts(DocumentText, "documents.yaml")
    sources = reading.texts(SourceText, "sources.yaml")
    counting_rules = reading.texts(CountingRuleText, "counting-rules.yaml")
    out_of_scope = reading.texts(OutOfScopeText, "out-of-scope.yaml")
    pools = reading.pools()
    categories = list(_categories(reading))
    if not (professions and divisions and days and policy):
        raise LawError(reading.problems)
    changes = _all_of(reading, CalendarChangeText, CALENDAR_CHANGES)
    versions = _all_of(reading, PolicyText, POLICY_VERSIONS)
    versions.sort(key=lambda version: version[0].in_force_from)
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
        calendar=calendar.calendar_from(days[0], [change for change, _file in changes]),
        policies=(policy[0], *(version for version, _file in versions)),
        digest=digest_of(files),
        files=files,
    )
    for text, file in categories:
        reading.note(file, checks.category_faults(law, text))
    for version, file in (policy, *versions):
        reading.note(file, checks.policy_faults(law, version))
    for change, file in changes:
        reading.note(file, checks.calendar_faults(days[0], change))
    if reading.problems:
        raise LawError(reading.problems)
    return law


def _all_of(reading: _Reading, model: type[T], pattern: str) -> list[tuple[T, TextFile]]:
    """Every file of a pattern that can be read."""
    texts = (reading.text(model, name) for name in reading.matching(pattern))
    return [text for text in texts if text is not None]


def _categories(reading: _Reading) -> Iterator[tuple[CategoryText, TextFile]]:
    """Every category that can be read, with its file."""
    files_by_name: dict[str, str] = {}
    names = reading.matching(STANDARDS)
    if not names:
        reading.problems.append(LawProblem("standards", 1, "", _("没有资质标准文件")))
    for name in names:
        read = reading.text(CategoryText, name)
        if read is None:
            continue
        text, file = read
        if text.category != Path(name).stem:
            reading.note(file, [(("category",), _("须与文件名相同"))])
        if text.name in files_by_name:
            sentence = _("名称与 {0} 重复").format(files_by_name[text.name])
            reading.note(file, [(("name",), sentence)])
        files_by_name[text.name] = file.name
        yield text, file
