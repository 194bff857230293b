"""The lead: found where lips are drawn late, and written where it is read."""

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from training.__main__ import cli
from training.generators import calibrate
from training.measure import redub
from training.packs.data import hear, read_pack
from training.run import checkpoint
from w2l_studio.errors import MediaError, UsageError
from w2l_studio.mouths.openness import Openness
from w2l_studio.nets import weights
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.meta import Meta
from w2l_studio.nets.opening import Opening


@pytest.fixture(scope="module")
def clips(pack):
    return [clip for clip in read_pack([pack]) if clip.split == "unseen"]


class Loud(torch.nn.Module):
    """Hears loudness and sees lower halves painted with it."""

    def forward(self, audio, face):
        return self.wave(audio.mean((1, 2, 3))), self.wave(face.mean((1, 2, 3)) * 8 - 4)

    def wave(self, level):
        return torch.stack([torch.cos(level), torch.sin(level)], 1)


def painter(late_ms):
    """A stand-in for generators whose lips come late: each face is as bright as the sound was loud."""

    def spoken(hand, clip, reference, lead_ms):
        numbers = np.arange(len(clip.frames))
        # An expert's window is 5 pictures long and begins with the first: so does what is painted.
        loud = hear(clip.mel, numbers, lead_ms - late_ms).mean((1, 2))
        made = np.empty((len(numbers), 96, 96, 3), np.uint8)
        made[:] = np.rint((loud + 4) / 8 * 255).astype(np.uint8)[:, None, None, None]
        return made, made

    return spoken


@pytest.mark.parametrize("best_ms", [-150, -25, 50])
def test_the_lead_at_which_lips_fit_is_found(clips, monkeypatch, best_ms):
    class First(Loud):
        def forward(self, audio, face):
            return super().forward(audio, face[:, :3])

    monkeypatch.setattr(redub, "spoken", painter(best_ms))
    curve = calibrate.sweep(Generator(0.0625), First(), Openness(Opening()), clips)
    assert curve.best_ms == pytest.approx(best_ms, abs=13)
    assert set(curve.offsets) == {"q0", "q1"}
    assert all(abs(offset) <= 1 for offset in curve.offsets.values())
    assert f"{best_ms:+5d} ms  0.0" in curve.table()
    assert f"best {curve.best_ms:+d} ms" in curve.table()


def test_a_network_is_really_asked(clips, monkeypatch):
    monkeypatch.setattr(calibrate, "LEADS_MS", (-100, 0))
    entry = weights.find("w2l-192", "generator")
    net, meta = weights.load_generator(entry.path)
    ear = weights.load_ear(meta, entry.path)
    curve = calibrate.sweep(net, Loud(), Openness(Opening()), clips[:1], ear=ear)
    assert curve.distance.shape == (2,)
    assert np.ptp(curve.distance) > 0


def test_without_a_long_clip_there_is_nothing_to_measure():
    with pytest.raises(MediaError, match="no held-out clip"):
        calibrate.sweep(Generator(0.0625), Loud(), Openness(Opening()), [])


def test_the_lead_is_written_and_nothing_else(tmp_path):
    path = tmp_path / "one.safetensors"
    weights.save(Generator(0.0625), path, Meta("generator", width=0.0625, lead_ms=-40.0, licence="CC0"))
    before, _ = weights.load_generator(path)
    calibrate.write(path, -62)
    after, meta = weights.load_generator(path)
    assert (meta.lead_ms, meta.licence) == (-62.0, "CC0")
    state = after.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in before.state_dict().items())


def test_listed_weights_are_not_changed_behind_their_hash(tmp_path):
    from training.weights import export

    path = export.ship(Generator(0.0625), Meta("generator", width=0.0625), tmp_path, "listed")
    with pytest.raises(UsageError, match="listed with their SHA-256"):
        calibrate.write(path, 0)


def test_the_command_calibrates_a_run(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(calibrate, "_TELLS", 0.0)  # as lips that follow a sound
    trainee = {"net": Generator(0.0625).state_dict(), "meta": {"lead_ms": -40.0}}
    checkpoint.save(tmp_path / "checkpoint.pt", {"step": 3, "means": {}, "trainee": trainee})
    command = ["calibrate", str(tmp_path), "--pack", str(pack), "--split", "unseen"]
    shown = CliRunner().invoke(cli, [*command, "--dry-run"], catch_exceptions=False)
    assert checkpoint.load(tmp_path / "checkpoint.pt")["trainee"]["meta"]["lead_ms"] == -40
    written = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert written.output.startswith(shown.output)
    lead = checkpoint.load(tmp_path / "checkpoint.pt")["trainee"]["meta"]["lead_ms"]
    assert f"lead -40 -> {lead:+.0f} ms" in written.output


def test_a_lead_of_lips_that_follow_no_sound_is_not_written(pack, tmp_path):
    trainee = {"net": Generator(0.0625).state_dict(), "meta": {"lead_ms": -40.0}}
    checkpoint.save(tmp_path / "checkpoint.pt", {"step": 3, "means": {}, "trainee": trainee})
    done = CliRunner().invoke(cli, ["calibrate", str(tmp_path), "--pack", str(pack), "--split", "unseen"])
    assert isinstance(done.exception, UsageError)
    assert "the curve is flat" in str(done.exception)
    assert checkpoint.load(tmp_path / "checkpoint.pt")["trainee"]["meta"]["lead_ms"] == -40
