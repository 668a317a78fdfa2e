"""``main.py demo``: the whole loop without a screen, from demonstrations to a score, on a library of its own.

Each stage looks first at what the library has: what an interrupted demo finished is not done again.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from commands.common import JsonOption, LibraryOption, QuietOption, RigOption, SeedOption, emit, require
from core.clock import NANOSECONDS, monotonic_ns, utc_iso, utc_ns
from core.errors import ReticleError
from core.library import Library
from core.library.attempts import AttemptRow, score_of
from core.library.models import ModelRow
from core.library.query import EpisodeFilter
from core.messages import EpisodeMetadata
from core.platform import default_library
from robot.rig import DEFAULT_RIG, RigConfig, load_rig

NAME = "demo"
CAMERAS, RATE_HZ = ("right", "left"), 10.0
_RECORDING_SHARE, _CORRESPONDENCE_SHARE = 0.12, 0.45
_FEWEST_EPISODES = 10
_STEPS = 15_000
_FIRST_ATTEMPT = 1_000_000
"""Attempts begin at seeds that no demonstration has."""
_STAGES = ("Demonstrations", "Descriptors", "Policy", "Attempts")


def demo(
    task: Annotated[str, typer.Option(help="The task to teach.")] = "reach_tr",
    episodes: Annotated[
        int | None, typer.Option(min=2, help="Demonstrations; default: as many as the time allows.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="How many attempts the policy has.")] = 20,
    preset: Annotated[str, typer.Option(help="The policy's preset: default, or contact for pushing.")] = "default",
    minutes: Annotated[float, typer.Option(min=0.1, help="About how long it may take in all.")] = 9.0,
    library: LibraryOption = None,
    rig: RigOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Demonstrations, descriptors, a policy, attempts and a score; what is there already is used."""
    config = load_rig(rig or DEFAULT_RIG)
    require(config.simulated, f"The demo needs a simulated rig; '{config.name}' is real.")
    root = library or default_library().with_name(f"demo {utc_iso(utc_ns())[:19].replace(':', '.')}")
    with Library.open(root) as opened:
        showing = Demo(opened, config, task, seed, quiet)
        try:
            with showing.stage(0):
                showing.demonstrate(episodes, minutes * _RECORDING_SHARE)
            with showing.stage(1):
                descriptors = showing.learn_to_see(minutes * _CORRESPONDENCE_SHARE)
            with showing.stage(2):
                policy = showing.learn_to_act(descriptors, preset)
            with showing.stage(3):
                rows = showing.attempt(policy, trials)
        except KeyboardInterrupt:
            showing.say(f"To go on: main.py demo --library {shlex.quote(str(root))} --task {task} --seed {seed}")
            raise
        pictures = showing.pictures(descriptors, policy, rows)
    score = score_of(rows)
    pck10 = descriptors.metrics["pck"]["10"]
    if as_json:
        figures: dict[str, Any] = {**msgspec.to_builtins(score), "pck10": pck10, "library": str(root)}
        emit(figures | {"stages": showing.stages, "wall_s": round(sum(each["wall_s"] for each in showing.stages), 1)})
    elif not quiet:
        print(_table(showing.stages, showing.count, pck10))
        low, high = (100 * end for end in score.wilson95)
        print(
            f"\n{score.successes} of {score.trials} attempts succeeded: {100 * score.rate:.1f} % "
            f"[{low:.1f}, {high:.1f}], in {score.mean_s:.1f} s on average."
        )
        print("\n".join(f"Picture: {path}" for path in pictures))
        print(f"To look at it in the window: make run ARGS={shlex.quote(f'--library {shlex.quote(str(root))}')}")


class Demo:
    """The stages on one library, and how long each took."""

    def __init__(self, library: Library, rig: RigConfig, task: str, seed: int, quiet: bool) -> None:
        self._library, self._rig, self._task, self._seed, self._quiet = library, rig, task, seed, quiet
        self._workers = min(4, len(os.sched_getaffinity(0)))
        self.stages: list[dict[str, Any]] = []
        self.count = 0

    def say(self, sentence: str) -> None:
        """On standard error, unless quiet."""
        if not self._quiet:
            typer.echo(sentence, err=True)

    @contextmanager
    def stage(self, number: int) -> Iterator[None]:
        """Say which stage begins, and measure it."""
        self.say(f"\n{number + 1} of {len(_STAGES)}: {_STAGES[number]}")
        began_ns = monotonic_ns()
        yield
        wall_s = round((monotonic_ns() - began_ns) / NANOSECONDS, 1)
        self.stages.append({"name": _STAGES[number].lower(), "wall_s": wall_s})

    def demonstrate(self, episodes: int | None, minutes: float) -> None:
        """Record until there are so many, or until the time is over, and freeze them."""
        from robot.lockstep import LockstepSpec
        from robot.lockstep_episodes import into_library

        wanted = EpisodeFilter(task=self._task, demonstrations=True)
        if all(dataset.name != NAME for dataset in self._library.datasets.list()):
            there = {row.seed for row in self._library.episodes.list(wanted, limit=10_000).rows}
            spec = LockstepSpec(self._rig, self._task, CAMERAS, RATE_HZ)
            jobs = self._demonstrations(there, episodes, minutes)
            with closing(into_library(self._library, spec, jobs, self._workers)) as summaries:
                for done, _ in enumerate(summaries, len(there) + 1):
                    self.say(f"Demonstration {done}")
            self._library.datasets.freeze(NAME, wanted)
        self.count = self._library.datasets.get(NAME).episodes
        self.say(f"{self.count} demonstrations of {self._task}.")

    def _demonstrations(self, there: set[int | None], episodes: int | None, minutes: float) -> Iterator[Any]:
        from robot.lockstep_pool import Job

        deadline_ns = monotonic_ns() + round(60 * minutes * NANOSECONDS)
        for number in range(episodes or 1_000_000 - 1):
            if episodes is None and number >= _FEWEST_EPISODES and monotonic_ns() > deadline_ns:
                return
            if self._seed + number not in there:
                yield Job(None, self._metadata(self._seed + number), True)

    def _metadata(self, seed: int) -> EpisodeMetadata:
        return EpisodeMetadata(
            id="",
            task=self._task,
            created_utc_ns=0,
            clock="lockstep",
            rig="",
            demonstrator="expert",
            simulated=True,
            seed=seed,
            distribution="train",
        )

    def learn_to_see(self, minutes: float) -> ModelRow:
        """Descriptors from the demonstrations."""
        from core.correspondence.config import preset
        from robot.correspondence.start import begin

        config = msgspec.structs.replace(preset("laptop"), minutes=minutes, seed=self._seed)
        return self._trained("correspondence", lambda: begin(self._library, self._rig, config, NAME, NAME))

    def learn_to_act(self, descriptors: ModelRow, preset: str) -> ModelRow:
        """A policy on those descriptors, a fixed set of them."""
        from core.policies.config import Mode, Network
        from core.policies.config import preset as preset_of
        from robot.policies.start import begin

        config = msgspec.structs.replace(
            preset_of(preset, Network.MLP),
            mode=Mode.FIXED,
            descriptor_model=descriptors.id,
            seed=self._seed,
            steps=_STEPS,
        )
        return self._trained("policy", lambda: begin(self._library, self._rig, config, NAME, NAME))

    def _trained(self, kind: str, begun: Any) -> ModelRow:
        """The model of a finished run of ours, else of a new one."""
        from commands.train import follow

        done = [run for run in self._library.runs.list(kind) if run.name == NAME and run.status == "done"]
        if done:
            self.say("It was trained before.")
        else:
            run = begun()
            ended = follow(self._library, run, self._quiet)
            if ended.status != "done":
                raise ReticleError(ended.message)
            done = [run]
        return next(model for model in self._library.models.list() if model.run == done[0].id)

    def attempt(self, policy: ModelRow, trials: int) -> list[AttemptRow]:
        """Attempts at starts that were never shown; in the order of their seeds."""
        from core.policies.checkpoint import read_policy_description
        from robot.lockstep_episodes import into_library
        from robot.policies import rollouts

        folder = Path(policy.path)
        description = read_policy_description(folder)
        seeds = range(self._seed + _FIRST_ATTEMPT, self._seed + _FIRST_ATTEMPT + trials)
        rows = [row for row in self._attempts(policy) if row.trial in seeds]
        missing = [each for each in seeds if each not in {row.trial for row in rows}]
        spec = rollouts.lockstep_spec(description, self._rig, self._task)
        jobs = rollouts.jobs(folder, description, self._task, missing)
        with closing(into_library(self._library, spec, jobs, self._workers)) as summaries:
            for summary in summaries:
                rows.append(self._library.attempts.get(summary.id))
                self.say(f"Attempt {len(rows)} of {trials}: {rows[-1].outcome} after {rows[-1].duration_s:.1f} s")
        return sorted(rows, key=lambda row: row.trial or 0)

    def _attempts(self, policy: ModelRow) -> tuple[AttemptRow, ...]:
        return self._library.attempts.list(EpisodeFilter(policy=policy.id, task=self._task))

    def pictures(self, descriptors: ModelRow, policy: ModelRow, rows: list[AttemptRow]) -> list[Path]:
        """The last match that the descriptors were judged by, and how the attempts ended; paths of the files."""
        from core.policies.pictures import attempts_ended

        folder = self._library.root / NAME
        folder.mkdir(mode=0o700, exist_ok=True)
        run = self._library.runs.get(descriptors.run or "")
        matches = sorted((Path(run.path) / "snapshots").glob("*.jpg"))[-1:]
        episodes = [self._library.episodes.get(row.id) for row in rows]
        ended = folder / "attempts.jpg"
        attempts_ended(ended, Path(policy.path), [(Path(row.path), bool(row.success)) for row in episodes])
        return [*matches, ended]


def _table(stages: list[dict[str, Any]], demonstrations: int, pck10: float) -> str:
    what = (f"{demonstrations} recorded", f"{100 * pck10:.1f} % of matches within 10 pixels", "", "")
    lines = [f"{stage['name']:16} {stage['wall_s']:7.1f} s  {words}" for stage, words in zip(stages, what, strict=True)]
    total = sum(stage["wall_s"] for stage in stages)
    return "\n".join(["", *lines, f"{'in all':16} {total:7.1f} s"])
