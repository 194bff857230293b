"""A tiny pack: drawn faces whose mouths open with the loudness of their sound."""

import json
import signal
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

FRAMES = 60


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def performance(seed, frames=FRAMES):
    """Return pictures, sound and opening of a drawn face."""
    random = np.random.default_rng(seed)
    knots = random.uniform(0, 1, frames // 3 + 3) ** 2
    at = np.arange(frames * 640) / 640 / 3
    loud = np.interp(at, np.arange(len(knots)), knots)
    carrier = np.sin(np.arange(len(loud)) * random.uniform(0.05, 0.1)) + random.normal(0, 0.5, len(loud))
    opening = np.interp((np.arange(frames) + 0.5) / 3, np.arange(len(knots)), knots)
    skin = random.integers(90, 220, 3).tolist()
    pictures = np.full((frames, 128, 128, 3), random.integers(0, 80), np.uint8)
    for picture, gap in zip(pictures, opening, strict=True):
        cv2.ellipse(picture, (64, 64), (46, 58), 0, 0, 360, skin, -1, cv2.LINE_AA)
        cv2.ellipse(picture, (64, 86), (15, 2 + round(11 * gap)), 0, 0, 360, (30, 20, 60), -1, cv2.LINE_AA)
    return pictures, (0.3 * loud * carrier).astype(np.float32), (0.6 * opening).astype(np.float32)


def write_clip(folder, seed, *, speaker, split="train", opening=True, **changes):
    folder.mkdir(parents=True)
    pictures, sound, gap = performance(seed)
    np.save(folder / "frames.npy", pictures)
    np.save(folder / "audio.npy", sound)
    if opening:
        np.save(folder / "opening.npy", gap)
    meta = {"speaker": speaker, "split": split, "licence": "CC0", "source": "drawn", **changes}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return folder


def step(trainee, number, steps, random):
    """Take a step of a trainee as `loop.run` does; return what it reports."""
    return trainee.learn(number, steps, trainee.source.draw(number, steps, random))


@pytest.fixture(scope="session")
def small_disk():
    """Return a context in which no file grows beyond some bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource", reason="Windows has no limit on files")

    @contextmanager
    def limited(most):
        old, handler = (
            resource.getrlimit(resource.RLIMIT_FSIZE),
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
        )
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, old[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
            signal.signal(signal.SIGXFSZ, handler)

    return limited


@pytest.fixture(scope="session", name="step")
def _step():
    return step


@pytest.fixture(scope="session", name="performance")
def _performance():
    return performance


@pytest.fixture(scope="session", name="write_clip")
def _write_clip():
    return write_clip


_TONES = {"SIL": 0, "M": 220, "AA": 900, "IY": 2500}


def _tones(seed, seconds=2):
    """Return a source of tones in place of phonemes: whoever hears the tone knows the lips."""
    from training.performers.act import Source

    random = np.random.default_rng(seed)
    phones, sound, at = [], [], 0.0
    while at < seconds:
        name, lasts = random.choice(list(_TONES)), random.uniform(0.1, 0.2)
        t = np.arange(round(lasts * 16000)) / 16000
        sound.append(0.3 * np.sin(2 * np.pi * _TONES[name] * t))
        phones.append((str(name), at, at + len(t) / 16000))
        at = phones[-1][2]
    return Source(f"s{seed}", "beep", "train", "CC0", np.concatenate(sound).astype(np.float32), phones=phones)


@pytest.fixture(scope="session", name="tones")
def _tones_fixture():
    return _tones


@pytest.fixture
def spoken_folder(tmp_path, tones) -> Path:
    """One utterance of tones as `--speech` takes it: `speech.jsonl` and its sound."""
    folder, said = tmp_path / "speech", tones(0)
    folder.mkdir()
    soundfile.write(folder / "a.wav", said.audio, 16000)
    row = {"id": "a", "file": "a.wav", "speaker": "s", "licence": "CC0", "corpus": "none", "language": "en"}
    row |= {"aligner": "manual", "conf": None, "phones": said.phones}
    (folder / "speech.jsonl").write_text(json.dumps(row), "utf-8")
    return folder


@pytest.fixture(scope="session")
def pack(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("packs") / "drawn"
    for i in range(8):
        write_clip(root / f"clip{i}", i, speaker=f"p{i % 4}")
    for i in range(4):
        write_clip(root / f"other{i}", 100 + i, speaker=f"q{i % 2}", split="unseen")
    return root
