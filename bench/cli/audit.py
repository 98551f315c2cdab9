"""`bench audit`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench import describe
from bench.cli import printing
from bench.cli.options import AsJson, DataRoot, Include, known
from bench.errors import did_you_mean
from bench.progress import Reporter
from bench.registry import Registry

if TYPE_CHECKING:
    from bench.audit import Finding, Report
    from bench.audit.corpus import Overlap
    from bench.describe import Json

SHOWN = 10
"""Clips too plain that are named; `--json` names all."""

HEADER = ("kind", "clip", "split", "is also", "split", "score", "from s", "for s")


def audit(
    tasks: Annotated[list[str], typer.Argument(help="Tasks: names or patterns.")],
    *,
    corpus: Annotated[
        Path | None,
        typer.Option(help="A folder of audio that a backbone was trained on [none]."),
    ] = None,
    corpus_name: Annotated[
        str | None,
        typer.Option(help="What cards call it in `trained_on` [the folder's name]."),
    ] = None,
    near: Annotated[
        bool, typer.Option("--near/--no-near", help="Look for more than exact copies.")
    ] = True,
    board: Annotated[
        Path | None, typer.Option(help="Mark what is found on this board [none].")
    ] = None,
    _data_root: DataRoot = None,
    include: Include = None,
    as_json: AsJson = False,
) -> None:
    """Look for audio that is in two splits or folds of a task. Exit 1 if there is any."""
    from bench.audit import Audit, trained_on
    from bench.audit.marking import keep
    from bench.board import write

    cards = known(include)
    entries = cards.tasks.matching(tasks)
    files = _files(corpus)
    reporter = Reporter()
    name = _called(corpus_name or corpus.resolve().name, cards, reporter) if corpus else None
    auditor = Audit(reporter, near=near)
    documents: list[Json] = []
    leaks = 0
    for entry in entries:
        report = auditor.task(entry)
        overlap = auditor.corpus(entry, files) if files else None
        seen = trained_on(cards.backbones, entry.card)
        leaks += sum(each.is_leak for each in [*report.findings, *_findings(overlap)])
        extra: dict[str, Json] = {"near": near, "trained_on": seen}
        if overlap is not None:
            extra["corpus"] = {"folder": str(corpus), **asdict(overlap)}
        if board is not None:
            keep(board, report, near=near, corpus=name, overlap=overlap)
        documents.append({**asdict(report), **extra})
        if not as_json:
            _print(report, seen, overlap, near=near)
    if board is not None:
        write(board, cards)
    if as_json:
        printing.document(documents)
    if leaks:
        raise typer.Exit(1)


def _called(corpus: str, cards: Registry, reporter: Reporter) -> str:
    """What cards call a corpus, however it is spelt here; said where none was trained on it."""
    known = sorted({name for entry in cards.backbones for name in entry.card.trained_on})
    found = next((name for name in known if name.casefold() == corpus.casefold()), None)
    if found is None:
        near = did_you_mean(corpus, known)
        line = f"no card was trained on {corpus!r}: see --corpus-name, by which rows are marked."
        reporter.say(f"{line} {near}".rstrip())
    return found or corpus


def _files(corpus: Path | None) -> list[Path]:
    if corpus is None:
        return []
    from bench.audit.corpus import files_of

    return files_of(corpus)


def _findings(overlap: "Overlap | None") -> Sequence["Finding"]:
    return [] if overlap is None else overlap.findings


def _print(
    report: "Report", seen: dict[str, list[str]], overlap: "Overlap | None", *, near: bool
) -> None:
    leaks = [each for each in report.findings if each.is_leak]
    within = [each for each in report.findings if not each.is_leak]
    facts: dict[str, Json] = {
        "task": report.task,
        "clips": report.clips,
        "compared": "exact and near copies" if near else "exact copies only",
        "across_splits_or_folds": _counted(leaks),
        "inside_one": _counted(within),
        "test_clips_that_leak": len(report.leaked),
        "too_plain_to_fingerprint": len(report.too_plain),
        "unusable": len(report.unusable),
        "trained_on": seen or None,
    }
    if overlap is not None:
        facts["corpus"] = f"{overlap.files:,} files, {_counted(overlap.findings)}"
        facts["unusable_files"] = len(overlap.unusable)
    printing.pairs(describe.rows_of(facts))
    _list(f"{report.task}: across splits or folds", leaks)
    _list(f"{report.task}: inside one", within)
    _list(f"{report.task}: in the corpus", _findings(overlap))
    unusable = [*report.unusable.items(), *(overlap.unusable.items() if overlap else ())]
    for name, reason in unusable:
        printing.line(f"{name}: {reason}, not audited")
    if report.too_plain:
        more = ", …" if len(report.too_plain) > SHOWN else ""
        printing.line(f"too plain to fingerprint: {', '.join(report.too_plain[:SHOWN])}{more}")


def _counted(findings: Sequence["Finding"]) -> str:
    kinds = [finding.kind for finding in findings]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "none"


def _list(title: str, findings: Sequence["Finding"]) -> None:
    rows = [
        (
            finding.kind,
            finding.clip,
            finding.split,
            finding.other,
            finding.other_split or "corpus",
            f"{finding.score:.3f}",
            f"{finding.delay:.2f}",
            "all" if finding.seconds is None else f"{finding.seconds:.2f}",
        )
        for finding in findings
    ]
    if rows:
        printing.listing(title, HEADER, rows)
