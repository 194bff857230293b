import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from training.__main__ import cli
from training.experts import expert
from training.experts.expert import ContrastTrainee
from training.measure import evaluate
from training.packs.data import Sampler, read_pack
from training.run import loop
from training.weights import export
from w2l_studio.errors import UsageError, WeightsError
from w2l_studio.nets import checkpoint as files
from w2l_studio.nets.expert import Expert
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.meta import Meta
from w2l_studio.nets.opening import Opening
from w2l_studio.nets.weights import load_expert, load_opening
from w2l_studio.terms.sound import COLUMNS_PER_SECOND, FPS

STEPS = 70


@pytest.fixture(scope="module")
def clips(pack):
    return read_pack([pack])


@pytest.fixture(scope="module")
def trained(clips, tmp_path_factory):
    """A run of seventy short steps on drawn faces."""
    folder = tmp_path_factory.mktemp("run")
    before, expert.CLIPS = expert.CLIPS, 3
    torch.manual_seed(0)
    try:
        means = loop.run(ContrastTrainee(Sampler(clips)), folder, steps=STEPS, report=lambda _: None)
    finally:
        expert.CLIPS = before
    return folder, means


def test_another_run_goes_on_from_what_one_has_learned(trained, pack, tmp_path, monkeypatch):
    monkeypatch.setattr(expert, "CLIPS", 3)

    def run(*words):
        done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
        assert done.exit_code == 0, done.output

    run("export", trained[0], tmp_path, "--name", "begun", "--licence", "CC0")
    rest = ("--pack", pack, "--steps", 3, "--seed", 1)
    run("expert", "--start", tmp_path / "begun.safetensors", *rest, "--out", tmp_path / "on")
    run("expert", *rest, "--out", tmp_path / "anew")
    first = [
        json.loads((tmp_path / name / "log.jsonl").read_text("utf-8").splitlines()[-1])["loss"]
        for name in ("on", "anew")
    ]
    assert first[0] < 0.8 * first[1]
    with pytest.raises(UsageError, match="--start is for our network alone"):
        run(
            "expert", "--recipe", "paper", "--start", tmp_path / "begun.safetensors", *rest, "--out", tmp_path
        )


def slipped(clip, frames):
    """The same clip with its sound ``frames`` pictures late."""
    return replace(clip, mel=np.roll(clip.mel, round(frames * COLUMNS_PER_SECOND / FPS), 1))


@pytest.mark.parametrize("apart", [8.0, 2.4, 1.0])
@pytest.mark.parametrize("windows", [25, 30, 59, 71, 200])
def test_windows_of_a_clip_are_apart_and_inside(windows, apart):
    random = np.random.default_rng(0)
    for _ in range(50):
        at = expert.starts(windows, apart, random)
        assert len(at) == 8
        assert 0 <= at[0] <= at[-1] < windows
        assert np.diff(at).min() >= math.floor(min(apart, (windows - 1) / 7))


def test_the_windows_come_nearer():
    gaps = [expert.spacing(n, 100) for n in range(100)]
    assert gaps == sorted(gaps, reverse=True)
    assert 2 <= gaps[-1] < 3


def test_lips_and_sounds_are_of_the_same_moments(clips):
    at = np.arange(0, 40, 5)
    random = np.random.default_rng(0)
    loud = expert.sounds(clips[0], at, random)[:, :, :4].mean((1, 2))
    gap = np.array([clips[0].opening[t : t + 2].mean() for t in at])
    assert np.corrcoef(loud, gap)[0, 1] > 0.6
    assert expert.mouths(clips[0], at, random).shape == (8, 5, 40, 64)


def test_contrast_leaves_chance(trained):
    _, means = trained
    assert means["loss"] < 0.8 * math.log(8)
    assert means["hit"] > 0.25


def test_it_carries_over_to_faces_unseen(trained, clips):
    net, _ = export.from_run(trained[0])
    told, scores = evaluate.evaluate(net, clips)
    assert told["unseen"]["people"] == 2
    assert told["unseen"]["clips"] == 4
    mean, low, high = told["unseen"]["window"]
    assert 0.7 < low <= mean <= high <= 1
    assert told["unseen"]["minimum_at"] == 0
    assert len(told["unseen"]["sweep"]) == 31
    assert all(abs(score.offset) <= 1 for score in scores if score.split == "unseen")
    assert "unseen" in evaluate.table(told)


@pytest.mark.parametrize("frames", [-3, 3])
def test_a_planted_slip_is_found(trained, clips, frames):
    net, _ = export.from_run(trained[0])
    late = [slipped(clip, frames) for clip in clips if clip.split == "unseen"]
    scores = [evaluate.score(net, clip) for clip in late]
    assert all(abs(score.offset + frames) <= 1 for score in scores)
    assert np.mean([score.corrected - score.window for score in scores]) > 0.1
    assert evaluate.evaluate(net, late)[0]["unseen"]["minimum_at"] == pytest.approx(-frames, abs=1)


def test_sound_of_another_clip_stays_at_chance(trained, clips):
    net, _ = export.from_run(trained[0])
    seen = [clip for clip in clips if clip.split == "unseen"]
    crossed = [replace(one, mel=other.mel) for one in seen for other in seen if one is not other]
    scores = [evaluate.score(net, clip) for clip in crossed]
    assert np.mean([score.window for score in scores]) == pytest.approx(0.5, abs=0.1)
    assert np.mean([score.corrected for score in scores]) == pytest.approx(0.5, abs=0.1)


def test_short_clips_are_counted_and_left_out(trained, clips):
    net, _ = export.from_run(trained[0])
    short = replace(clips[-1], frames=clips[-1].frames[:20])
    told, scores = evaluate.evaluate(net, [clips[-1], short])
    assert len(scores) == 1
    assert told[clips[-1].split]["skipped"] == 1


def test_shipped_weights_say_what_they_are_and_give_the_same(trained, clips, tmp_path):
    folder, _ = trained
    net, meta = export.from_run(folder)
    told = replace(meta, licence="CC0", commercial=True, description="drawn faces")
    path = export.ship(net, told, tmp_path, "drawn")
    header = Meta.from_header(files.header(path))
    assert (header.kind, header.steps, header.licence, header.commercial) == ("expert", STEPS, "CC0", True)
    (row,) = json.loads((tmp_path / "weights.json").read_text())
    assert row["sha256"] == files.sha256(path)
    assert row["file"] == path.name
    before, after = evaluate.score(net, clips[0]), evaluate.score(load_expert(path), clips[0])
    assert np.abs(before.sweep - after.sweep).max() < 5e-3


def test_the_mean_of_runs_says_what_it_is_the_mean_of(tmp_path):
    for name, steps, listed in (("one", 10, "aa"), ("other", 30, "bb")):
        torch.manual_seed(steps)
        export.ship(Opening(), Meta("opening", steps=steps, manifest=listed), tmp_path, name)
    one, other = (tmp_path / f"{name}.safetensors" for name in ("one", "other"))
    command = ["export", one, tmp_path, "--name", "mean", "--licence", "CC0", "--mean", other]
    result = CliRunner().invoke(cli, list(map(str, command)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    weights = [
        load_opening(tmp_path / f"{name}.safetensors").head[1].weight for name in ("one", "other", "mean")
    ]
    torch.testing.assert_close(weights[2], (weights[0] + weights[1]) / 2, atol=1e-3, rtol=0)
    assert (weights[0] - weights[1]).abs().max() > 0.01
    header = files.header(tmp_path / "mean.safetensors")
    assert header["steps"] == "40"
    assert len({header["manifest"], "aa", "bb", ""}) == 4


def test_networks_of_different_shapes_have_no_mean():
    parts = [(Expert(width), Meta("expert", width=width)) for width in (0.125, 0.25)]
    with pytest.raises(UsageError, match="no mean"):
        export.mean(parts)


def test_an_older_file_of_the_name_goes(tmp_path):
    for steps in (1, 2):
        export.ship(Opening(), Meta("opening", steps=steps), tmp_path, "opening")
    export.ship(Expert(0.125), Meta("expert", width=0.125), tmp_path, "paper")
    rows = json.loads((tmp_path / "weights.json").read_text())
    assert [row["name"] for row in rows] == ["opening", "paper"]
    assert files.header(tmp_path / "opening.safetensors")["steps"] == "2"
    assert isinstance(load_opening(tmp_path / "opening.safetensors"), Opening)


@pytest.mark.parametrize(
    ("net", "kind", "width", "side", "frames"),
    [
        (lambda: Generator(0.125, 96), "generator", 0.125, 96, 5),
        (lambda: Generator(0.125, 128), "generator", 0.125, 128, 5),
        (lambda: Generator(0.125, 192), "generator", 0.125, 192, 5),
        (lambda: Generator(0.125, 192, sub_pixels=2), "generator", 0.125, 192, 5),
        (lambda: Expert(0.25, 3), "expert", 0.25, 96, 3),
    ],
)
def test_a_network_is_known_by_its_state(tmp_path, net, kind, width, side, frames):
    built, meta = export.network(net().state_dict(), tmp_path)
    assert (meta.kind, meta.width, meta.face_px, meta.frames) == (kind, width, side, frames)
    assert type(built) is type(net())


def test_a_state_of_something_else_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="no network of ours"):
        export.network({"weight": torch.zeros(1)}, tmp_path)


def test_the_commands_lead_from_a_pack_to_weights(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(expert, "CLIPS", 1)
    run, shipped, figures = tmp_path / "run", tmp_path / "shipped", tmp_path / "figures.json"
    commands = [
        f"expert --pack {pack} --share drawn=2 --out {run} --steps 2 --threads 1",
        f"evaluate {run} --pack {pack} --split unseen --json {figures}",
        f"export {run} {shipped} --name tiny --licence CC0 --commercial",
        f"evaluate {shipped / 'tiny.safetensors'} --pack {pack} --split unseen",
        f"opening --pack {pack} --out {tmp_path / 'opening'} --steps 1 --threads 1",
    ]
    for command in commands:
        result = CliRunner().invoke(cli, command.split(), catch_exceptions=False)
        assert result.exit_code == 0, result.output
    assert json.loads(figures.read_text())["experts"][str(run)]["unseen"]["clips"] == 4
    assert "8 clips of 4 people" in CliRunner().invoke(cli, commands[0].split()).output


@pytest.mark.parametrize("share", ["_FEATURES", "_WHISKERS"])
def test_filmed_people_may_be_disguised_and_lips_move_on(tmp_path, write_clip, monkeypatch, share):
    write_clip(tmp_path / "home" / "a", 1, speaker="a", opening=False)
    (clip,) = read_pack([tmp_path / "home"])
    at = np.arange(0, 24, 3)
    for one in ("_FEATURES", "_WHISKERS"):
        monkeypatch.setattr(expert, one, float(one == share))

    def drawn(opening):
        return expert.mouths(clip, at, np.random.default_rng(5), opening=opening).astype(float)

    bare, worn = drawn(None), drawn(np.zeros(60, np.float32))
    assert np.abs(worn - bare).mean() > 2
    # Windows differ by their lips alone, whatever face is about them.
    assert (np.abs(np.diff(worn, axis=0)).mean((1, 2, 3)) > 0.5).all()
