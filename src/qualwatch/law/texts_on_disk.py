"""Reading YAML with libyaml, and saying where a text is wrong.

Line numbers are looked up only when there is a problem to report: the text is then parsed a second
time into nodes, which carry their positions.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from qualwatch.law.model import Text
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

BUILT_IN = Path(__file__).parent / "texts"
T = TypeVar("T", bound=Text)
Path_ = tuple[Any, ...]


@dataclass(frozen=True, slots=True, order=True)
class LawProblem:
    """One fault in a text: file, line (from 1), clause (path inside the file), and a sentence."""

    file: str
    line: int
    clause: str
    sentence: str

    def __str__(self) -> str:
        clause = self.clause or _("（文件）")
        return f"{self.file}:{self.line}: {clause}: {self.sentence}"


class LawError(Exception):
    """The law's files cannot be used; `problems` says where and why."""

    def __init__(self, problems: Sequence[LawProblem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


SENTENCES = {
    "missing": _n("缺少必填项"),
    "extra_forbidden": _n("未知的键，请核对拼写"),
    "int_type": _n("应为整数"),
    "string_type": _n("应为文字"),
    "bool_type": _n("应为 true 或 false"),
    "date_type": _n("应为日期（YYYY-MM-DD）"),
    "list_type": _n("应为列表"),
    "dict_type": _n("应为键值表"),
    "model_type": _n("应为键值表"),
    "literal_error": _n("取值不在允许的范围内"),
}


class _Refused(yaml.MarkedYAMLError):
    """Valid YAML that a text may not contain; `problem` is a marked sentence."""


class _Loader(yaml.CSafeLoader):
    """Plain values by the core schema of YAML 1.2, where `on` and `012` mean what they look like.

    Duplicate keys and days that do not exist are refused.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012  # PyYAML reads it from the class

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep)
        if len(mapping) < len(node.value):
            raise _Refused(problem=_n("同一处有重复的键"), problem_mark=self._duplicate(node))
        return mapping

    def _duplicate(self, node: yaml.MappingNode) -> yaml.Mark:
        keys: set[Any] = set()
        for key_node, _value in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in keys:
                break
            keys.add(key)
        mark: yaml.Mark = key_node.start_mark
        return mark


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    return int(str(loader.construct_scalar(node)))


def _day(loader: _Loader, node: yaml.ScalarNode) -> date:
    try:
        return date.fromisoformat(str(loader.construct_scalar(node)))
    except ValueError as error:
        raise _Refused(problem=_n("没有这一天"), problem_mark=node.start_mark) from error


_INTEGER, _DECIMAL = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
_DAY = "tag:yaml.org,2002:timestamp"
_BOOLEAN = re.compile("^(?:true|True|TRUE|false|False|FALSE)$")
_NULL = re.compile("^(?:null|Null|NULL|~|)$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOLEAN, [*"tTfF"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", _NULL, ["n", "N", "~", ""])
_Loader.add_implicit_resolver(_INTEGER, re.compile(r"^[-+]?\d+$"), [*"-+0123456789"])
_Loader.add_implicit_resolver(_DECIMAL, re.compile(r"^[-+]?\d+\.\d+$"), [*"-+0123456789"])
_Loader.add_implicit_resolver(_DAY, re.compile(r"^\d{4}-\d\d-\d\d$"), [*"0123456789"])
_Loader.add_constructor(_INTEGER, _integer)
_Loader.add_constructor(_DAY, _day)


@dataclass(frozen=True)
class TextFile:
    """A YAML file as nested maps and lists; `name` is how problems name it."""

    name: str
    text: str
    data: Any

    @cached_property
    def _root(self) -> yaml.Node | None:
        return yaml.compose(self.text, _Loader)

    def problem(self, path: Path_, sentence: str, missing: str = "") -> LawProblem:
        """A problem at `path`; `missing` is a last part that the file lacks.

        The line is that of the deepest part of the path that exists.
        """
        line, parts = 1, []
        for key, line_of_key in self._steps(path):
            line = line_of_key
            parts.append(f"[{key}]" if isinstance(key, int) else str(key))
        clause = ".".join([*parts, missing] if missing else parts).replace(".[", "[")
        return LawProblem(self.name, line, clause, sentence)

    def _steps(self, path: Path_) -> Iterator[tuple[Any, int]]:
        """(key or index, line from 1) for each part of a path that exists in the file.

        The validator names days by their repr and adds the types of a union's members, which are
        no keys of the file.
        """
        data, node = self.data, self._root
        for part in path:
            if isinstance(data, dict) and isinstance(node, yaml.MappingNode):
                keys = list(data)
                names = {str(key): key for key in keys} | {repr(key): key for key in keys}
                if str(part) not in names:
                    continue
                key = names[str(part)]
                key_node, child = node.value[keys.index(key)]
                yield str(key), key_node.start_mark.line + 1
            elif isinstance(data, list) and isinstance(part, int) and part < len(data):
                assert isinstance(node, yaml.SequenceNode)
                key, child = part, node.value[part]
                yield key, child.start_mark.line + 1
            else:
                continue
            data, node = data[key], child


def load_yaml(path: Path) -> Any:
    """A YAML file of the package's own as nested maps and lists."""
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


def read_yaml(path: Path, name: str = "") -> TextFile:
    """A YAML file, named `name` in problems; LawError where it cannot be read."""
    name = name or path.name
    try:
        text = path.read_text(encoding="utf-8")
        return TextFile(name, text, yaml.load(text, _Loader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        refused = isinstance(error, _Refused)
        sentence = _(str(error.problem)) if refused else _("不是合法的 YAML:{0}")
        problem = LawProblem(name, line, "", sentence.format(error.problem))
        raise LawError([problem]) from error
    except UnicodeDecodeError as error:
        raise LawError([LawProblem(name, 1, "", _("读不出：不是 UTF-8 的文件"))]) from error
    except yaml.YAMLError as error:
        raise LawError([LawProblem(name, 1, "", _("不是合法的 YAML"))]) from error
    except OSError as error:
        raise LawError([LawProblem(name, 1, "", _("文件不存在或打不开"))]) from error


def validated(model: type[T], file: TextFile, path: Path_ = ()) -> T:
    """The part of `file` at `path` as `model`; LawError with every fault's line otherwise."""
    data = file.data
    for key in path:
        data = data[key]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise LawError([_problem(file, path, detail) for detail in error.errors()]) from error


def read_text(model: type[T], path: Path, name: str = "") -> tuple[T, TextFile]:
    """A file as its model, and the file for looking up lines; LawError."""
    file = read_yaml(path, name)
    return validated(model, file), file


def _problem(file: TextFile, prefix: Path_, detail: Any) -> LawProblem:
    path = (*prefix, *detail["loc"])
    sentence = _(SENTENCES.get(detail["type"], detail["msg"]))
    missing = str(path[-1]) if detail["type"] == "missing" else ""
    if detail["type"] not in ("missing", "extra_forbidden"):
        sentence += _("（读到 {0}）").format(str(detail["input"])[:40])
    return file.problem(path, sentence, missing)
