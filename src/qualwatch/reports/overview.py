"""The counts behind the pictures of a check: by verdict, supervising area, category and size of the
shortfall.
"""

from collections import Counter
from dataclasses import dataclass, field

from qualwatch.evaluation.findings import Finding
from qualwatch.reports import labels
from qualwatch.reports.check import CheckReport
from qualwatch.reports.labels import label_of
from qualwatch.wording import gettext as _

LARGEST_SHOWN = 10  # shortfalls of so many people and more stand in one column
MAX_BARS = 15


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a total, with its label."""

    label: str
    part: int
    total: int

    @property
    def percent(self) -> float:
        """0 to 100; 0 of nothing is 0."""
        return 100 * self.part / self.total if self.total else 0.0


@dataclass(slots=True)
class Overview:
    """The counts of a check.

    watched: enterprises in scope with a finding. areas: by supervising area, short of watched
    enterprises.
    """

    enterprises: int = 0
    watched: int = 0
    short_enterprises: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    funnel: list[Share] = field(default_factory=list)
    areas: dict[str, Share] = field(default_factory=dict)
    categories: list[Share] = field(default_factory=list)
    shortfalls: list[tuple[str, int]] = field(default_factory=list)
    reasons: list[tuple[str, int]] = field(default_factory=list)
    anomalies: list[tuple[str, int]] = field(default_factory=list)


def overview_of(report: CheckReport) -> Overview:
    """All counts of a report."""
    findings = list(report.findings)
    required = [finding for finding in findings if finding.verdict != "not-required"]
    short = [finding for finding in findings if finding.verdict == "short"]
    watched = {finding.credit_code for finding in required}
    short_codes = {finding.credit_code for finding in short}
    kinds: Counter[str] = Counter(anomaly.kind for anomaly in report.anomalies)
    return Overview(
        enterprises=len(report.results),
        watched=len(watched),
        short_enterprises=len(short_codes),
        verdicts=report.verdict_counts(),
        funnel=_funnel(findings),
        areas=_areas(report, watched, short_codes),
        categories=_categories(required),
        shortfalls=_shortfalls(short),
        reasons=_reasons(short),
        anomalies=[(label_of(labels.ANOMALIES, kind), kinds[kind]) for kind in labels.ANOMALIES],
    )


def _funnel(findings: list[Finding]) -> list[Share]:
    """From all findings down to those that are short; each step leaves some verdicts out."""
    steps = [
        (_("全部指标"), ()),
        (_("需要考核"), ("not-required",)),
        (_("登记数据可判"), ("not-required", "manual")),
        (_("有结论"), ("not-required", "manual", "cannot-say")),
        (_("不达标"), ("not-required", "manual", "cannot-say", "met", "advise")),
    ]
    return [
        Share(label, sum(finding.verdict not in out for finding in findings), len(findings))
        for label, out in steps
    ]


def _areas(report: CheckReport, watched: set[str], short: set[str]) -> dict[str, Share]:
    totals = Counter(report.areas.get(code) for code in watched)
    part = Counter(report.areas.get(code) for code in short)
    return {
        area: Share(text.name, part[area], totals[area])
        for area, text in report.law.divisions.areas.items()
    }


def _categories(required: list[Finding]) -> list[Share]:
    totals = Counter(finding.qualification for finding in required)
    part = Counter(finding.qualification for finding in required if finding.verdict == "short")
    shares = [Share(name or _("资质不明"), part[name], totals[name]) for name in part]
    return sorted(shares, key=lambda share: (-share.part, share.label))[:MAX_BARS]


def _shortfalls(short: list[Finding]) -> list[tuple[str, int]]:
    counts = Counter(min(finding.shortfall or 0, LARGEST_SHOWN) for finding in short)
    largest = max(counts, default=0)
    labels_of = {LARGEST_SHOWN: f"{LARGEST_SHOWN}+"}
    return [(labels_of.get(size, str(size)), counts[size]) for size in range(1, largest + 1)]


def _reasons(short: list[Finding]) -> list[tuple[str, int]]:
    counts = Counter(slug for finding in short for slug in finding.because)
    most_common = counts.most_common(MAX_BARS)
    return [(label_of(labels.REASONS, slug), count) for slug, count in most_common]
