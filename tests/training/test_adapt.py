"""Fitting to one actor: nearer on clips kept out, a small delta that is worth nothing without its base."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from training.__main__ import cli
from training.generators import adapt
from training.measure import redub
from training.packs.data import read_pack
from training.run import loop
from w2l_studio.errors import MediaError, WeightsError
from w2l_studio.nets import checkpoint as files
from w2l_studio.nets import weights
from w2l_studio.nets.contrast import Contrast
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.meta import Meta
from w2l_studio.nets.opening import Opening

WIDTH = 0.0625


@pytest.fixture(scope="module")
def actor(tmp_path_factory, write_clip):
    root = tmp_path_factory.mktemp("actor") / "one"
    for i in range(4):
        write_clip(root / f"take{i}", 40 + i, speaker="one")
    return root


@pytest.fixture
def base(tmp_path, monkeypatch):
    """A registered base: a generator that draws its reference."""
    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(tmp_path / "store"))
    torch.manual_seed(0)
    net = Generator(WIDTH, from_reference=True)
    torch.nn.init.zeros_(net.output_block[1].weight)
    torch.nn.init.constant_(net.output_block[1].bias, 0.7)
    path = tmp_path / "base.safetensors"
    weights.save(net, path, Meta("generator", width=WIDTH, from_reference=True, lead_ms=-75.0))
    weights.add(path, "base")
    return "base"


def test_only_what_paints_is_taught(actor, step):
    net = Generator(WIDTH)
    trainee = adapt.AdaptTrainee(net, read_pack([actor]), -75, Contrast(), Opening())
    before = {key: value.clone() for key, value in trainee.net.state_dict().items()}
    step(trainee, 0, 4, np.random.default_rng(0))
    moved = {key for key, value in trainee.net.state_dict().items() if not torch.equal(value, before[key])}
    assert moved
    assert moved <= set(adapt.painting(net))
    assert not any(key.startswith(("audio", "face_encoder")) or "running" in key for key in moved)
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_clips_are_kept_out():
    for count in (2, 4, 11):
        clips = [f"clip{i}" for i in range(count)]
        learned, kept = adapt.apart(clips)
        assert sorted(learned + kept, key=clips.index) == clips
        assert len(kept) == max(1, -(-count // 5))
    with pytest.raises(MediaError, match="one clip is too few"):
        adapt.apart(["alone"])


def test_a_killed_run_goes_on_as_if_nothing_had_happened(actor, tmp_path):
    clips = read_pack([actor])
    torch.manual_seed(0)
    net, options = Generator(WIDTH), {"measure_every": 2, "report": lambda _: None}
    judges = Contrast(), Opening()

    def trainee(kind):
        torch.manual_seed(1)
        return kind(net, clips, -75, *judges)

    class Killed(Exception):
        pass

    class Dying(adapt.AdaptTrainee):
        def learn(self, number, steps, drawn):
            if number == 3:
                raise Killed
            return super().learn(number, steps, drawn)

    whole = loop.run(trainee(adapt.AdaptTrainee), tmp_path / "whole", steps=4, **options)
    with pytest.raises(Killed):
        loop.run(trainee(Dying), tmp_path / "cut", steps=4, save_every=1, **options)
    assert loop.run(trainee(adapt.AdaptTrainee), tmp_path / "cut", steps=4, **options) == whole


def test_the_delta_is_small_nearer_and_bound_to_its_base(actor, base, tmp_path, monkeypatch):
    quick = adapt.actor  # so that 40 steps are enough
    monkeypatch.setattr(
        adapt, "actor", lambda *told: replace(quick(*told), rate=0.003)
    )  # 40 steps are enough
    command = ["adapt", base, str(actor), "--out", str(tmp_path / "run"), "--name", "actor", "--steps", "40"]
    result = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line.split()[1:] for line in result.output.splitlines()[-3:-1]}
    assert float(rows["adapted"][0]) < 0.8 * float(rows["base"][0])
    delta = tmp_path / "run" / "actor.safetensors"
    entry = weights.find(base, "generator")
    assert files.header(delta)["base"] == entry.sha256
    assert delta.stat().st_size < 0.25 * entry.path.stat().st_size
    net, meta = weights.load_generator(weights.add(delta, "actor").path)
    assert (meta.lead_ms, meta.base, meta.from_reference) == (-75.0, entry.sha256, True)
    plain, _ = weights.load_generator(entry.path)
    changed = {k for k, v in net.state_dict().items() if not torch.equal(v, plain.state_dict()[k])}
    assert changed
    assert changed <= set(adapt.painting(plain))
    again = CliRunner().invoke(cli, ["adapt", "actor", str(actor), "--out", str(tmp_path / "again")])
    assert "is a delta itself" in str(again.exception)


def test_a_delta_without_its_base_says_which_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(tmp_path / "empty"))
    net = Generator(WIDTH)
    path = tmp_path / "delta.safetensors"
    adapt.write_delta(net, dict(adapt.painting(net)), Meta("generator", width=WIDTH, base="ab" * 32), path)
    with pytest.raises(WeightsError, match=r"abab.*weights add"):
        weights.load_generator(path)


def test_a_delta_for_other_layers_is_refused(base, tmp_path):
    net, entry = Generator(2 * WIDTH), weights.find(base, "generator")
    path = tmp_path / "delta.safetensors"
    adapt.write_delta(net, dict(adapt.painting(net)), Meta("generator", width=WIDTH, base=entry.sha256), path)
    with pytest.raises(WeightsError, match="This delta is damaged"):
        weights.load_generator(path)


def test_error_and_sharpness_are_of_the_mouth():
    random = np.random.default_rng(0)
    true = random.integers(0, 256, (3, 96, 96, 3), np.uint8)
    other = true.copy()
    other[:, :50] = 0
    assert redub.error_levels(other, true) == 0
    other[:, 56:] = 0
    assert redub.error_levels(other, true) > 50
    flat = np.full_like(true, 90)
    assert redub.sharpness(flat) == 0 < redub.sharpness(true)


def test_a_folder_of_one_clip_is_refused_before_anything_is_trained(base, tmp_path, write_clip):
    write_clip(tmp_path / "pack" / "alone", 1, speaker="one")
    result = CliRunner().invoke(cli, ["adapt", base, str(tmp_path / "pack"), "--out", str(tmp_path / "run")])
    assert isinstance(result.exception, MediaError)
    assert not (tmp_path / "run" / "checkpoint.pt").exists()
