"""Renders what was found as Markdown. Pure: the same findings give the same bytes."""

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from studies.calibration.findings import Finding, Part, Verdict

HEADER = """\
# Calibration of the statistics

Every claim is put to data whose truth is known: simulated test sets, permuted labels, noise. A
*verdict* says whether the measured number lies within its bounds. Shares and scores are × 100;
Monte Carlo intervals are at 99 %."""

COLUMNS = ("claim", "measured", "Monte Carlo", "bounds", "verdict")


def render(found: Sequence[tuple[Part, Sequence[Finding]]], command: str) -> str:
    """The page.

    Args:
        found: of every part, in the order in which they are shown.
        command: that writes the page.
    """
    sections = [
        f"## {part.heading}\n\n{part.about}\n\n{_table(part, each)}" for part, each in found
    ]
    return "\n\n".join([HEADER, f"Written by `{command}`.", _summary(found), *sections]) + "\n"


def line(part: Part, finding: Finding) -> str:
    """A finding in one line of text."""
    measured, _, bounds = _numbers(part, finding)
    return f"{finding.verdict}  {finding.claim}: {measured}, bounds {bounds}"


def _summary(found: Sequence[tuple[Part, Sequence[Finding]]]) -> str:
    rows = []
    for part, findings in found:
        failed = [each.claim for each in findings if each.verdict is Verdict.FAILED]
        rows.append([part.heading, str(len(findings) - len(failed)), str(len(failed))])
    return tabulate(rows, ["claim", "pass", "fail"], "pipe", disable_numparse=True)


def _table(part: Part, findings: Sequence[Finding]) -> str:
    names = list(dict.fromkeys(name for each in findings for name in each.details))
    rows = [
        [each.claim, *_numbers(part, each), _marked(each.verdict), *_details(part, each, names)]
        for each in findings
    ]
    return tabulate(rows, [*COLUMNS, *names], "pipe", disable_numparse=True)


def _marked(verdict: Verdict) -> str:
    return verdict if verdict is Verdict.PASSED else f"**{verdict}**"


def _numbers(part: Part, finding: Finding) -> tuple[str, str, str]:
    low, high = (_shown(part, end) for end in finding.interval)
    bounds = " to ".join(_shown(part, end) for end in finding.bounds)
    return _shown(part, finding.measured), f"[{low}, {high}]", bounds


def _details(part: Part, finding: Finding, names: Sequence[str]) -> list[str]:
    details: Mapping[str, float] = finding.details
    return [_shown(part, details[name]) if name in details else "" for name in names]


def _shown(part: Part, value: float) -> str:
    return f"{100 * value:.1f}" if part.percent else f"{value:.2g}"
