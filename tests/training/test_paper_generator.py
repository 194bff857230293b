"""The paper's generators: every recipe learns, the switch, who is left alone, and resuming."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from training.cli.paper import paper
from training.cli.run import Given
from training.packs.data import Sampler, read_pack
from training.paper import losses, recipes
from training.paper.faces import FaceSource
from training.paper.generator import PaperTrainee
from training.run import checkpoint, loop
from training.run.machine import Machine
from training.variety import augment
from training.weights import export
from w2l_studio.errors import MediaError, UsageError
from w2l_studio.nets.contrast import Contrast
from w2l_studio.nets.critic import Critic
from w2l_studio.nets.expert import Expert
from w2l_studio.nets.generator import Generator

WIDTH = 0.0625


@pytest.fixture(scope="module")
def clips(pack):
    return read_pack([pack])


def slim(name, **changes):
    recipe = recipes.RECIPES[name](WIDTH, 96)
    return replace(recipe, windows=4 if recipe.frames == 1 else 2, rate=1e-3, **changes)


def trainee(clips, recipe, judge=None):
    torch.manual_seed(0)
    expert = judge or (Expert(WIDTH, recipe.frames) if recipe.sync else None)
    return PaperTrainee(Sampler(clips), [c for c in clips if c.split == "unseen"], recipe, expert)


def test_the_numbers_are_the_papers():
    gan = recipes.wav2lip_gan()
    assert (gan.sync, gan.adversarial, gan.gate, gan.betas, gan.rate) == (
        0.03,
        0.07,
        0.75,
        (0.5, 0.999),
        1e-4,
    )
    assert gan.windows * gan.frames == 80
    assert (gan.width, gan.face_px, gan.critic, gan.lead_ms) == (1.0, 96, "quality", -40)
    plain = recipes.wav2lip()
    assert {f.name for f in fields(gan) if getattr(gan, f.name) != getattr(plain, f.name)} == {
        "critic",
        "adversarial",
        "betas",
        "name",
    }
    assert all(recipe(1.0, 96).name == name for name, recipe in recipes.RECIPES.items())
    assert not recipes.speech2vid().prior
    assert (recipes.lipgan().frames, recipes.lipgan().windows, recipes.lipgan().gap) == (1, 96, 6)
    rows = [recipes.RECIPES[f"tv{n}_{kind}"](1.0, 96) for n in (1, 3, 5) for kind in ("frozen", "tuned")]
    assert [(row.frames, row.tuned) for row in rows] == [(n, t) for n in (1, 3, 5) for t in (False, True)]
    expert = recipes.published_expert()
    assert (expert.pairs, expert.rate, expert.cosine, expert.near, expert.contrast) == (64, 1e-4, False, 1, 0)
    with pytest.raises(AttributeError):
        gan.sync = 1


def test_windows_are_in_order_and_the_reference_is_another(clips):
    recipe = replace(recipes.wav2lip(), windows=3)
    batch = FaceSource(Sampler(clips), recipe, Machine()).draw(0, 1, np.random.default_rng(0))
    assert batch.target.shape == batch.reference.shape == (15, 96, 96, 3)
    assert batch.heard.shape == (15, 1, 80, 16)
    assert batch.sound.shape == batch.other.shape == (3, 1, 80, 16)
    # Drawn faces stand still now and then; windows that are the same picture by picture would all be alike.
    assert (batch.target != batch.reference).flatten(1).any(1).float().mean() > 0.5
    # Each picture's sound begins one picture early: the second of a window hears what the expert does.
    assert torch.equal(batch.heard[1], batch.sound[0])
    assert not torch.equal(batch.other, batch.sound)


@pytest.mark.parametrize("side", [96, 128, 192])
def test_faces_of_every_size_show_the_same(clips, side):
    (face,) = augment.faces(clips[0].frames[:1], side).astype(float)
    (small,) = augment.faces(clips[0].frames[:1]).astype(float)
    assert face.shape == (side, side, 3)
    step = side / 96
    middles = ((np.arange(96) + 0.5) * step).astype(int)
    assert np.abs(face[middles][:, middles] - small).mean() < 2


@pytest.mark.parametrize("name", sorted(recipes.RECIPES))
def test_every_recipe_learns(clips, name, step):
    learner = trainee(clips, slim(name))
    learner.switched = bool(learner.recipe.sync)
    told = [step(learner, n, 12, np.random.default_rng(0)) for n in range(12)]
    assert told[-1]["l1"] < 0.95 * told[0]["l1"]
    assert ("sync" in told[0]) == bool(learner.recipe.sync)
    assert ("critic" in told[0]) == bool(learner.recipe.critic)
    assert ("expert_own" in told[0]) == learner.recipe.tuned
    assert all(math.isfinite(value) for row in told for value in row.values())


@pytest.mark.parametrize("name", ["wav2lip_gan", "lipgan", "tv3_tuned"])
def test_cross_entropy_stays_out_of_the_autocast_which_refuses_it_on_gpus(clips, name, monkeypatch, step):
    plain, seen = torch.nn.functional.binary_cross_entropy, []

    def watched(*args, **options):
        seen.append(torch.is_autocast_enabled("cpu"))
        return plain(*args, **options)

    monkeypatch.setattr(torch.nn.functional, "binary_cross_entropy", watched)
    recipe = slim(name)
    expert = Expert(WIDTH, recipe.frames) if recipe.sync else None
    learner = PaperTrainee(Sampler(clips), clips, recipe, expert, machine=Machine(reduced=True))
    learner.switched = bool(recipe.sync)
    told = step(learner, 0, 1, np.random.default_rng(0))
    assert all(torch.isfinite(value) for value in told.values())
    assert not any(seen)
    assert bool(seen) == (recipe.critic != "sync")


@pytest.mark.parametrize("side", [128, 192])
def test_larger_faces_go_the_same_way(clips, side, step):
    recipe = replace(slim("wav2lip_gan"), face_px=side)
    learner = trainee(clips, recipe)
    learner.switched = True
    step(learner, 0, 2, np.random.default_rng(0))
    net, meta = export.network(learner.state_dict()["net"], "here")
    assert (net.face_px, meta.face_px) == (side, side)
    assert learner.sheet().shape == (4 * side, 6 * side, 3)


def held(net):
    return {key: value.clone() for key, value in net.state_dict().items()}


@pytest.mark.parametrize(
    ("name", "norms", "weights_move", "norms_move"),
    [
        ("wav2lip", "eval", False, False),
        ("wav2lip", "batch", False, True),
        ("tv5_tuned", "eval", True, False),
        ("tv5_tuned", "batch", True, True),
    ],
)
def test_who_judges_is_left_alone_or_not(clips, name, norms, weights_move, norms_move, step):
    learner = trainee(clips, slim(name, norms=norms))
    learner.switched = True
    before = held(learner._expert)
    step(learner, 0, 2, np.random.default_rng(0))
    after = learner._expert.state_dict()
    moved = {key for key, value in before.items() if not torch.equal(value, after[key])}
    assert any(key.endswith("conv_block.0.weight") for key in moved) == weights_move
    assert any(key.endswith("running_mean") for key in moved) == norms_move


def test_lips_and_black_pose_reach_the_network_as_told(clips, step):
    learner = trainee(clips, slim("speech2vid"))
    step(learner, 0, 2, np.random.default_rng(0))
    first = learner.net.face_encoder_blocks[0][0].conv_block[0].weight
    assert not first[:, :3].any()
    assert first[:, 3:].any()
    assert not learner.sheet()[:96].any()
    assert trainee(clips, slim("wav2lip")).sheet()[:40].any()


class Told(Expert):
    """An expert that answers with given cosines: for drawn lips, true lips, wrong sounds."""

    def __init__(self, drawn, true, wrong):
        super().__init__(WIDTH)
        self.cosines, self.asked = (drawn, true, wrong), 0

    def forward(self, audio, face):
        cosine = self.cosines[self.asked % 3]
        self.asked += 1
        seen = torch.tensor([[1.0, 0.0]]).expand(len(face), 2)
        return torch.tensor([[cosine, (1 - cosine**2) ** 0.5]]).expand(len(face), 2), seen


@pytest.mark.parametrize(
    ("cosines", "opens"),
    [
        ((0.6, 0.9, 0.2), True),  # sync loss 0.51
        ((0.4, 0.9, 0.2), False),  # 0.92
        ((0.6, 0.5, 0.5), False),  # an expert that hears no difference opens nothing
    ],
)
def test_the_switch_follows_the_measured_sync_loss(clips, cosines, opens, step):
    learner = trainee(clips, slim("wav2lip"), Told(*cosines))
    assert "sync" not in step(learner, 0, 2, np.random.default_rng(0))
    told = learner.measure()
    assert told["sync"] == pytest.approx(-math.log(cosines[0]), abs=1e-4)
    assert told["sync_wrong"] == pytest.approx(-math.log(cosines[2]), abs=1e-4)
    assert learner.switched is opens
    if opens:
        learner._expert.cosines = (0.1, 0.9, 0.2)
        learner.measure()
        assert learner.switched


class Uneven(Told):
    """An expert whose cosines scatter by 0.1."""

    def __init__(self, drawn, true, wrong, seed):
        super().__init__(drawn, true, wrong)
        self.random = torch.Generator().manual_seed(seed)

    def forward(self, audio, face):
        _, seen = super().forward(audio, face)
        cosine = self.cosines[(self.asked - 1) % 3] + 0.1 * torch.randn(len(face), generator=self.random)
        return torch.stack([cosine, (1 - cosine**2).sqrt()], 1), seen


def test_an_expert_that_guesses_opens_the_gate_by_no_luck(clips):
    recipe = slim("wav2lip")
    guessing = [trainee(clips, recipe, Uneven(0.6, 0.5, 0.5, seed)).measure() for seed in range(4)]
    assert any(told["sync_true"] < told["sync_wrong"] for told in guessing)
    assert not any(told["switched"] for told in guessing)
    assert trainee(clips, recipe, Uneven(0.6, 0.6, 0.5, 0)).measure()["switched"]


def test_a_killed_run_goes_on_as_if_nothing_had_happened(clips, tmp_path, step):
    class Killed(Exception):
        pass

    options = {"steps": 5, "measure_every": 2, "report": lambda _: None}
    always = {"gate": 99.0}

    def judged():
        """The switch opens at step 2: wrong sounds are made worse than right ones."""
        made = trainee(clips, slim("wav2lip_gan", **always))
        made.measure_plain, plain = made.measure, made._measured
        made._measured = lambda batch: plain(batch) | {"sync_wrong": torch.full((2,), 50.0)}
        return made

    whole = loop.run(judged(), tmp_path / "whole", **options)
    assert "sync" in whole
    first = judged()
    taken = first.learn

    def learn(number, steps, drawn):
        if number == 3:
            raise Killed
        return taken(number, steps, drawn)

    first.learn = learn
    with pytest.raises(Killed):
        loop.run(first, tmp_path / "cut", save_every=1, **options)
    assert loop.run(judged(), tmp_path / "cut", **options) == whole


def test_a_recipe_without_its_expert_is_refused(clips):
    with pytest.raises(UsageError, match="needs a sync expert"):
        PaperTrainee(Sampler(clips), clips, slim("wav2lip"))
    with pytest.raises(UsageError, match="the paper's expert"):
        PaperTrainee(Sampler(clips), clips, slim("wav2lip"), Contrast())
    with pytest.raises(UsageError, match=r"reads 5 pictures.*windows of 3"):
        PaperTrainee(Sampler(clips), clips, slim("tv3_frozen"), Expert(WIDTH))


def test_every_recipe_can_begin_with_what_another_has_learned(clips, step):
    begun = trainee(clips, slim("wav2lip"))
    step(begun, 0, 2, np.random.default_rng(0))
    for name in ("tv1_tuned", "speech2vid"):
        judge = Expert(WIDTH, 1)
        net = PaperTrainee(Sampler(clips), clips, slim(name), judge, begun.net).net
        differ = {k for k, v in net.state_dict().items() if not torch.equal(v, begun.net.state_dict()[k])}
        # Without a pose prior the weights that would read it are 0; all else is what was learned.
        prior = "face_encoder_blocks.0.0.conv_block.0.weight"
        assert differ == (set() if name == "tv1_tuned" else {prior})
    with pytest.raises(UsageError, match="another shape"):
        PaperTrainee(Sampler(clips), clips, slim("speech2vid"), None, Generator(2 * WIDTH))


def test_footage_of_which_nothing_is_held_out_is_told_so(clips):
    with pytest.raises(MediaError, match="no clip of the split heldout"):
        PaperTrainee(Sampler(clips), [], slim("speech2vid"))


def test_batch_and_rate_of_a_slim_network_are_given_alike_to_every_recipe(clips, monkeypatch, tmp_path):
    seen = {}

    def train(make, packs, shares, out, **options):
        recipe = make(Given(Sampler(clips), clips, Machine())).recipe
        seen[options["seed"]] = (recipe.windows * recipe.frames, recipe.rate)

    monkeypatch.setattr("training.cli.paper.train", train)
    for seed, name in enumerate(("lipgan", "speech2vid")):
        given = ["--pack", str(tmp_path), "--out", str(tmp_path), "--steps", "1", "--seed", str(seed)]
        slim_run = ["--width", "0.0625", "--pictures", "20", "--rate", "0.001"]
        done = CliRunner().invoke(paper, [name, *given, *slim_run], catch_exceptions=False)
        assert done.exit_code == 0
        CliRunner().invoke(
            paper, [name, *given[:-1], str(10 + seed), "--width", "0.0625"], catch_exceptions=False
        )
    assert seen == {0: (20, 1e-3), 1: (20, 1e-3), 10: (96, 1e-4), 11: (80, 1e-4)}


def test_start_and_gate_reach_the_trainee(clips, monkeypatch, tmp_path):
    begun = trainee(clips, slim("wav2lip"))
    loop.run(begun, tmp_path / "begun", steps=1, report=lambda _: None)
    judge = trainee(clips, slim("tv5_tuned"))
    (tmp_path / "judge").mkdir()
    learned = {"step": 1, "means": {}, "trainee": {"net": judge._expert.state_dict()}}
    checkpoint.save(tmp_path / "judge" / "checkpoint.pt", learned)
    made = []

    def train(make, packs, shares, out, **options):
        made.append(make(Given(Sampler(clips), clips, Machine())))

    monkeypatch.setattr("training.cli.paper.train", train)
    given = ["--pack", str(tmp_path), "--out", str(tmp_path / "new"), "--steps", "1", "--width", "0.0625"]
    more = ["--measure-every", "1", "--expert", str(tmp_path / "judge"), "--start", str(tmp_path / "begun")]
    for gate in ([], ["--gate", "inf"]):
        CliRunner().invoke(paper, ["wav2lip", *given, *more, *gate], catch_exceptions=False)
    assert [learner.recipe.gate for learner in made] == [0.75, math.inf]
    first = "audio_encoder.0.conv_block.0.weight"
    assert torch.equal(made[0].net.state_dict()[first], begun.net.state_dict()[first])


def test_the_critic_tells_parts_of_larger_faces():
    assert [Critic(WIDTH)(torch.rand(2, 3, 1, p, p)).shape for p in (96, 128, 192)] == [
        (2, 1),
        (2, 4),
        (2, 16),
    ]


def test_wrong_pairs_are_pushed_apart_up_to_the_margin():
    class Fixed(torch.nn.Module):
        def forward(self, heard, seen):
            return heard, seen[:, :2, 0, 0]

    face = torch.zeros(1, 3, 96, 96)
    face[:, 0] = 1
    for sound, near in (((1.0, 0.0), True), ((0.0, 1.0), False)):
        heard = torch.tensor([sound])
        right, wrong = (losses.contrastive(Fixed(), face, heard, fits=fits) for fits in (True, False))
        assert right == pytest.approx(0 if near else 2, abs=1e-3)
        assert wrong == pytest.approx(1 if near else 0, abs=1e-3)
