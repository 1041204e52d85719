"""Reading YAML with line numbers, and saying where a text is wrong."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from qualwatch.law.model import Text
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

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


def _steps(data: Any, path: Path_) -> Iterator[tuple[Any, Any, int | None]]:
    """(container, key or index, line from 1) for each part of a path that exists in the file.

    The validator names days by their repr and the members of a union by their type, which are no keys of the file.
    """
    for part in path:
        lc = getattr(data, "lc", None)
        if isinstance(data, dict):
            keys = {str(key): key for key in data} | {repr(key): key for key in data}
            if str(part) not in keys:
                continue
            key = keys[str(part)]
            yield data, key, lc.key(key)[0] + 1 if lc else None
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            key = part
            yield data, key, lc.item(key)[0] + 1 if lc else None
        else:
            continue
        data = data[key]


def line_of(data: Any, path: Path_) -> int:
    """The line (from 1) of the deepest part of `path` that exists in a loaded text."""
    return ([line for _data, _key, line in _steps(data, path) if line] or [1])[-1]


def clause_of(data: Any, path: Path_, missing: str = "") -> str:
    """The path as text; `missing` is a last part that the file lacks."""
    parts = [
        f"[{key}]" if isinstance(inside, list) else str(key)
        for inside, key, _line in _steps(data, path)
    ]
    return ".".join([*parts, missing] if missing else parts).replace(".[", "[")


def read_yaml(path: Path) -> Any:
    """A YAML file as nested maps and lists that know their lines; LawError where it is not YAML."""
    try:
        return YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LawError([LawProblem(path.name, line, "", _("同一处有重复的键"))]) from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LawError(
            [LawProblem(path.name, line, "", _("不是合法的 YAML:{0}").format(error.problem))]
        ) from error
    except UnicodeDecodeError as error:
        raise LawError([LawProblem(path.name, 1, "", _("读不出：不是 UTF-8 的文件"))]) from error
    except ValueError as error:  # what the YAML library says of a day that does not exist
        raise LawError(
            [LawProblem(path.name, _line_of_bad_day(path), "", _("没有这一天"))]
        ) from error
    except YAMLError as error:
        raise LawError([LawProblem(path.name, 1, "", _("不是合法的 YAML"))]) from error
    except OSError as error:
        raise LawError([LawProblem(path.name, 1, "", _("文件不存在或打不开"))]) from error


def _line_of_bad_day(path: Path) -> int:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for found in re.finditer(r"\b\d{4}-\d\d-\d\d\b", line):
            try:
                date.fromisoformat(found.group())
            except ValueError:
                return number
    return 1


def read_text(model: type[T], path: Path) -> tuple[T, Any]:
    """A file as its model, and the raw data for looking up lines."""
    data = read_yaml(path)
    return validated(model, data, path.name), data


def validated(model: type[T], data: Any, file: str, prefix: Path_ = (), whole: Any = None) -> T:
    """`data` as `model`; LawError with every fault's line otherwise."""
    whole = data if whole is None else whole
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise LawError(
            [_problem(file, whole, prefix, detail) for detail in error.errors()]
        ) from error


def _problem(file: str, whole: Any, prefix: Path_, detail: Any) -> LawProblem:
    path = (*prefix, *detail["loc"])
    sentence = _(SENTENCES.get(detail["type"], detail["msg"]))
    missing = str(path[-1]) if detail["type"] == "missing" else ""
    if detail["type"] not in ("missing", "extra_forbidden"):
        sentence += _("（读到 {0}）").format(str(detail["input"])[:40])
    return LawProblem(file, line_of(whole, path), clause_of(whole, path, missing), sentence)
