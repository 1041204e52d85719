"""Officers and an enterprise at work: mornings with fresh registers, proposals, signatures, proofs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from builders import OWN, law
from files import Rows
from office import DAY, SOURCES, Office
from qualwatch.accounts.actions import make_account, make_organisations
from qualwatch.accounts.models import Account, Organisation
from qualwatch.accounts.queries import organisation
from qualwatch.cases.actions.determine import Proposed, propose, sign
from qualwatch.cases.actions.supervise import Found, prove_order, prove_push, record_supervision_finding
from qualwatch.cases.models import Case
from qualwatch.law.loader import Law
from qualwatch.patrol.days import DayDone, run_day
from registers import province

PASSWORD = "correct-horse-battery"
TAIYUAN, DATONG = "city-140100", "city-140200"
ITEM = (OWN, "specialist-decoration", "")
SEATS = {
    "officer": ("province", "province-officer"), "reviewer": ("province", "province-reviewer"),
    "other-reviewer": ("province", "province-reviewer"), "city-officer": (TAIYUAN, "city-officer"),
    "city-reviewer": (TAIYUAN, "city-reviewer"), "datong-officer": (DATONG, "city-officer"),
    "auditor": ("province", "auditor"),
}  # fmt: skip


@dataclass
class Bureau:
    """The people of permission tests, made at first use."""

    office: Office
    law: Law = field(default_factory=law)
    accounts: dict[str, Account] = field(default_factory=dict)

    def __post_init__(self) -> None:
        make_organisations(divisions=self.law.divisions, by="prepare", at=self.office.tick())

    def who(self, name: str) -> Account:
        """Somebody by the seat."""
        if name not in self.accounts:
            where, role = SEATS[name]
            self.accounts[name] = make_account(
                username=name, password=PASSWORD, organisation=organisation(where), roles=[role], early_warning=True,
                by="admin", at=self.office.tick(),
            )  # fmt: skip
        return self.accounts[name]

    def enterprise(self, code: str = OWN, email: str = "") -> Account:
        """An enterprise's account."""
        where = Organisation.objects.create(slug=f"e-{code}".lower(), name="甲", kind="enterprise", credit_code=code)
        return make_account(
            username=f"e-{code}", password=PASSWORD, organisation=where, roles=["enterprise-user"],
            early_warning=False, by="admin", at=self.office.tick(), email=email,
        )  # fmt: skip

    def morning(self, day: date = DAY, people: int = 2, **changed: Rows) -> DayDone:
        """Fresh registers of a day, and its patrol."""
        self.registers(day, people, changed)
        return self.patrol(day)

    def registers(
        self, day: date, people: int = 2, changed: dict[str, Rows] | None = None, *, may_be_held: bool = False
    ) -> None:
        """Fresh registers of a day; perhaps a guard holds one of them."""
        for sheet, rows in province(people, **(changed or {})).items():
            load = self.office.load(SOURCES[sheet], rows, day=day)
            assert may_be_held or load.state in ("released", "unchanged"), load.because

    def patrol(self, day: date, *, done: date | None = None) -> DayDone:
        """A day's patrol, perhaps done on a later day."""
        return run_day(day=day, law=self.law, by="patrol", at=self.office.tick(done or day))

    def propose(self, case: Case, *, by: str = "officer", day: date | None = None, **told: Any) -> Any:
        """An officer proposes red, unless told otherwise."""
        what = Proposed(**{"outcome": "red", "because": "期满仍不达标", "evidence": ["核查表"], **told})
        at = self.office.tick(day or DAY)
        return propose(case=fresh(case), what=what, by=self.who(by), law=self.law, at=at)

    def sign(self, case: Case, *, by: str = "reviewer", day: date | None = None) -> Any:
        """A reviewer signs."""
        return sign(case=fresh(case), by=self.who(by), law=self.law, at=self.office.tick(day or DAY), because="同意")

    def prove(self, case: Case, day: date) -> Any:
        """The enterprise has seen the warning."""
        return prove_push(
            case=fresh(case), proved_on=day, evidence="送达回证", by=self.who("officer"), law=self.law,
            at=self.office.tick(day),
        )  # fmt: skip

    def serve_order(self, case: Case, day: date, by: str = "officer") -> Any:
        """The order to rectify is served."""
        return prove_order(
            case=fresh(case), proved_on=day, evidence="送达回证", by=self.who(by), law=self.law,
            at=self.office.tick(day),
        )  # fmt: skip

    def inspect(self, day: date, by: str = "officer", **told: Any) -> Case:
        """A supervision finding: red at once."""
        figures = {"constructors": {"required": 3, "held": 1, "shortfall": 2}}
        found = Found(
            **{"credit_code": OWN, "category": ITEM[1], "sub_item": "", "what": "现场核查只有一人", "evidence": ["笔录"],
               "figures": figures, **told}
        )  # fmt: skip
        done = record_supervision_finding(found=found, by=self.who(by), law=self.law, at=self.office.tick(day))
        return fresh(done.case)

    def yellow(self, day: date = DAY) -> Case:
        """A firm that lacks one of three constructors is warned."""
        self.morning(day)
        return Case.objects.get(place="yellow", category__isnull=False)

    def red(self, day: date = DAY) -> Case:
        """The same, proved, over, and determined on the day after its period."""
        case = self.yellow(day)
        self.prove(case, day + timedelta(days=1))
        over = case.requirements.get().ends_on + timedelta(days=1)
        self.morning(over)
        self.propose(case, day=over)
        self.sign(case, day=over)
        return fresh(case)


def fresh(case: Case) -> Case:
    """The case as it stands now."""
    return Case.objects.get(pk=case.pk)
