"""The paper's expert: what its pairs are, that it leaves chance, and its smaller windows."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch.nn import functional

from training.__main__ import cli
from training.experts.expert import WINDOWS, contrast
from training.measure import evaluate
from training.packs import prepare, splits
from training.packs.data import Sampler, read_pack
from training.paper import recipes
from training.paper.expert import PairTrainee, centred, crossed, pictured, shared, together_loss
from training.paper.generator import PaperTrainee
from training.paper.pairs import PairSource, elsewhere
from training.run import loop
from training.run.machine import Machine
from training.weights import export
from w2l_studio.nets.expert import COLUMNS, Expert


@pytest.fixture(scope="module")
def clips(pack):
    return read_pack([pack])


def source(clips, recipe):
    return PairSource(Sampler(clips), recipe, Machine())


def loudness(heard):
    return heard[:, 0, :, :6].mean((1, 2)).numpy()


def opening(lips):
    """Share of dark pixels in the first picture's mouth."""
    mouth = lips[:, 0, 4:36, 24:72].float().mean(3).flatten(1)
    return (mouth < 0.7 * mouth.quantile(0.9, 1)[:, None]).float().mean(1).numpy()


def test_right_sounds_are_of_the_window_and_wrong_ones_are_not(clips):
    recipe = replace(recipes.published_expert(), pairs=160, far=15, near=15)
    batch = source(clips, recipe).draw(0, 10, np.random.default_rng(0))
    assert batch.lips.shape == (160, 5, 48, 96, 3)
    assert batch.heard.shape == (160, 1, 80, 16)
    together = batch.together.numpy() == 1
    assert 0.3 < together.mean() < 0.7
    gap, loud = opening(batch.lips), loudness(batch.heard)
    right, wrong = (np.corrcoef(gap[rows], loud[rows])[0, 1] for rows in (together, ~together))
    assert right > 0.5 > wrong + 0.2


def test_wrong_sounds_come_nearer_and_never_touch_the_window():
    random = np.random.default_rng(0)
    for at in (0, 20, 55):
        far = {abs(elsewhere(at, 56, 15, random) - at) for _ in range(200)}
        assert min(far) == 15
        assert min(abs(elsewhere(at, 56, 5, random) - at) for _ in range(300)) == 5
    assert elsewhere(3, 7, 15, random) in (0, 6)
    assert {elsewhere(1, 3, 1, random) for _ in range(50)} == {0, 2}


@pytest.mark.parametrize("cross", [True, False])
def test_moved_pictures_keep_their_label_and_the_batch_is_that_of_its_number(clips, cross):
    recipe = replace(recipes.expert(), pairs=16, crossed=cross)
    drawn = source(clips, recipe)
    batch, again = (drawn.draw(9, 10, np.random.default_rng(1)) for _ in range(2))
    assert batch.lips.shape[0] == 16
    assert batch.together.all() == cross
    assert torch.equal(again.lips, batch.lips)
    lit = pictured(batch)
    assert lit.shape == (16, 15, 48, 96)
    assert 0 <= lit.min() <= lit.max() <= 1


@pytest.mark.parametrize("frames", [1, 3, 5])
def test_every_window_is_heard_as_long_as_it_is_seen(frames):
    net = Expert(0.0625, frames).eval()
    audio, face = torch.rand(2, 1, 80, 16), torch.rand(2, 15, 48, 96)
    told = net(audio, face)
    audio[..., COLUMNS[frames] :], face[:, 3 * frames :] = 0, 0
    assert all(torch.equal(a, b) for a, b in zip(told, net(audio, face), strict=True))
    audio[..., COLUMNS[frames] - 1] += 1
    assert not torch.equal(told[0], net(audio, face)[0])


@pytest.mark.parametrize("frames", [1, 3])
def test_smaller_windows_are_trained_exported_and_measured_alike(clips, tmp_path, frames):
    recipe = replace(recipes.expert(frames, 0.0625), pairs=8)
    assert source(clips, recipe).draw(0, 2, np.random.default_rng(0)).lips.shape == (8, frames, 48, 96, 3)
    loop.run(PairTrainee(Sampler(clips), recipe), tmp_path, steps=2, report=lambda _: None)
    net, meta = export.from_run(tmp_path)
    assert (meta.frames, meta.recipe, meta.steps) == (frames, "paper", 2)
    assert net.frames == frames
    told, _ = evaluate.evaluate(net, clips[-2:])
    assert 0 <= told["unseen"]["window"][0] <= 1


def test_what_a_clips_windows_share_counts_for_nothing_in_contrast():
    torch.manual_seed(0)
    own, who = torch.randn(3, 8, 32), 20 * torch.randn(3, 1, 32)
    sound = functional.normalize(own + 0.1 * torch.randn(3, 8, 32), dim=2)
    seen = functional.normalize(own + who, dim=2).requires_grad_()
    assert torch.einsum("cif,cjf->cij", seen, seen).min() > 0.97
    guessing = math.log(8)
    plain, _ = contrast(seen, sound, torch.tensor(7.0))
    loss, hit = contrast(centred(seen), centred(sound), torch.tensor(7.0))
    assert plain > 0.8 * guessing
    assert hit == 1
    assert loss < 0.1 * guessing


def test_lips_all_alike_are_no_way_out_of_contrast():
    """While lips tell nothing yet, the plain softmax gains by shrinking what they differ in."""
    torch.manual_seed(0)
    own, who, sound = (torch.randn(64, n, 32) for n in (8, 1, 8))
    spread = torch.tensor(0.3, requires_grad=True)
    slopes = {}
    for name, made in (("plain", lambda x: functional.normalize(x, dim=2)), ("centred", centred)):
        loss, _ = contrast(made(who + spread * own), made(sound), torch.tensor(7.0))
        (slope,) = torch.autograd.grad(loss, spread)
        slopes[name] = slope.item()
    assert slopes["plain"] > 0.05
    assert abs(slopes["centred"]) < 1e-4


def test_contrast_ends_with_the_cosines_that_an_expert_is_asked_for():
    shares = [shared(n, 60) for n in range(60)]
    assert shares[0] == shares[29] == 1
    assert shares[-1] == 0
    assert all(a >= b for a, b in itertools.pairwise(shares))
    torch.manual_seed(0)
    seen = functional.normalize(torch.rand(2, 8, 16), dim=2)
    assert torch.allclose(centred(seen, 0.0), seen)


def test_crossed_pairs_cost_what_pairs_of_even_chance_do():
    torch.manual_seed(0)
    seen, sound = (functional.normalize(torch.rand(2, 8, 16), dim=2) for _ in range(2))
    loss, told = crossed(seen, sound)
    right, wrong, hits = [], [], []
    for clip in range(2):
        for i in range(8):
            for j in range(8):
                cosine = (seen[clip, i] * sound[clip, j]).sum()[None]
                (right if i == j else wrong).append(together_loss(cosine, torch.tensor([float(i == j)])))
                hits.append((i == j, bool((cosine > 0.5) == (i == j))))
    assert loss == pytest.approx((np.mean(right) + np.mean(wrong)) / 2, rel=1e-5)
    even = [np.mean([hit for same, hit in hits if same == kind]) for kind in (True, False)]
    assert told == pytest.approx(np.mean(even), abs=1e-6)


@pytest.mark.slow
@pytest.mark.shared
def test_a_slim_expert_leaves_chance_on_footage(shared, tmp_path):
    """A minute of one filmed man, prepared and learned in a minute of CPU; clips kept out are judged."""
    folder = shared("data/open/grid_s1")
    films = sorted(folder.glob("*.mp4"))[::17][:25]
    rule = splits.Rule(every=5, then="heldout", licence="CC BY 4.0", source="GRID corpus")
    prepare.prepare(splits.assign(films, [rule], folder), tmp_path / "pack", jobs=1, judge=None)
    found = read_pack([tmp_path / "pack"])
    kept = [replace(clip, split="train") for clip in found if clip.split == "heldout"]
    assert (len(found), len(kept)) == (25, 5)

    recipe = replace(recipes.expert(width=0.125), pairs=32, contrast=0.5, moved=False)
    drawn = source(kept, replace(recipe, pairs=160)).draw(0, 2, np.random.default_rng(1))
    torch.manual_seed(0)
    trainee = PairTrainee(Sampler(found), recipe)

    def measured():
        with torch.inference_mode():
            sound, seen = trainee.net.eval()(drawn.heard, pictured(drawn))
        loss, told = crossed(*(x.unflatten(0, (-1, WINDOWS)) for x in (seen, sound)))
        return loss.item(), told.item()

    before, _ = measured()
    loop.run(trainee, tmp_path / "run", steps=120, report=lambda _: None)
    loss, told = measured()
    assert before > 0.98 * math.log(2), (before, loss, told)
    assert loss < 0.85 * math.log(2)
    assert told > 0.65


def test_a_slim_expert_leaves_chance_and_carries_over(clips, tmp_path):
    recipe = replace(recipes.expert(width=0.125), pairs=32, contrast=0.3, rate=2e-3, moved=False)
    torch.manual_seed(0)
    trainee = PairTrainee(Sampler(clips), recipe)
    means = loop.run(trainee, tmp_path, steps=60, report=lambda _: None)
    assert means["loss"] < 0.9 * math.log(2)
    told, _ = evaluate.evaluate(trainee.net, [clip for clip in clips if clip.split == "unseen"])
    assert told["unseen"]["window"][0] > 0.65
    # It is one that a generator can be taught by: of true lips it surely knows which sound is theirs.
    unseen = [clip for clip in clips if clip.split == "unseen"]
    learner = PaperTrainee(Sampler(clips), unseen, recipes.wav2lip(0.0625), trainee.net)
    told = learner.measure()
    assert told["margin"] > 0
    assert learner.switched == (told["sync"] < 0.75)


def test_batch_and_rate_of_the_command_reach_the_trainee(pack, monkeypatch, tmp_path):
    asked = []

    class Trained(PairTrainee):
        def __init__(self, sampler, recipe, machine):
            asked.append(recipe)
            super().__init__(sampler, recipe, machine)

    monkeypatch.setattr("training.paper.expert.PairTrainee", Trained)
    command = f"expert --recipe paper --width 0.0625 --frames 1 --steps 1 --threads 1 --pack {pack}"
    for number, more in enumerate(("--pairs 16 --rate 0.0005", "--pairs 16")):
        done = CliRunner().invoke(cli, f"{command} --out {tmp_path / str(number)} {more}".split())
        assert done.exit_code == 0
    assert [(one.pairs, one.rate) for one in asked] == [(16, 5e-4), (16, recipes.expert().rate)]


def test_published_is_as_published():
    """BCELoss as it is, and gradients as they are."""
    assert recipes.published_expert().limit is None
    cosine = torch.tensor([0.0, 0.3, 1.0], requires_grad=True)
    wanted = torch.tensor([1.0, 1.0, 0.0])
    assert together_loss(cosine, wanted) == torch.nn.BCELoss()(cosine, wanted)
    (slope,) = torch.autograd.grad(together_loss(cosine, wanted), cosine)
    assert (slope != 0).all()
