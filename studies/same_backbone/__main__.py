"""Trains and scores what is not there yet, and renders the report."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import assets, registry
from bench.pretrain.presets import Preset
from bench.store import write_atomically
from studies.same_backbone import evidence, figures, listening, page
from studies.same_backbone.plan import CORE, PARTS, Name, Part, Training
from studies.same_backbone.running import Place

HERE = Path(__file__).parent
PAGE, FIGURES, RESULTS = "RESULTS.md", "figures", "results"
REPORT, LAYERS = "report", "layers"
ABOUT = f"{LAYERS}: every layer of the core's trainings by itself; {REPORT}: only renders"
STEPS = {Preset.TINY: 6, Preset.SMALL: 400}


def parsed(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog=page.COMMAND, description=__doc__)
    parser.add_argument("part", choices=[*PARTS, LAYERS, REPORT], help=ABOUT)
    sizes = [Preset.TINY.value, Preset.SMALL.value]
    parser.add_argument("--preset", choices=sizes, default=Preset.SMALL.value)
    parser.add_argument("--steps", type=int, help="of each training (default: 400; tiny: 6)")
    parser.add_argument("--seeds", type=int, help="of pre-training (default: the part's; tiny: 1)")
    parser.add_argument("--trainings", nargs="+", metavar="LABEL", help="only these")
    parser.add_argument(
        "--tasks", nargs="+", default=[], metavar="NAME", help="(default: embedded)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="trainings at once (default: 2)")
    parser.add_argument("--out", type=Path, help="trainings and board (default: in the cache)")
    parser.add_argument("--check", action="store_true", help="of report: 1 if the page is stale")
    parser.add_argument("--report", type=Path, help="page (default: here; tiny: in --out)")
    asked = parser.parse_args(words)
    asked.preset = Preset(asked.preset)
    tiny = asked.preset is Preset.TINY
    cache = assets.cache_folder() / "studies" / f"same-backbone-{asked.preset}"
    asked.out = (asked.out or cache).resolve()
    asked.report = (asked.report or (asked.out / "report" if tiny else HERE)).resolve()
    if asked.check and asked.part != REPORT:
        parser.error(f"--check is of {REPORT}")
    if asked.part != REPORT:
        part = PARTS.get(asked.part, CORE)
        asked.steps = STEPS[asked.preset] if asked.steps is None else asked.steps
        asked.seeds = asked.seeds or (1 if tiny else part.seeds)
        known = [training.label for training in part.trainings]
        unknown = [label for label in asked.trainings or () if label not in known]
        if unknown or asked.steps < 1:
            parser.error(f"--trainings takes {', '.join(known)}; --steps a number above 0")
    return asked


def run(part: Part, asked: argparse.Namespace) -> list[Name]:
    """Train and score seed by seed; those that could not be trained."""
    place = Place(asked.out, asked.preset, asked.jobs)
    place.out.mkdir(parents=True, exist_ok=True)
    chosen = [t for t in part.trainings if not asked.trainings or t.label in asked.trainings]
    missing: list[Name] = []
    for seed in range(asked.seeds):
        missing += _seed(place, chosen, asked, seed)
        publish(place, asked.report)
    return missing


def _seed(
    place: Place, chosen: Sequence[Training], asked: argparse.Namespace, seed: int
) -> list[Name]:
    wanted = [(training, training.name(asked.steps, seed)) for training in chosen]
    missing = place.train(wanted)
    names = [name for _, name in wanted if name not in missing]
    protocol = listening.PROTOCOL if asked.part == LAYERS else evidence.PROTOCOL
    return missing + ([] if place.score(names, asked.tasks, protocol) else names)


def publish(place: Place, report: Path) -> None:
    """Bring what is there into the report's folder, and render it."""
    place.publish(report / RESULTS)
    known = evidence.load(report / RESULTS, registry.find())
    for name, content in figures.draw(known).items():
        write_atomically(report / FIGURES / name, content)
    write_atomically(report / PAGE, page.render(known).encode())
    print(f"wrote {report / PAGE}", flush=True)


def stale(report: Path) -> bool:
    """Whether the page is not what the records beside it render to."""
    fresh = page.render(evidence.load(report / RESULTS, registry.find()))
    return (report / PAGE).read_text("utf-8") != fresh


def main(words: Sequence[str] | None = None) -> None:
    """Exit with 1 where something could not be trained or scored, or a checked page is stale."""
    asked = parsed(words)
    if asked.check:
        sys.exit(f"{asked.report / PAGE} is stale" if stale(asked.report) else 0)
    if asked.part == REPORT:
        publish(Place(asked.out, asked.preset, asked.jobs), asked.report)
        return
    missing = run(PARTS.get(asked.part, CORE), asked)
    for name in missing:
        print(f"{name} is missing; see {asked.out / 'logs'}")
    sys.exit(bool(missing))


if __name__ == "__main__":
    main()
