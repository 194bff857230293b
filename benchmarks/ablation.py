"""What performers are worth: networks taught by real clips, by performers, by both; on people unseen.

Trains the sync expert once per arm and seed, all with the same number of steps, and scores each run as
`training evaluate` does. With `--ears` it trains generators instead, without an expert; all arms hear by the
same ears, so they differ in pictures alone. Each clip is dubbed with its own sound (`drawn`); true lips and
shut lips stand beside. The last step's weights are measured: of runs this short their moving average is
mostly the beginning.

A run that is there already is not trained again. Prints markdown: mean of the seeds ± their deviation, in
brackets 95 % of resamplings of people and their clips (scores averaged over seeds); then the same of how far
each clip's figures differ from those of real clips alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import arms, drawn
from benchmarks.arms import Pace, Row
from training.experts.expert import ContrastTrainee
from training.generators.ears import own, read_ears
from training.generators.generator import GeneratorTrainee
from training.generators.recipe import Recipe
from training.measure import evaluate
from training.packs.data import Clip, Sampler, read_pack
from training.run.machine import Machine
from w2l_studio.nets import weights

EXPERT = {"window": "per window", "corrected": "own offset taken out", "second": "over 25 pictures"}


@dataclass(frozen=True)
class Arm:
    """What one network is taught by.

    Args:
        real, made: how often clips of either kind are drawn, in parts.
    """

    name: str
    real: float
    made: float


ARMS = (Arm("real", 1, 0), Arm("performers", 0, 1), Arm("1:1", 1, 1), Arm("1:3", 1, 3))
#: Trains in a folder with what a sampler draws, and measures on clips.
Teach = Callable[[Sampler, Sequence[Clip], Path, int, Pace], list[Row]]


def main() -> None:
    """Train what is missing and print the tables."""
    parser = arms.options(__doc__.splitlines()[0], steps=1500, seeds=3)
    parser.add_argument("--ears", help="a run of `ears`, or such weights: train generators with them")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    paced = arms.pace(asked)
    real, made = read_pack([asked.real]), [read_pack([pack]) for pack in asked.made]
    others = [clip for clip in read_pack(asked.unseen) if clip.split != "train"] if asked.unseen else []
    clips = arms.spread([clip for clip in real if clip.split != "train"] + others, asked.clips)
    teach, measures, names = expert, EXPERT, list[str]()
    runs = list[arms.Run]()
    if asked.ears:
        heard, columns = ears(asked.ears)
        recipe = replace(Recipe(), windows=asked.windows, singles=asked.singles, columns=columns)
        teach, measures = partial(generator, recipe, heard), drawn.MEASURES
        names = list(BASELINES)
        runs += baselines(asked.out, clips)
    wanted = [arm for arm in ARMS if not asked.arms or arm.name in asked.arms]
    for seed in range(paced.seeds):
        for arm in wanted:
            folder = arms.folder(asked.out, arm.name, seed)
            if arms.read(folder) is None:
                runs.append(partial(_run, teach, sampler(arm, real, made), clips, folder, seed, paced))
    failed = arms.side_by_side(runs, paced.jobs)
    told = arms.found(asked.out, [arm.name for arm in wanted] + names, paced.seeds)
    print(f"{paced.steps} steps, {paced.seeds} seeds, {failed} runs failed\n")
    print(arms.report(asked.out, told, ARMS[0].name, measures))


BASELINES = {"true lips": drawn.true, "shut lips": drawn.shut}


def baselines(out: Path, clips: Sequence[Clip]) -> list[arms.Run]:
    """Return what has yet to be measured of lips that no network drew."""

    def measured(name: str) -> None:
        arms.write(arms.folder(out, name, 0), drawn.lips(clips, BASELINES[name]))

    return [partial(measured, name) for name in BASELINES if arms.read(arms.folder(out, name, 0)) is None]


def _run(teach: Teach, draws: Sampler, clips: Sequence[Clip], folder: Path, seed: int, paced: Pace) -> None:
    arms.write(folder, teach(draws, clips, folder, seed, paced))


def sampler(arm: Arm, real: Sequence[Clip], made: Sequence[Sequence[Clip]]) -> Sampler:
    """Return what draws from an arm's packs, those of performers evenly."""
    packs = [(real, arm.real), *((pack, arm.made / len(made)) for pack in made)]
    shares = {pack[0].group: share for pack, share in packs}
    return Sampler([clip for pack, share in packs if share for clip in pack], shares)


def expert(draws: Sampler, clips: Sequence[Clip], folder: Path, seed: int, paced: Pace) -> list[Row]:
    """Teach an expert and score the clips that are long enough."""
    trainee = arms.train(partial(ContrastTrainee, draws), folder, seed, paced)
    scores = evaluate.evaluate(trainee.net, clips)[1]
    return [Row(s.speaker, s.split, {name: getattr(s, name) for name in EXPERT}) for s in scores]


def generator(
    recipe: Recipe,
    heard: dict[str, Tensor],
    draws: Sampler,
    clips: Sequence[Clip],
    folder: Path,
    seed: int,
    paced: Pace,
) -> list[Row]:
    """Teach a generator, without an expert, and measure what it draws."""

    def make(here: Machine) -> GeneratorTrainee:
        opening = weights.load_opening(weights.find("w2l-opening", "opening").path)
        return GeneratorTrainee(draws, None, opening, recipe, ears=heard, machine=here)

    trainee = arms.train(make, folder, seed, paced)
    return drawn.lips(clips, drawn.by(trainee.net, recipe), folder / "sheet.jpg", recipe)


def ears(name: str) -> tuple[dict[str, Tensor], int]:
    """Read the audio encoder of a run of `ears`, or of weights, and how many columns it hears."""
    if Path(name).is_dir():
        return read_ears(Path(name)), Recipe().columns
    net, _ = weights.load_generator(weights.find(name, "generator").path)
    return own(net).state_dict(), net.columns


if __name__ == "__main__":
    main()
