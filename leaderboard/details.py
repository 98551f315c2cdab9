"""Everything about the rows of one task, folded away on the page."""

from collections.abc import Iterable, Sequence
from statistics import pstdev

from tabulate import tabulate

from leaderboard.audits import Audit
from leaderboard.records import ClassScore, Record, Score, TaskFacts

FEW_GROUPS = 10

UNEVEN = 0.9
"""Groups that are worth a smaller share of their number are said to be."""


def section(records: Sequence[Record], worth: float, audit: Audit | None) -> str:
    """A folded section with everything about a task's rows.

    Args:
        records: of the task.
        worth: the number of groups of equal size that its test clips are worth.
        audit: what one found.
    """
    task, protocol = records[0].task, records[0].search.protocol
    commands = "\n".join(record.provenance.command for record in records)
    parts = [
        f"<details><summary><b>{task.name}</b>, {protocol}: {task.summary}</summary>",
        f"{_asked(task, records, worth)} {_audited(audit)}",
        table(*_metrics(records)),
        *_variants(records),
        table(*_costs(records)),
        *_classes(records),
        *_left_out(records),
        f"```sh\n{commands}\n```",
        "</details>",
    ]
    return "\n\n".join(parts)


def _asked(task: TaskFacts, records: Sequence[Record], worth: float) -> str:
    clips = max((record.clips for record in records), key=lambda each: each.test)
    parts = f"{clips.train:,} / {clips.validation:,} / {clips.test:,}"
    split = f"{parts} clips to train, validate and test"
    if clips.folds:
        split = f"{clips.test:,} clips in {clips.folds} folds, each tested once"
    return (
        f"{'Recorded' if task.recorded else 'Rendered'} audio; {split}, "
        f"the last in {_groups(clips.groups, worth)}"
        f"Paper: {_ended(task.paper)} Licence: {_ended(task.licence)}"
    )


def _audited(audit: Audit | None) -> str:
    """What is known of leaks."""
    if audit is None:
        return "Not audited for leaks."
    looked = "Exact and near copies" if audit.near else "Exact copies only"
    plain = f"; {audit.too_plain:,} are too plain to tell" if audit.too_plain else ""
    found = [f"{len(audit.leaked):,} test clips are in another split too"]
    only = {name: " (exact copies only)" for name in audit.exact if audit.near}
    found += [
        f"{len(ids):,} are in {name}{only.get(name, '')}"
        for name, ids in sorted(audit.corpora.items())
    ]
    return f"{looked} were looked for among {audit.clips:,} clips{plain}: {', '.join(found)}."


def _groups(number: int, worth: float) -> str:
    """How many, and a warning where resampling them says too little."""
    uneven = f", worth {worth:,.1f} of equal size" if worth < UNEVEN * number else ""
    few = f"**With fewer than {FEW_GROUPS} groups its intervals are rough.** "
    return f"{number:,} groups{uneven}. {few if worth < FEW_GROUPS else ''}"


def _ended(text: str) -> str:
    """A sentence with one full stop."""
    return f"{text.rstrip('.')}."


def _metrics(records: Sequence[Record]) -> tuple[list[list[str]], list[str]]:
    names = list(dict.fromkeys(name for record in records for name in record.scores))
    names.sort(key=lambda name: (name != records[0].task.primary, name))
    rows = [
        [
            record.backbone.name,
            *(interval(record.scores[n]) if n in record.scores else "–" for n in names),
            f"{100 * record.primary.error:.2f}",
            f"{100 * pstdev(record.primary.seeds):.2f}",
        ]
        for record in records
    ]
    return rows, ["backbone", *names, "s.e. over groups", "s.d. over seeds"]


def _variants(records: Sequence[Record]) -> list[str]:
    """Every layer, or number of examples, where a protocol tests several."""
    rows = [
        [r.backbone.name, v.name, _validated(v.validation), interval(v.score)]
        for r in records
        for v in r.variants
    ]
    return [table(rows, ["backbone", "variant", "on validation", "score"])] if rows else []


def _classes(records: Sequence[Record]) -> list[str]:
    """The primary metric of every class, tag or target."""
    names = dict.fromkeys(name for record in records for name in record.per_class)
    if not names:
        return []
    rows = [
        [
            name,
            *(interval(r.per_class[name]) if name in r.per_class else "–" for r in records),
        ]
        for name in names
    ]
    return [table(rows, ["class, tag or target", *(r.backbone.name for r in records)])]


def _costs(records: Sequence[Record]) -> tuple[list[list[str]], list[str]]:
    rows = [
        [
            r.backbone.name,
            ", ".join(f"{name} {_short(value)}" for name, value in sorted(r.search.chosen.items())),
            _validated(r.search.validation),
            f"{len(r.search.trials)} trials, {len(r.search.seeds)} seeds",
            f"{r.costs.encode_seconds:,.1f} s ({r.costs.real_time_factor:,.0f}×)",
            f"{r.costs.probe_seconds:,.1f} s",
            r.costs.device,
        ]
        for r in records
    ]
    header = ["backbone", "chosen probe", "on validation", "search", "encoding (× real time)"]
    return rows, [*header, "probing", "device"]


def _validated(score: float | None) -> str:
    return "–" if score is None else f"{100 * score:.1f}"


def _left_out(records: Sequence[Record]) -> Iterable[str]:
    """One line a row that some clips are missing from."""
    lines = [
        f"- {r.backbone.name}: clips left out {len(r.clips.skipped):,}, "
        f"the first {name} ({_plain(reason)})"
        for r in records
        for name, reason in sorted(r.clips.skipped.items())[:1]
    ]
    if lines:
        yield "\n".join(lines)


def interval(score: Score | ClassScore) -> str:
    """Value and 95 % interval, × 100."""
    return f"{100 * score.value:.1f} {bounds(100 * score.low, 100 * score.high)}"


def bounds(low: float, high: float) -> str:
    """An interval."""
    return f"[{low:.1f}, {high:.1f}]"


def _short(value: str | float | bool) -> str:  # noqa: FBT001 — one JSON scalar of three types
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _plain(text: str) -> str:
    """One line in which nothing ends a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


def table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """A Markdown table; no text ends its cell."""
    cells = [[_plain(text) for text in row] for row in rows]
    return tabulate(cells, [_plain(text) for text in header], "pipe", disable_numparse=True)
