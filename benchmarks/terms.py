"""What each term of the recipe `studio` is worth: generators taught without it, on people unseen.

Trains the whole recipe and one arm for each term that is switched off, from nothing, with the same ears,
steps and seeds. Arms whose batches are drawn alike see the very same pictures: some of them share a process,
which draws once for all. The critic has a say in the second half, as in the recipe. Each clip is dubbed with
its own sound (`drawn`) from shut lips, as the engine chooses them; true lips and shut lips stand beside.

Prints markdown as `ablation` does; how far an arm differs from the whole recipe, clip by clip, tells what the
term gives. `heads` are performers' clips whose voices were kept out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import ablation, arms, drawn
from benchmarks.arms import Pace
from training.generators.generator import GeneratorTrainee
from training.generators.recipe import Recipe
from training.packs.data import Clip, Sampler, read_pack
from training.run import feed
from training.run.loop import Told
from training.run.machine import Machine
from w2l_studio.config import MouthConfig
from w2l_studio.nets import weights

WHOLE = "studio"
#: Arms by what they lack: what of the recipe changes.
TERMS: Mapping[str, Mapping[str, float]] = {
    WHOLE: {},
    "no expert": {"looks": 0.0, "sync": 0.0},
    "no edges": {"edges": 0.0},
    "no opening": {"opening": 0.0},
    # The error is then a seventh, so all else is made smaller as it falls, lest the balance change as well.
    "plain error": {
        "lips": 1.0,
        "moved": 0.0,
        "edges": 0.2,
        "opening": 0.14,
        "looks": 0.007,
        "sync": 0.0028,
        "real": 0.0014,
        "alike": 0.028,
    },
    "no critic": {"real": 0.0, "alike": 0.0, "critic": math.inf},
    "any reference": {"shut": 0.0},
    "no silence": {"silent": 0.0},
}
#: What of a recipe tells which batches are drawn.
_DRAWN = (
    *("lead_ms", "columns", "ears", "face_px", "windows", "singles"),
    *("shut", "open", "silent", "gap", "soft", "features", "whiskers"),
)


@dataclass(frozen=True, eq=False)
class Together:
    """Fulfils `loop.Trainee`: trainees that learn from the very same batches."""

    trainees: Mapping[str, GeneratorTrainee]
    machine: Machine

    @property
    def source(self) -> feed.Source:
        """What draws for all."""
        return next(iter(self.trainees.values())).source

    def learn(self, number: int, steps: int, batch: Any) -> Told:
        """Let all learn from a batch."""
        placed = self.machine.place(batch)
        return {
            f"{name}/{term}": value
            for name, trainee in self.trainees.items()
            for term, value in trainee.learn(number, steps, placed).items()
        }

    def state_dict(self) -> dict[str, Any]:
        """Return what `learn` changes, by trainee."""
        return {name: trainee.state_dict() for name, trainee in self.trainees.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take it back."""
        for name, trainee in self.trainees.items():
            trainee.load_state_dict(state[name])


@dataclass(frozen=True, eq=False)
class Given:
    """What all arms have in common.

    Args:
        heard: the ears.
        expert: name or file of the one that teaches.
        clips: what is measured.
    """

    draws: Sampler
    heard: dict[str, Tensor]
    expert: str
    clips: Sequence[Clip]
    out: Path
    paced: Pace


def main() -> None:
    """Train what is missing and print the tables."""
    parser = arms.options(__doc__.splitlines()[0], steps=800, seeds=2)
    parser.add_argument("--ears", required=True, help="a run of `ears`, or weights that have some")
    parser.add_argument("--expert", default=MouthConfig().expert, help="name or file")
    parser.add_argument("--together", type=int, default=3, help="arms that share a process at most")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    paced = arms.pace(asked)
    made = [replace(c, split="heads") if c.split == "heldout" else c for c in read_pack(asked.made)]
    filmed = [clip for clip in read_pack([asked.real, *asked.unseen]) if clip.split != "heldout"]
    clips = arms.spread([clip for clip in [*filmed, *made] if clip.split != "train"], asked.clips)
    draws = Sampler([*filmed, *made])
    heard, columns = ablation.ears(asked.ears)
    recipe = replace(Recipe(), windows=asked.windows, singles=asked.singles, columns=columns)
    wanted = {
        name: replace(recipe, **changes)
        for name, changes in TERMS.items()
        if not asked.arms or name in asked.arms
    }
    given = Given(draws, heard, asked.expert, clips, asked.out, paced)
    runs = ablation.baselines(asked.out, clips)
    for seed in range(paced.seeds):
        left = {n: r for n, r in wanted.items() if arms.read(arms.folder(asked.out, n, seed)) is None}
        runs += [partial(run, given, group, seed) for group in groups(left, asked.together)]
    failed = arms.side_by_side(runs, paced.jobs)
    told = arms.found(asked.out, [*wanted, *ablation.BASELINES], paced.seeds)
    print(f"{paced.steps} steps, {paced.seeds} seeds, {failed} runs failed\n")
    print(arms.report(asked.out, told, WHOLE, drawn.MEASURES))


def groups(recipes: Mapping[str, Recipe], most: int) -> list[dict[str, Recipe]]:
    """Part recipes into groups of at most so many whose batches are drawn alike."""
    alike: dict[tuple[Any, ...], list[str]] = {}
    for name, recipe in recipes.items():
        alike.setdefault(tuple(getattr(recipe, field) for field in _DRAWN), []).append(name)
    return [
        {name: recipes[name] for name in names[start : start + most]}
        for names in alike.values()
        for start in range(0, len(names), most)
    ]


def run(given: Given, recipes: Mapping[str, Recipe], seed: int) -> None:
    """Teach some arms together and measure each of them."""
    shared = arms.folder(given.out, "+".join(recipes), seed)
    trained = arms.train(partial(together, given, recipes, seed), shared, seed, given.paced)
    for name, trainee in trained.trainees.items():
        mine = arms.folder(given.out, name, seed)
        mine.mkdir(exist_ok=True)
        draw = drawn.by(trainee.net, recipes[name])
        arms.write(mine, drawn.lips(given.clips, draw, mine / "sheet.jpg", recipes[name]))


def together(given: Given, recipes: Mapping[str, Recipe], seed: int, here: Machine) -> Together:
    """Return some arms' trainees, which all begin with the same weights."""

    def trainee(recipe: Recipe) -> GeneratorTrainee:
        torch.manual_seed(seed)
        expert = weights.load_expert(weights.find(given.expert, "expert").path) if recipe.looks else None
        opening = weights.load_opening(weights.find("w2l-opening", "opening").path)
        return GeneratorTrainee(given.draws, expert, opening, recipe, ears=given.heard, machine=here)

    return Together({name: trainee(recipe) for name, recipe in recipes.items()}, here)


if __name__ == "__main__":
    main()
