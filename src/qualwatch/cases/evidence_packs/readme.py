"""README.txt: how to check a pack without this system."""

from datetime import date

from qualwatch.cases.evidence_packs.page import templates
from qualwatch.cases.evidence_packs.rerun import Rerun
from qualwatch.cases.models import Case
from qualwatch.cases.notices.texts import name_of


def readme_text(case: Case, rerun: Rerun | None, *, made_on: date, key: str, people: str) -> str:
    """The text, in Chinese.

    `key`: the number of the key that signs the pack. `people`: name of the table of people.
    """
    values = {
        "card": case.card_number,
        "enterprise": case.enterprise,
        "credit_code": case.credit_code,
        "item": name_of(case),
        "made_on": made_on,
        "key": key,
        "has_rerun": rerun is not None,
        "as_of": rerun.run.as_of if rerun else "",
        "people_table": people,
    }
    return templates().get_template("README.txt").render(values)
