"""All three sources of a performance: what is drawn is in sync with what is heard, and does what it says."""

import json
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="needs the extra [performers]")

from benchmarks import stage
from training.measure import evaluate
from training.packs.data import read_clip
from training.performers import make, motion
from training.speech import lessons
from training.variety import augment
from w2l_studio.dub.lips import listened
from w2l_studio.errors import UsageError
from w2l_studio.judge.slim import SlimJudge
from w2l_studio.mouths import lips as moving
from w2l_studio.nets import weights
from w2l_studio.nets.contrast import FACE_PX
from w2l_studio.nets.lips import UNITS, sided
from w2l_studio.terms.sound import FPS

KINDS = ("captured", "spoken", "heard")
#: Of the line's pictures; more than a clip shows.
PICTURES = 100


@pytest.fixture(scope="module")
def line():
    """A line of the example, with phonemes, longer than a clip."""
    try:
        motion.mesh.data_folder()
    except UsageError as error:
        pytest.skip(str(error))
    return max(stage.example_lines(), key=lambda line: len(line.audio))


@pytest.fixture(scope="module")
def renderer(graphics):
    with make.Renderer(make.PICTURE_PX, make.PICTURE_PX, samples=0) as made:
        yield made


def middles():
    return (np.arange(PICTURES) + 0.5) / FPS


def source(kind, line):
    """Return the source, and how far lips are open by it at `middles`."""
    names = tuple(motion.mesh.load().units)
    if kind == "heard":
        net = weights.load_lips(weights.find("w2l-lips", "lips").path)
        moved = moving.move(net, listened(line.audio), Fraction(FPS), PICTURES)
        return make.Source(line.name, "s", "train", "CC0", line.audio), moved.opening
    units, _ = lessons.animated(line.phones, middles())
    spread = np.zeros((PICTURES, len(names)), np.float32)
    for unit, curve in zip(UNITS, units, strict=True):
        for name in sided(unit):
            spread[:, names.index(name)] = curve
    opening, width = motion.measured(spread, names)
    if kind == "spoken":
        return make.Source(line.name, "s", "train", "CC0", line.audio, phones=line.phones), opening
    # As landmarks see it: shut lips never quite meet, and units come out weak.
    capture = motion.Capture(names, spread * 0.7, opening + 0.03, width)
    audio = line.audio[: PICTURES * 640]
    return make.Source(line.name, "s", "train", "CC0", audio, capture), opening


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_drawn_is_in_sync_with_what_is_heard(kind, line, renderer, tmp_path):
    given, opening = source(kind, line)
    make.make(given, 1, tmp_path / kind, renderer)
    clip = read_clip(tmp_path / kind)
    told = json.loads((tmp_path / kind / "meta.json").read_text("utf-8"))
    there = ((np.arange(len(clip.frames)) + 0.5) / FPS + told["start_s"]) * told["tempo"]
    expected = np.interp(there, middles(), opening)
    inside = there < min(middles()[-1], len(given.audio) / 16000)
    assert np.corrcoef(expected[inside], clip.opening[inside])[0, 1] >= 0.8
    expert = weights.load_expert(weights.find("w2l-expert", "expert").path)
    assert abs(evaluate.score(expert, clip).offset) <= 1
    judge = SlimJudge(weights.load_judge(weights.find("w2l-judge", "judge").path), name="w2l-judge")
    placed = augment.place(np.random.default_rng(0), clip.frames.shape[1])
    crops = np.stack([augment.face(frame, placed, FACE_PX) for frame in clip.frames])
    samples = (np.load(tmp_path / kind / "audio.npy") * 32767).astype(np.int16)
    assert abs(judge.score(crops, samples).offset_frames) <= 1
