"""The page of goals: the figure, whether the goal is met, and if not the reason and the next
idea.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from statistics import linear_regression
from typing import Any, Literal

Figures = dict[str, Any]
Met = Literal["yes", "**no**", "not measured", "no goal"]

# Why a goal may be missed and what to try next; printed only where it is missed.
NEXT = {
    "findings": "Two groups of eight million rows (insurance by person and payer,"
    " registrations by person and "
    "enterprise) are a third of it. Next: gather a person's months where insurance is read.",
    "both": "anomalies.sql judges the same people's insurance again. Next: keep what"
    " findings.sql judged of people.",
    "memory": "The facts as text columns are half of it. Next: numbers for text keys,"
    " fewer columns from step to step.",
    "growth": "Tables of people outgrow the processor's caches. Next: narrower keys,"
    " or one area after the other.",
    "zen": "ZEN is spared what costs the statement most: joining people, judging"
    " insurance and registers. "
    "Next: give it raw rows, if the goal is about the whole of the rules.",
    "one": "Plain Python, one person at a time, by intention. Next: judge a person"
    " once for all clauses of an item.",
    "first": "Reading, hashing and encrypting in one process is a half, the indexes"
    " of what is on record the other. "
    "Runs differ by a tenth. Next: read in processes beside the database's.",
    "daily": "Half of it is reading both files and comparing their lines (ADR 18).",
    "assess": "Next: store findings from columns, not from one object per finding.",
    "push": "About 50 statements of half a millisecond. Next: fewer of them.",
    "page": "Three queries and a template of 3 kB. Next: one query for version and enterprise.",
    "unchanged": "One query, and the middleware of log-in. Next: the version in shared memory.",
    "patrol": "Two thirds are the assessment. Next: store findings from columns.",
    "check": "Next: write the report from columns, not from one object per finding.",
}


ASSESSMENTS = {"first, held": "assess_held", "released": "assess_stored"}


@dataclass(frozen=True)
class Line:
    """One goal."""

    key: str
    goal: str
    measured: str
    met: Met


def page(figures: Figures) -> str:
    """The whole page."""
    return "\n".join([*_head(figures), *_table(list(_lines(figures))), "", *_remarks(figures), ""])


def _head(figures: Figures) -> Iterator[str]:
    yield "# Performance"
    yield ""
    yield (
        "Written by `make bench`. Goals are ratios within one run on one machine;"
        " seconds are remarks."
    )
    yield f"Machine: {figures['machine']}."
    if figures["quick"]:
        yield (
            "**Quick run at small sizes: it only shows that everything runs; the goals are"
            " for full size.**"
        )
    yield ""


def _table(lines: list[Line]) -> Iterator[str]:
    yield "| goal | measured | met | if not: reason, next idea |"
    yield "|---|---|---|---|"
    for line in lines:
        reason = NEXT[line.key] if line.met == "**no**" else ""
        yield f"| {line.goal} | {line.measured} | {line.met} | {reason} |"


def _lines(figures: Figures) -> Iterator[Line]:
    yield from _statements([nation for nation in figures["growth"] if not _lacking(nation)])
    yield _memory(figures["memory"])
    yield _zen(figures["zen"], figures["growth"][-1])
    yield _one(figures["one"], figures["growth"][-1])
    yield from (
        _reading(form, figures[f"qualwatch {form}"], figures[f"pandas {form}"])
        for form in ("csv", "xlsx")
    )
    yield _check(figures["check"])
    yield from _office(figures["office"])
    yield from _look_up(figures["look-up"])


def _lacking(figures: Figures) -> str | None:
    return str(figures["not_measured"]) if "not_measured" in figures else None


def _met(reached: bool) -> Met:
    return "yes" if reached else "**no**"


def _statements(growth: list[Figures]) -> Iterator[Line]:
    goals = {
        "findings": "findings of a nation: at most 5 x the floor",
        "both": "findings and anomalies of a nation: at most 8 x the floor",
        "growth": "growth exponent of findings: at most 1.1",
    }
    if len(growth) < 2:
        yield from (Line(key, goal, "", "not measured") for key, goal in goals.items())
        return
    first, last = growth[0], growth[-1]
    ratio = last["findings"] / last["floor"]
    both = (last["findings"] + last["anomalies"]) / last["floor"]
    exponent = slope([(nation["enterprises"], nation["findings"]) for nation in growth])
    sizes = f"{first['enterprises']:,} to {last['enterprises']:,} enterprises"
    yield Line("findings", goals["findings"], f"{ratio:.1f} x", _met(ratio <= 5))
    yield Line("both", goals["both"], f"{both:.1f} x", _met(both <= 8))
    yield Line("growth", goals["growth"], f"{exponent:.2f} from {sizes}", _met(exponent <= 1.1))


def _memory(figures: Figures) -> Line:
    goal = "peak memory of reading, binding, findings and anomalies of a nation: under 8 GB"
    if lacking := _lacking(figures):
        return Line("memory", goal, lacking, "not measured")
    peak = figures["peak_gigabytes"]
    return Line("memory", goal, f"{peak:.1f} GB", _met(peak < 8))


def slope(points: list[tuple[float, float]]) -> float:
    """The growth exponent: the slope of the line of least squares through the logarithms."""
    xs = [log(x) for x, _y in points]
    ys = [log(y) for _x, y in points]
    return linear_regression(xs, ys).slope


def _zen(figures: Figures, last: Figures) -> Line:
    goal = "findings.sql: at least 100 x the enterprises per second of the ZEN engine"
    if lacking := _lacking(figures) or _lacking(last):
        return Line("zen", goal, lacking, "not measured")
    ours = last["enterprises"] / last["findings"]
    theirs = max(figures["a_second"].values()) * last["cores"]
    agree = all(count == figures["findings"] for count in figures["agree"].values())
    verdicts = (
        f"all {figures['findings']:,} verdicts and counts equal" if agree else "VERDICTS DIFFER"
    )
    text = f"{ours / theirs:.1f} x (ZEN on one core, taken times {last['cores']}); {verdicts}"
    return Line("zen", goal, text, _met(agree and ours / theirs >= 100))


def _one(figures: Figures, last: Figures) -> Line:
    goal = "one enterprise with its explanation by the reference engine: at most 5 ms in the mean"
    if lacking := _lacking(figures):
        return Line("one", goal, lacking, "not measured")
    text = f"mean {figures['mean_ms']:.1f} ms, 99th percentile {figures['p99_ms']:.1f} ms"
    if not _lacking(last):
        floor = last["floor"] / last["enterprises"]
        text += f"; {figures['mean_ms'] / 1000 / floor:,.0f} x the floor per enterprise"
    return Line("one", goal, text, _met(figures["mean_ms"] <= 5))


def _reading(form: str, ours: Figures, theirs: Figures) -> Line:
    goal = (
        f"reading .{form}: all of `read_register_files()` "
        "against pandas reading the same files as text and doing nothing else"
    )
    if lacking := _lacking(ours) or _lacking(theirs):
        return Line(form, goal, lacking, "not measured")
    ratio = ours["seconds"] / theirs["seconds"]
    return Line(form, goal, f"{ratio:.1f} x for {ours['enterprises']:,} enterprises", "no goal")


def _check(figures: Figures) -> Line:
    if lacking := _lacking(figures):
        return Line("check", "`qualwatch check` whole: under 15 s", lacking, "not measured")
    size = f"{figures['enterprises']:,} enterprises from CSV"
    goal = f"`qualwatch check` of {size}, report as JSON: under 15 s"
    return Line("check", goal, f"{figures['seconds']:.1f} s", _met(figures["seconds"] < 15))


def _office(figures: Figures) -> Iterator[Line]:
    goals = {
        "first": "the office on PostgreSQL: first load from CSV at least 3 x as fast as"
        " `bulk_create` of these rows",
        "daily": "a daily load with one row in a hundred gone: at most a third of the first load",
        "assess": "a full assessment with its findings stored: at most 10 s",
        "push": "one pushed change until its finding is stored: 99th percentile under 100 ms",
        "patrol": "a day's patrol of 30,000 enterprises with 3,000 open cases on"
        " PostgreSQL: at most 15 s",
    }
    if lacking := _lacking(figures):
        yield from (Line(key, goal, lacking, "not measured") for key, goal in goals.items())
        return
    first, daily, plain = (
        sum(figures[name].values()) for name in ("first", "daily", "bulk_create")
    )
    yield Line("first", goals["first"], f"{plain / first:.1f} x", _met(plain / first >= 3))
    yield Line("daily", goals["daily"], f"{daily / first:.2f} of it", _met(daily / first <= 1 / 3))
    yield Line(
        "assess",
        goals["assess"],
        f"{figures['assess_stored']:.1f} s",
        _met(figures["assess_stored"] <= 10),
    )
    pushes = figures["pushes"]
    p99 = pushes["p99"] * 1000
    median = pushes["median"] * 1000
    shown = f"{p99:.0f} ms (median {median:.0f} ms) of {pushes['count']}"
    yield Line("push", goals["push"], shown, _met(pushes["p99"] < 0.1))
    day = figures["patrol"]
    text = f"{day['seconds']:.1f} s with {day['open_cases']:,} open"
    yield Line("patrol", goals["patrol"], text, _met(day["seconds"] <= 15))


LOOK_UPS = {
    "page": (
        0.3,
        "a public look-up: at least 0.3 of the requests a second of a bare Django HTML view",
    ),
    "unchanged": (0.6, "the same when the ETag matches: at least 0.6"),
}


def _look_up(figures: Figures) -> Iterator[Line]:
    lacking = _lacking(figures)
    for key, (least, goal) in LOOK_UPS.items():
        if lacking:
            yield Line(key, goal, lacking, "not measured")
            continue
        ratio = figures["ratios"][key]
        yield Line(key, goal, f"{ratio:.2f}", _met(ratio >= least))


def _about_look_ups(figures: Figures) -> Iterator[str]:
    rates = ", ".join(f"{name} {figure:,.0f}" for name, figure in figures["a_second"].items())
    yield (
        f"- Look-ups a second on PostgreSQL with {figures['enterprises']:,}"
        f" enterprises: {rates}; a page has"
    )
    yield (
        f"  {figures['bytes']:,} bytes. All behind gunicorn with one process of two"
        f" threads, in turn, at random;"
    )
    yield (
        "  the bare view is Django as `startproject` makes it, with a template of the"
        " same size and no database."
    )


def _about_office(figures: Figures) -> Iterator[str]:
    rows = _row_counts(figures["rows"])
    loads = ", ".join(f"{source} {figure:.1f}" for source, figure in figures["first"].items())
    again = ", ".join(f"{source} {figure:.1f}" for source, figure in figures["daily"].items())
    plain = ", ".join(f"{slug} {figure:.1f}" for slug, figure in figures["bulk_create"].items())
    yield (
        f"- The office: {figures['enterprises']:,} enterprises, {rows};"
        f" {figures['findings']:,} findings."
    )
    yield (
        f"- First load, s, reading, people encrypted and files kept included: {loads}."
        f" Daily: {again}."
    )
    yield (
        f"- bulk_create, s, of rows that are in memory already, in batches of 5,000,"
        f" people included: {plain}."
    )
    durations = ", ".join(f"{name} {figures[key]:.1f}" for name, key in ASSESSMENTS.items())
    parts = ", ".join(f"{name} {figure:.1f}" for name, figure in figures["patrol"]["parts"].items())
    yield (
        f"- A day's patrol, s: {parts}. The first day's"
        f" {figures['patrol']['open_cases']:,} cards at once: "
    )
    yield f"  {figures['cards']:.1f} s."
    yield (
        f"- Assessments, s: {durations}. PostgreSQL 15 in a temporary folder of this machine,"
        " fsync on."
    )


def _remarks(figures: Figures) -> Iterator[str]:
    yield "## Seconds, and what was measured"
    yield ""
    growth = [nation for nation in figures["growth"] if not _lacking(nation)]
    if growth:
        yield "| enterprises | read | bind | floor | findings | anomalies | findings per floor |"
        yield "|---|---|---|---|---|---|---|"
        for nation in growth:
            cells = " | ".join(
                f"{nation[name]:.2f}" for name in ("read", "bind", "floor", "findings", "anomalies")
            )
            yield (
                f"| {nation['enterprises']:,} | {cells} |"
                f" {nation['findings'] / nation['floor']:.1f} |"
            )
        yield from _nation(growth[-1])
    if not _lacking(figures["zen"]):
        yield from _about_zen(figures["zen"])
    for name in ("qualwatch csv", "pandas csv", "qualwatch xlsx", "pandas xlsx", "check"):
        reading = figures[name]
        if not _lacking(reading):
            size = f"{reading['enterprises']:,} enterprises, {reading['megabytes']:.0f} MB"
            yield f"- {name}: {reading['seconds']:.2f} s ({size})."
    if not _lacking(figures["office"]):
        yield from _about_office(figures["office"])
    if not _lacking(figures["look-up"]):
        yield from _about_look_ups(figures["look-up"])


def _row_counts(rows: dict[str, int]) -> str:
    """The numbers of rows of the facts tables that have any, as a phrase."""
    labels = {"unparsed": "rejected rows"}
    return ", ".join(f"{count:,} {labels.get(name, name)}" for name, count in rows.items() if count)


def _nation(last: Figures) -> Iterator[str]:
    rows = _row_counts(last["rows"])
    verdicts = ", ".join(f"{count:,} {verdict}" for verdict, count in last["verdicts"].items())
    yield ""
    yield (
        f"- The largest nation: {rows}. Findings: {verdicts}; {last['anomalies_rows']:,} anomalies."
    )
    yield (
        f"- DuckDB {last['duckdb']} within 3 GB, {last['cores']} cores; facts"
        f" bound as Arrow tables, as"
        " `columnar.evaluate` binds them; rows drained to Arrow."
    )
    yield (
        "- Floor: `benchmarks/floor.sql`, the fastest of three ways to write it."
        " It is the best of 5 runs, the"
        " statements are the best of 3, all in one process; memory is measured in another."
    )


def _about_zen(figures: Figures) -> Iterator[str]:
    a_second = figures["a_second"]
    verdicts = ", ".join(f"{count:,} {verdict}" for verdict, count in figures["verdicts"].items())
    yield (
        f"- zen-engine {figures['version']} judged {figures['enterprises']:,}"
        f" enterprises, {figures['findings']:,}"
        f" requirements with one strong clause on people ({verdicts}). On one"
        f" core {a_second['whole']:,.0f} enterprises"
        f" a second by one graph with a table of figures,"
        f" {a_second['small']:,.0f} by a small graph per level."
    )
    yield (
        "- ZEN was given JSON text in memory: people joined to enterprises,"
        " registrations judged in force or not,"
        " insurance judged. It did the rest: grade, speciality, age, counting,"
        " verdict. findings.sql does all of it"
        " from the tables, with groups, person-times and reasons."
    )
    yield (
        f"- Joining and judging ZEN's input in Python took"
        f" {figures['joining_seconds']:.1f} s, not counted above."
    )
