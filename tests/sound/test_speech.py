import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from w2l_studio.sound import speech

RATE = 16000


def voice(seconds, pitch_hz=120.0, seed=0):
    """A vowel: harmonics of a wavering pitch through three formants, in syllables of 0.25 s."""
    t = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + 0.04 * np.sin(2 * np.pi * 5 * t))) / RATE
    out = np.zeros(len(t))
    for k in range(1, int(4000 / pitch_hz)):
        gain = sum(np.exp(-(((k * pitch_hz - f) / 120) ** 2)) for f in (600, 1200, 2500)) + 0.02
        out += gain * np.sin(k * phase)
    envelope = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * t + seed)
    return 0.3 * out / np.abs(out).max() * envelope


def hiss(seconds, level, seed=0):
    return level * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def track(*parts):
    return np.concatenate(parts).astype(np.float32)


def share(active, start_s, stop_s):
    return active[int(start_s * 80) : int(stop_s * 80)].mean()


@pytest.mark.parametrize("pitch_hz", [90, 140, 230, 330])
@pytest.mark.parametrize("noise", [0, 0.001, 0.01])
def test_a_voice_between_silences(pitch_hz, noise):
    sound = track(np.zeros(RATE), voice(2, pitch_hz), np.zeros(RATE)) + hiss(4, noise).astype(np.float32)
    active = speech.voiced(sound)
    assert active.dtype == np.bool_
    assert len(active) == 1 + len(sound) // 200
    assert share(active, 1.05, 2.95) > 0.97
    assert share(active, 0, 0.9) == 0
    assert share(active, 3.1, 4) == 0


def test_unvoiced_consonants_belong_to_speech():
    """An s of 150 ms before and after a vowel is speech; the same s alone is noise."""
    s = hiss(0.15, 0.05)
    sound = track(np.zeros(RATE), s, voice(0.5), s, np.zeros(RATE), s, np.zeros(RATE)) + hiss(3.95, 1e-4)
    active = speech.voiced(sound)
    assert share(active, 1.01, 1.79) == 1
    assert share(active, 2, 3.9) == 0


def test_stop_closures_are_bridged_and_pauses_are_not():
    sound = track(voice(0.5), np.zeros(RATE // 10), voice(0.5), np.zeros(RATE // 2), voice(0.5))
    active = speech.voiced(sound + hiss(2.1, 1e-4))
    assert share(active, 0.05, 1.05) == 1
    assert share(active, 1.2, 1.5) == 0


t = np.arange(4 * RATE) / RATE


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(4 * RATE),
        hiss(4, 0.1),
        np.concatenate([hiss(1, 1e-3), hiss(1, 0.2), hiss(2, 1e-3)]),
        np.cumsum(hiss(4, 1e-3)) * np.hanning(4 * RATE),
        sum(np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 8)) * 0.1 + hiss(4, 1e-3),
        np.where((t > 2) & (t < 2.04), 0.3 * np.sin(2 * np.pi * 1000 * t), 0),
        np.where(t % 2 < 1, 0.3 * np.sin(2 * np.pi * 1000 * t), 0),
        np.where(np.arange(4 * RATE) % 8000 == 0, 0.9, 0),
    ],
    ids=["silence", "noise", "noise burst", "rumble", "hum", "two-pop", "line-up tone", "clicks"],
)
def test_what_is_no_speech(sound):
    assert not speech.voiced(sound.astype(np.float32)).any()


def test_level_does_not_matter():
    sound = track(np.zeros(RATE), voice(1), np.zeros(RATE)) + hiss(3, 1e-3).astype(np.float32)
    assert np.mean(speech.voiced(sound) != speech.voiced(sound * 0.1)) < 0.03


def test_blocks_leave_no_trace(monkeypatch):
    sound = track(np.zeros(RATE), voice(1), hiss(1, 0.01))
    whole = speech.voiced(sound)
    monkeypatch.setattr(speech, "_BLOCK", 11)
    assert np.array_equal(speech.voiced(sound), whole)


@pytest.mark.parametrize("samples", [0, 1, 199, 639, 641])
def test_short_sounds(samples):
    assert speech.voiced(np.ones(samples, np.float32)).shape == (1 + samples // 200,)


def test_spans():
    active = np.array([0, 1, 1, 0, 1], bool)
    assert speech.spans(active) == [(Fraction(1, 80), Fraction(3, 80)), (Fraction(4, 80), Fraction(5, 80))]
    assert speech.spans(np.zeros(9, bool)) == []


SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "speech"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared folder's speech with phoneme times")
@pytest.mark.parametrize(
    ("noise_db", "recall", "false"), [(None, 0.965, 0.06), (-30, 0.965, 0.08), (-15, 0.92, 0.02)]
)
def test_real_speech(noise_db, recall, false):
    """Recall of frames inside phones; false alarms further than 100 ms from any."""
    soundfile = pytest.importorskip("soundfile")
    rows = [json.loads(line) for line in (SHARED / "speech.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["aligner"] in ("manual", "align")][::16]
    found, spoken, wrong, silent = 0, 0, 0, 0
    for i, row in enumerate(rows):
        samples, rate = soundfile.read(SHARED / row["file"], dtype="float32")
        assert rate in (16000, 48000)
        samples = samples[:: rate // RATE]
        samples = np.pad(samples, RATE // 2)
        if noise_db is not None:
            level = np.sqrt((samples**2).mean()) * 10 ** (noise_db / 20)
            samples = samples + hiss(len(samples) / RATE, level, i)[: len(samples)].astype(np.float32)
        active = speech.voiced(samples.astype(np.float32))
        time = np.arange(len(active)) / 80 - 0.5
        inside, near = np.zeros(len(active), bool), np.zeros(len(active), bool)
        for phone, start, stop in row["phones"]:
            if phone != "SIL":
                inside |= (time >= start) & (time < stop)
                near |= (time >= start - 0.1) & (time < stop + 0.1)
        found, spoken = found + (active & inside).sum(), spoken + inside.sum()
        wrong, silent = wrong + (active & ~near).sum(), silent + (~near).sum()
    assert found / spoken > recall
    assert wrong / silent < false
