"""The eligibility check: may an enterprise do something today; the restrictions of a red card."""
