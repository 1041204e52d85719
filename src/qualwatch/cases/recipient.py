"""Whom a notice of the office is for."""

from dataclasses import dataclass

from qualwatch.cases.competence import area_of_authority, competent_for
from qualwatch.cases.models import Application, Case


@dataclass(frozen=True, slots=True)
class Recipient:
    """An enterprise, its area, and the slug of its competent authority ('' = none)."""

    credit_code: str
    name: str
    area: str = ""
    authority: str = ""

    @classmethod
    def of_case(cls, case: Case) -> "Recipient":
        """The enterprise of a case."""
        return cls(case.credit_code, case.enterprise, case.area, competent_for(case))

    @classmethod
    def of_application(cls, application: Application) -> "Recipient":
        """The applicant; without a case its area is that of the receiving authority."""
        if application.case is not None:
            return cls.of_case(application.case)
        return cls(
            application.credit_code,
            application.enterprise,
            area_of_authority(application.receiver),
            application.receiver,
        )
