"""Training our own judge: it hears as the judge does, resume is exact, it ships as itself."""

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from training.__main__ import cli
from training.experts import expert, judge
from training.experts.judge import JudgeTrainee
from training.measure import evaluate
from training.packs.data import Sampler, read_pack
from training.run import checkpoint, loop
from training.variety import augment
from training.weights import export
from w2l_studio.judge import slim
from w2l_studio.judge.mfcc import pcm
from w2l_studio.nets import weights
from w2l_studio.nets.meta import Meta


@pytest.fixture(scope="module")
def clips(pack):
    return read_pack([pack])


def test_without_chance_the_sounds_are_the_judges_own(clips, monkeypatch):
    """What training hears is what `judge.slim` hears, but for voice, room and level."""
    for name in ("_HUSHED", "_NOISY", "_DEEPER"):
        monkeypatch.setattr(judge, name, 0.0)
    monkeypatch.setattr(judge, "_ROOM", np.zeros((13, 1)))
    clip, at = clips[0], np.array([0, 7, 40])
    heard = judge.sounds(clip, at, np.random.default_rng(0))
    pcm = np.rint(np.load(clip.folder / "audio.npy") * 2.0**15).astype(np.int16)
    wanted = slim.cut(slim.heard(pcm), at)
    assert heard.shape == (3, 1, 13, 20)
    # The level is drawn too: only log energy tells it, and rounding where nearly nothing is heard.
    assert np.median(np.abs(heard[:, 0, 1:] - wanted[:, 0, 1:])) < 0.01
    assert np.ptp((heard - wanted)[:, 0, 0]) < 0.2


def test_without_chance_the_pictures_are_the_judges_own(clips, monkeypatch):
    """What training sees is what `judge.slim` sees of the engine's crop."""
    monkeypatch.setattr(augment, "STRONG", augment.STILL)
    monkeypatch.setattr(augment, "camera", lambda random: lambda mouths, random: mouths)
    monkeypatch.setattr(judge, "tremble", lambda placed, random: placed)
    clip, at = clips[0], np.array([1, 9, 40])
    crops = np.stack(
        [augment.face(frame, augment.place(np.random.default_rng(0), 128)) for frame in clip.frames]
    )
    wanted = slim.mouths(crops)[at[:, None] + np.arange(5)]
    seen = judge.mouths(clip, at, np.random.default_rng(0))
    assert np.abs(seen.astype(int) - wanted).max() <= 1


def test_a_higher_voice_speaks_no_faster(clips):
    """The loudest moment stays where it was."""
    samples = np.zeros(32000)
    samples[16000:16800] = 9000 * np.sin(np.arange(800) * 0.2)
    for seed in range(6):
        loudest = judge._voice(samples, np.random.default_rng(seed))[0].argmax()
        assert abs(loudest - 101) <= 4


def test_a_killed_run_goes_on_the_same(clips, tmp_path, monkeypatch, step):
    monkeypatch.setattr(expert, "CLIPS", 3)

    def run(folder, steps):
        torch.manual_seed(0)
        made = JudgeTrainee(Sampler(clips))
        loop.run(made, folder, steps=steps, report=lambda _: None, save_every=2)
        return made

    whole = JudgeTrainee(Sampler(clips))
    torch.manual_seed(0)
    first = step(whole, 0, 4, np.random.default_rng((0, 0)))
    assert first["loss"] == pytest.approx(np.log(8), abs=0.6)
    one = run(tmp_path / "one", 4)
    taken = JudgeTrainee.learn

    def learn(self, number, steps, drawn):
        if number == 2:
            raise KeyboardInterrupt
        return taken(self, number, steps, drawn)

    monkeypatch.setattr(JudgeTrainee, "learn", learn)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "two", 4)
    monkeypatch.setattr(JudgeTrainee, "learn", taken)
    two = run(tmp_path / "two", 4)
    for key, value in one.net.state_dict().items():
        assert torch.equal(value, two.net.state_dict()[key]), key


def test_it_is_exported_as_a_judge_and_never_as_syncnet(clips, tmp_path):
    torch.manual_seed(0)
    net, meta = export.network(JudgeTrainee(Sampler(clips)).net.state_dict(), tmp_path)
    assert meta.kind == "judge"
    path = tmp_path / "mine.safetensors"
    weights.save(net, path, meta)
    assert path.stat().st_size < 2_000_000
    assert weights.find(path).kind == "judge"
    loaded = weights.load_judge(path)
    for key, value in net.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(value, loaded.state_dict()[key], atol=1e-3), key
    assert Meta.from_header(meta.to_header()) == meta


def test_it_goes_on_from_weights(pack, tmp_path, monkeypatch):
    """Gently: a step changes little of what the shipped judge knows."""
    monkeypatch.setattr(expert, "CLIPS", 1)
    out = tmp_path / "on"
    words = ["judge", "--start", "w2l-judge", "--pack", pack, "--out", out, "--steps", 1, "--threads", 1]
    assert CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False).exit_code == 0
    known = weights.load_judge(weights.find("w2l-judge", "judge").path).state_dict()
    learned = checkpoint.load(out / "checkpoint.pt")["trainee"]["net"]
    moved = [(learned[key] - value).abs().max() for key, value in known.items() if key.endswith("weight")]
    assert 0 < max(moved) < 0.02


def test_it_is_measured_as_experts_are_by_what_it_sees_and_hears_in_use(clips):
    net = weights.load_judge(weights.find("w2l-judge", "judge").path)
    clip = clips[0]
    seen, said = evaluate.embed(net, clip)
    placed = augment.place(np.random.default_rng(0), clip.frames.shape[1])
    crops = np.stack([augment.face(frame, placed) for frame in clip.frames])
    by_offset = slim.SlimJudge(net, name="ours").distances(crops, pcm(np.load(clip.folder / "audio.npy")))
    assert 1 - (seen * said).sum(1).mean() == pytest.approx(by_offset[15], abs=1e-5)
    told, _ = evaluate.evaluate(net, clips)
    assert set(told) == {clip.split for clip in clips if clip.windows > 31}
