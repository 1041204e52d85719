"""An officer's figures beside those of the registers, and why they differ (notice 2(2))."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from qualwatch.cases.models import Case, Recheck
from qualwatch.cases.warnings.run_view import INSURANCE
from qualwatch.procedure.transitions import CannotStep
from qualwatch.reports.labels import REQUIREMENTS, label_of
from qualwatch.wording import gettext as _

INSURANCE_FIGURES, FIGURES = ("people",), ("required", "held")
Figures = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DifferenceReason:
    """Why an officer's figure differs from the registers': who, where, and what was seen."""

    person: str
    place: str
    observation: str

    @property
    def is_complete(self) -> bool:
        """Whether each of the three says something."""
        return all(text.strip() for text in (self.person, self.place, self.observation))


def checked_figures(figures: Figures) -> dict[str, dict[str, int]]:
    """Whole numbers of known requirements only, with the shortfall (0 where there is none).

    CannotStep.
    """
    checked = {
        slug: numbers
        for slug, figure in figures.items()
        if (numbers := _checked_figure(slug, figure)) is not None
    }
    if not checked or len(checked) < len(figures):
        raise CannotStep("requirements", _("请写明哪些指标不达标，应有、现有各几人"))
    return checked


def _checked_figure(slug: str, figure: Mapping[str, Any]) -> dict[str, int] | None:
    """One requirement's figures; None where they cannot be read."""
    if slug not in {*REQUIREMENTS, INSURANCE}:
        return None
    names = names_of_figures(slug)
    # type(), because True is an int too
    numbers = {name: figure[name] for name in names if type(figure.get(name)) is int}
    if len(numbers) < len(names) or min(numbers.values()) < 0:
        return None
    if slug != INSURANCE:
        numbers["shortfall"] = max(numbers["required"] - numbers["held"], 0)
    return numbers


def names_of_figures(requirement: str) -> tuple[str, ...]:
    """The figures that an officer states of a requirement."""
    return INSURANCE_FIGURES if requirement == INSURANCE else FIGURES


def is_short(requirement: str, numbers: Mapping[str, int]) -> bool:
    """Whether an officer's figures show a shortfall."""
    return numbers["people" if requirement == INSURANCE else "shortfall"] > 0


def beside_registers(
    figures: Mapping[str, Mapping[str, int]],
    verdicts: Mapping[str, str],
    registers: Figures,
    reasons: Mapping[str, DifferenceReason],
) -> dict[str, dict[str, Any]]:
    """By requirement: the officer's figures, the registers', why they differ, and the basis.

    `verdicts`, `registers`: of the newest run; a requirement that it has no figure of differs too.
    CannotStep where a differing figure has no complete reason, or where the standard of the item
    demands nothing of the kind on the day and the figure shows a shortfall.
    """
    return {
        name: {
            "found": dict(numbers),
            "registers": _register_figures(name, registers),
            "why": _required_reason(name, numbers, registers, reasons.get(name)),
            "basis": _required_basis(name, numbers, verdicts, registers),
        }
        for name, numbers in figures.items()
    }


def figures_beside(beside: Figures) -> dict[str, dict[str, Any]]:
    """By requirement the officer's figures as a case has them, from `beside_registers`.

    Besides the numbers: registered, basis and why.
    """
    return {
        name: {
            **row["found"],
            "registered": _registered(name, row["registers"]),
            "basis": row["basis"],
            "why": row["why"],
        }
        for name, row in beside.items()
    }


def _registered(name: str, register: Mapping[str, Any] | None) -> Any:
    """How many the registers have; None where they have no figure."""
    return register["people" if name == INSURANCE else "held"] if register else None


def _required_basis(
    name: str, numbers: Mapping[str, int], verdicts: Mapping[str, str], registers: Figures
) -> list[str]:
    """The standard that a figure rests on; of insurance none. CannotStep."""
    if name == INSURANCE:
        return []
    basis = list(registers.get(name, {}).get("basis") or ())
    if is_short(name, numbers) and (not basis or verdicts.get(name) == "not-required"):
        sentence = _("资质标准当日对这项资质的“{name}”没有要求，不能据以认定")
        raise CannotStep("requirements", sentence.format(name=label_of(REQUIREMENTS, name)))
    return basis


def _register_figures(name: str, registers: Figures) -> dict[str, Any] | None:
    figure = registers.get(name)
    if figure is None:
        return None
    return {key: figure.get(key) for key in (*names_of_figures(name), "run")}


def _required_reason(
    name: str,
    numbers: Mapping[str, int],
    registers: Figures,
    reason: DifferenceReason | None,
) -> dict[str, str] | None:
    """The reason of a differing figure; None where both agree. CannotStep."""
    register = registers.get(name) or {}
    if all(numbers[key] == register.get(key) for key in names_of_figures(name)):
        return None
    if reason is None or not reason.is_complete:
        sentence = _("{requirement}的数字与登记不同，请写明是谁、在哪里、看到什么")
        raise CannotStep(
            "figures-differ", sentence.format(requirement=label_of(REQUIREMENTS, name)), about=name
        )
    return asdict(reason)


def rechecked_figures(case: Case) -> dict[str, Any]:
    """By requirement, the figures of the newest recheck of an officer, as `figures_beside`."""
    newest = Recheck.objects.filter(case=case).order_by("-pk").first()
    return figures_beside(newest.figures) if newest else {}
