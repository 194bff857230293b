"""The trainer from sound to face units: what it teaches, and that it learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from training.performers.act import Source
from training.run import checkpoint, loop
from training.speech import lessons
from training.speech.lips import LipsTrainee
from w2l_studio.errors import MediaError
from w2l_studio.nets.lips import SOUNDS, UNITS, Lips
from w2l_studio.nets.moonshine import WIDTH, Moonshine


def test_a_lesson_is_shut_just_before_the_sound_of_an_m():
    said = Source(
        "m", "x", "train", "CC0", np.zeros(16000, np.float32), phones=[("AA", 0, 0.4), ("M", 0.4, 0.5)]
    )
    lesson = lessons.lessons([said], Moonshine())[0]
    assert lesson.mel.shape == (80, 81)
    assert lesson.rows.shape == (WIDTH, 81)
    assert lessons.lessons([said])[0].rows.shape == (0, 81)
    assert lesson.units.shape == (len(UNITS), 81)
    shut = np.flatnonzero(lesson.shut > 0.5) / 80
    assert 0.33 < shut[0] < 0.4 < shut[-1] < 0.52
    assert lesson.units[UNITS.index("jawOpen"), round(0.41 * 80)] == 0
    assert lesson.sounds[round(0.45 * 80)] == SOUNDS.index("M")


def test_what_a_recogniser_guessed_is_not_taught(tones):
    said = replace(tones(3), unsure=[(0.5, 1.0)])
    lesson = lessons.lessons([said])[0]
    at_s = np.arange(len(lesson.known)) / 80
    guessed = (at_s >= 0.5) & (at_s < 1.0)
    assert np.array_equal(~lesson.known, guessed)
    assert np.array_equal(lesson.sounds == lessons.OUTSIDE, guessed)
    for seed in range(5):
        *_, sounds, weights = lessons.window(replace(lesson, rows=lesson.mel), np.random.default_rng(seed))
        assert np.array_equal(weights[0] == 0, sounds == lessons.OUTSIDE)
        assert 0 < (weights[0] == 0).mean() < 0.4


def test_windows_keep_lips_and_closures_together_at_any_tempo(tones):
    lesson = lessons.lessons([tones(3)], Moonshine())[0]
    for seed in range(20):
        heard, rows, units, shut, sounds, _ = lessons.window(lesson, np.random.default_rng(seed))
        assert heard.shape == (80, 240)
        assert units.shape == (len(UNITS), 240)
        assert np.isfinite(heard).all()
        assert rows.shape == (WIDTH, 240)
        jaw = units[UNITS.index("jawOpen")]
        assert (jaw[shut > 0.95] < 0.05).all()
        assert jaw.max() > 0.2
        assert (sounds >= 0).all()


def test_it_learns_and_its_state_can_be_taken_up(tones, step):
    torch.manual_seed(0)
    ear = Moonshine()
    ear.conv1.levels.random_(100, 156)
    taught = lessons.Lessons(lessons.lessons((tones(i) for i in range(8)), ear))
    trainee = LipsTrainee(taught, ear)
    first = step(trainee, 0, 60, np.random.default_rng(0))
    state = {key: value.clone() for key, value in trainee.net.state_dict().items()}
    for number in range(1, 40):
        last = step(trainee, number, 60, np.random.default_rng(number))
    assert last["loss"] < first["loss"] * 0.8
    again = LipsTrainee(taught, ear)
    again.load_state_dict(trainee.state_dict())
    for key, value in again.net.state_dict().items():
        assert torch.equal(value, trainee.net.state_dict()[key])
    changed = {key for key, value in trainee.net.state_dict().items() if not torch.equal(value, state[key])}
    assert changed == {key for key in state if not key.startswith(("ear.", "usual", "spread"))}


def test_it_goes_on_from_what_is_learned_but_for_the_ear(tones, step):
    torch.manual_seed(0)
    ear, other = Moonshine(), Moonshine()
    ear.conv1.levels.random_(100, 156)
    other.conv1.levels.random_(100, 156)
    taught = lessons.Lessons(lessons.lessons((tones(i) for i in range(8)), ear))
    before = LipsTrainee(taught, other)
    for number in range(20):
        step(before, number, 20, np.random.default_rng(number))
    trainee = LipsTrainee(taught, ear, learned=before.net)
    for key, value in trainee.net.state_dict().items():
        assert torch.equal(
            value, (ear.state_dict()[key[4:]] if key.startswith("ear.") else before.net.state_dict()[key])
        )
    begun = step(trainee, 0, 20, np.random.default_rng(0))
    assert begun["loss"] < 0.95 * step(LipsTrainee(taught, ear), 0, 20, np.random.default_rng(0))["loss"]


def test_a_killed_run_goes_on_as_if_nothing_had_happened(tones, tmp_path):
    ear = Moonshine()
    ear.conv1.levels.random_(100, 156)
    taught = lessons.Lessons(lessons.lessons((tones(i) for i in range(3)), ear))

    def run(folder, **options):
        trainee = LipsTrainee(taught, ear)
        means = loop.run(trainee, tmp_path / folder, steps=6, save_every=2, report=lambda _: None, **options)
        return means, trainee.state_dict()

    torch.manual_seed(0)
    whole, net = run("whole")
    torch.manual_seed(0)
    ticks = iter((0, 0, 0, 0, 999))
    run("cut", budget_minutes=1, clock=lambda: next(ticks, 999))
    assert checkpoint.load(tmp_path / "cut" / "checkpoint.pt")["step"] < 6
    torch.manual_seed(99)
    resumed, again = run("cut")
    assert resumed == whole
    assert all(
        torch.equal(net[part][key], again[part][key]) for part in ("net", "average") for key in net[part]
    )


def test_every_third_utterance_is_heard_twice_and_the_other_voice_moves_the_same_lips(tones):
    sources = lessons.with_other_voices((tones(i) for i in range(4)), 0)
    taught = lessons.lessons(sources)
    assert [one.name for one in taught] == ["s0", "s0", "s1", "s2", "s3", "s3"]
    assert np.array_equal(taught[0].units, taught[1].units)
    assert taught[0].mel.shape == taught[1].mel.shape
    assert np.abs(taught[0].mel - taught[1].mel).max() > 0.5


def test_nothing_to_learn_is_a_sentence():
    with pytest.raises(MediaError, match="no speech with phoneme times"):
        lessons.Lessons([])


def test_the_network_is_exported_and_loaded(tmp_path):
    from training.weights import export
    from w2l_studio.nets import weights

    net, meta = export.network(Lips().state_dict(), tmp_path)
    path = export.ship(net, meta, tmp_path, "ours")
    assert weights.checkpoint.kind_of(path) == "lips"
    loaded = weights.load_lips(path)
    for key, value in loaded.state_dict().items():
        torch.testing.assert_close(value, net.state_dict()[key], atol=1e-3, rtol=1e-2)
    assert loaded.ear.conv2.levels.dtype == torch.uint8
    assert path.stat().st_size < 7_000_000
