"""Performers: closures are exact, seeds repeat, points are exact, lips open when the curve says so."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from training.performers import motion, scene, speech

_ONE = (
    *("jawOpen", "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthRollUpper", "mouthShrugUpper"),
    "browInnerUp",
)
_TWO = ("mouthStretch", "mouthSmile", "mouthPress", "mouthLowerDown", "mouthUpperUp", "eyeBlink")
NAMES = (*_ONE, *(unit + side for unit in _TWO for side in ("Left", "Right")))
MAMA = [
    ("SIL", 0.0, 0.4),
    ("M", 0.4, 0.5),
    ("AA", 0.5, 0.8),
    ("M", 0.8, 0.9),
    ("AA", 0.9, 1.2),
    ("SIL", 1.2, 2.0),
]


def perform(seed=0, fps=100.0, phones=MAMA):
    return speech.perform(np.random.default_rng(seed), phones, int(2 * fps), fps, NAMES)


@pytest.mark.parametrize("seed", range(5))
def test_lips_shut_on_m_and_open_on_a(seed):
    jaw = perform(seed)[:, NAMES.index("jawOpen")]
    assert jaw[int(0.78 * 100) : int(0.86 * 100)].min() < 0.01
    assert jaw[60:75].max() > 0.25
    assert jaw[95:115].max() > 0.25
    assert jaw[150:].max() < 0.05


def test_performers_shut_their_lips_as_the_engine_does(monkeypatch):
    """And as they did when the numbers stood in `speech` itself."""

    def curves():
        return speech.coarticulate(MAMA, 2.0, speech.Manner(), np.ones(len(MAMA)))

    shut, ease = curves()
    assert set(np.unique(ease[[0, 89, 90, 91]])) == {0.0, 1.0}
    monkeypatch.setattr(speech, "eased", np.zeros_like)
    open_, _ = curves()
    left = dict.fromkeys(("jawOpen", "mouthLowerDown", "mouthUpperUp", "mouthShrugUpper"), 0.0)
    for i, unit in enumerate(speech.UNITS):
        wanted = open_[:, i] * (1 - (1 - {**left, "mouthFunnel": 0.4}.get(unit, 1.0)) * ease)
        wanted += 0.3 * ease * (unit == "mouthPress")
        np.testing.assert_allclose(shut[:, i], wanted, atol=1e-6)


def test_lips_lead_the_sound():
    """The jaw begins to fall before the vowel sounds."""
    jaw = perform(1)[:, NAMES.index("jawOpen")]
    half = jaw[40:80].max() / 2
    rise = 40 + int(np.argmax(jaw[40:80] > half))
    assert 0.40 < rise / 100 < 0.56


def test_a_rounded_vowel_rounds_the_consonant_before_it():
    said = [("SIL", 0, 0.4), ("T", 0.4, 0.5), ("UW", 0.5, 0.8), ("SIL", 0.8, 2.0)]
    spread = [("SIL", 0, 0.4), ("T", 0.4, 0.5), ("IY", 0.5, 0.8), ("SIL", 0.8, 2.0)]
    pucker = NAMES.index("mouthPucker")
    assert perform(2, phones=said)[45, pucker] > perform(2, phones=spread)[45, pucker] + 0.1


def test_the_same_seed_performs_the_same_at_any_rate():
    slow, fast = perform(3, 25.0), perform(3, 100.0)
    np.testing.assert_array_equal(slow, perform(3, 25.0))
    middles = (fast[1::4, 0] + fast[2::4, 0]) / 2
    assert np.abs(slow[:, 0] - middles).max() < 0.02


def test_every_phoneme_of_the_set_has_a_target():
    assert len(speech.TARGETS) == 40
    for target in speech.TARGETS.values():
        assert ((target >= 0) & (target <= 1)).all()


def test_blinks_are_short_and_rare():
    shut = motion.blinks(np.random.default_rng(0), 2500, 25.0)
    assert 0.01 < (shut > 0.5).mean() < 0.12


def test_mirrored_swaps_sides_only():
    units = np.random.default_rng(0).random((7, len(NAMES)), np.float32)
    twice = motion.mirrored(motion.mirrored(units, NAMES), NAMES)
    np.testing.assert_array_equal(twice, units)
    left, right = NAMES.index("mouthSmileLeft"), NAMES.index("mouthSmileRight")
    np.testing.assert_array_equal(motion.mirrored(units, NAMES)[:, left], units[:, right])


def test_heads_move_smoothly():
    pose = scene.move(np.random.default_rng(5), 500, 25.0)
    assert np.abs(np.diff(pose.angles_rad, axis=0)).max() < 0.08
    assert np.abs(pose.angles_rad[:, 0]).max() <= 1.05


@pytest.fixture(scope="module")
def renderer(graphics):
    """A real renderer."""
    from training.performers.render import Renderer

    with Renderer(160, 160, samples=0) as made:
        yield made


def test_a_clip_is_whole_exact_and_repeats(renderer, tmp_path):
    from training.packs.data import read_clip
    from training.performers import make
    from training.performers.render import Renderer

    tone = np.sin(np.arange(32000) * 0.1).astype(np.float32) * 0.2
    source = make.Source("mama", "nobody", "train", "CC0", tone, phones=MAMA)
    with Renderer(make.PICTURE_PX, make.PICTURE_PX, samples=0) as one:
        make.make(source, 7, tmp_path / "a", one)
        make.make(source, 7, tmp_path / "b", one)
    clip, again = read_clip(tmp_path / "a"), read_clip(tmp_path / "b")
    np.testing.assert_array_equal(clip.frames, again.frames)
    assert len(clip.frames) >= 40
    assert clip.opening.max() > 0.1
    assert clip.opening[-8:].max() < 0.08
    assert json.loads((tmp_path / "a" / "meta.json").read_text())["seed"] == 7


def test_a_clip_whose_making_was_killed_is_none(tmp_path, monkeypatch, graphics, killed):
    from training.performers import make

    monkeypatch.setattr(make, "_film", lambda *_: (np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1, np.float32)))
    tone = np.zeros(32000, np.float32)
    with killed():
        make.make(make.Source("mama", "nobody", "train", "CC0", tone, phones=MAMA), 7, tmp_path, None)
    assert (tmp_path / "frames.npy").exists()
    assert not (tmp_path / "meta.json").exists()


def test_people_differ_and_points_are_exact(renderer):
    """Where the nose's point lies, the picture changes when the nose turns black."""
    from training.performers import anatomy, person

    heads = []
    for seed in (1, 2):
        random = np.random.default_rng(seed)
        body = anatomy.embody(person.draw(random))
        setting = scene.draw(random, 160, 40)
        still = scene.Pose(np.zeros((1, 3)), np.zeros((1, 2)))
        (drawn,) = renderer.render(body, np.zeros((1, len(body.names)), np.float32), still, setting)
        heads.append(drawn)
        left, right, nose, low_left, low_right = drawn.points
        assert left[0] < nose[0] < right[0]
        assert left[1] < nose[1] < low_left[1]
        assert abs(low_left[1] - low_right[1]) < 4
        assert np.linalg.norm((left + right) / 2 - (low_left + low_right) / 2) == pytest.approx(40, rel=0.25)
        x, y = np.rint(nose).astype(int)
        assert drawn.covered[y, x] == 1
        assert drawn.opening < 0.05
    assert np.abs(heads[0].pixels.astype(int) - heads[1].pixels).mean() > 5


def test_jaw_and_lips_agree(renderer):
    from training.performers import anatomy, person

    body = anatomy.embody(person.draw(np.random.default_rng(3)))
    units = np.zeros((5, len(body.names)), np.float32)
    units[:, body.names.index("jawOpen")] = np.linspace(0, 1, 5)
    still = scene.Pose(np.zeros((5, 3)), np.zeros((5, 2)))
    setting = scene.draw(np.random.default_rng(3), 160, 40)
    openings = [drawn.opening for drawn in renderer.render(body, units, still, setting)]
    assert (np.diff(openings) > 0.05).all()


def test_glass_is_looked_through_and_what_is_worn_moves_no_landmark(renderer):
    from training.performers import anatomy, glasses, person, surface

    random = np.random.default_rng(0)
    drawn = person.draw(random)
    look = drawn.look | {"lens": (0.03, 0.03, 0.03, 0.04), "brim": 0.0}
    rims = glasses.Glasses((0.26, 0.2), 3, 0, 0, "full", 0.02)
    shown = []
    for on in (surface.nothing(), surface.joined(glasses.made(rims, drawn.rest))):
        body = anatomy.embody(person.Person(drawn.rest, drawn.units, look, 1.0, 1.0, on))
        still = scene.Pose(np.zeros((1, 3)), np.zeros((1, 2)))
        setting = scene.draw(np.random.default_rng(2), 160, 40)
        shown += renderer.render(body, np.zeros((1, len(body.names)), np.float32), still, setting)
    plain, framed = shown
    np.testing.assert_array_equal(plain.points, framed.points)
    assert plain.opening == framed.opening
    apart = np.abs(plain.pixels.astype(int) - framed.pixels).mean(2)
    x, y = np.rint(plain.points[0]).astype(int)
    assert framed.covered[y, x] == 1
    assert apart[y - 1 : y + 2, x - 1 : x + 2].mean() < 40
    assert (apart[y - 13 : y + 14] > 15).sum() > 40
    assert apart[y + 34 :].max() == 0


def test_whiskers_grow_where_they_are_cut_to(renderer):
    from training.performers import anatomy, person, surface

    drawn = person.draw(np.random.default_rng(0))
    still = scene.Pose(np.zeros((1, 3)), np.zeros((1, 2)))
    setting = scene.draw(np.random.default_rng(2), 160, 40)
    clean = {"beard": 0.0, "moustache": 0.0, "beard_half": 0.0, "ends": (0.0, 0.3), "brim": 0.0}

    def shown(**worn):
        look = drawn.look | {"skin": (0.6, 0.4, 0.3), "hair": (0.01, 0.01, 0.01)} | clean | worn
        body = anatomy.embody(person.Person(drawn.rest, drawn.units, look, 1.0, 1.0, surface.nothing()))
        (one,) = renderer.render(body, np.zeros((1, len(body.names)), np.float32), still, setting)
        return one

    bare = shown()
    eyes, mouth = bare.points[:2].mean(0), bare.points[3:].mean(0)
    unit = np.linalg.norm(mouth - eyes)

    def darker(x, y, **worn):
        """Return how much darker it is at a place, in parts of the way from eyes to mouth from its middle."""
        column, row = np.rint(mouth + unit * np.array([x, y])).astype(int)
        at = slice(row - 2, row + 3), slice(column - 2, column + 3)
        return (bare.pixels[at].astype(int) - shown(**worn).pixels[at]).mean()

    beside, chin, cheek = (0.48, 0.12), (0.0, 0.38), (0.62, 0.1)
    assert darker(*beside, ends=(0.9, 0.4)) > 15 > 3 > abs(darker(*chin, ends=(0.9, 0.4)))
    assert darker(*chin, beard=0.9) > 15 < darker(*cheek, beard=0.9, beard_reach=0.1)
    assert darker(*chin, beard=0.9, beard_half=0.35) > 15
    assert abs(darker(*cheek, beard=0.9, beard_reach=0.1, beard_half=0.3)) < 3


def test_without_anything_to_perform_the_command_says_what_to_give(tmp_path):
    made = subprocess.run(
        [sys.executable, "-m", "training", "performers", "make", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 2
    assert "--speech" in made.stderr
    assert "Traceback" not in made.stderr


@pytest.fixture
def speech_folder(tmp_path):
    """Two utterances, of which one is aligned too badly, and two voices without phonemes, one too short."""
    tone = np.sin(np.arange(32000) * 0.1).astype(np.float32) * 0.2
    folder = tmp_path / "speech"
    (folder / "voices" / "ada").mkdir(parents=True)
    soundfile.write(folder / "a.wav", tone, 16000)
    soundfile.write(folder / "voices" / "ada" / "long.flac", np.tile(tone, 2)[:41000], 16000)
    soundfile.write(folder / "voices" / "ada" / "short.flac", tone[:8000], 16000)
    row = {
        "id": "a", "file": "a.wav", "speaker": "s", "licence": "CC0", "corpus": "none", "aligner": "manual",
        "conf": None, "phones": MAMA,
    }  # fmt: skip
    unsure = row | {"id": "b", "aligner": "align-asr", "conf": 0.2}
    (folder / "speech.jsonl").write_text("\n".join(json.dumps(r) for r in (row, unsure)) + "\n")
    return folder


def kinds(folder):
    from training.performers import sources

    def spoken(seed):
        return sources.spoken(folder, (), seed)

    def heard(seed):
        return sources.heard(folder / "voices", seed=seed)

    return [spoken, heard]


def test_sources_take_turns_and_every_round_has_other_performers(speech_folder):
    from itertools import islice

    from training.performers import sources

    found = [(seed, one.name) for seed, one in islice(sources.rounds(kinds(speech_folder), 3), 6)]
    assert found == [(n, name) for n in (3, 4, 5) for name in ("a", "ada__long")]
    once = [(seed, one.name) for seed, one in sources.rounds(kinds(speech_folder), 3, once=True)]
    assert once == found[:2]
    assert list(sources.rounds([lambda _: iter(())], 1)) == []


def test_words_that_a_recogniser_doubts_are_told(speech_folder):
    from training.performers import sources

    row = json.loads((speech_folder / "speech.jsonl").read_text().splitlines()[0])
    words = [["ma", 0.0, 0.4, 0.9], ["or", 0.4, 0.6, 0.3]]
    row |= {"aligner": "align-asr", "conf": 0.8, "words": words}
    sure = row | {"aligner": "align", "words": [["mama", 0.0, 1.0]]}
    (speech_folder / "speech.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(sure)}\n")
    assert [one.unsure for one in sources.spoken(speech_folder)] == [[(0.4, 0.6)], []]


def test_voices_have_a_person_a_licence_and_a_split(speech_folder):
    from training.packs.splits import Rule
    from training.performers import sources
    from w2l_studio.errors import StemError

    (one,) = sources.heard(speech_folder / "voices")
    assert (one.speaker, one.licence, one.capture, len(one.phones)) == ("ada", "unknown; CC0 head", None, 0)
    rules = (Rule(speaker="ada", person="Ada L.", licence="CC0", split="unseen"),)
    (told,) = sources.heard(speech_folder / "voices", rules)
    assert (told.speaker, told.licence, told.split) == ("Ada L.", "CC0; CC0 head", "unseen")
    assert list(sources.heard(speech_folder / "voices", (Rule(drop="no"),))) == []
    (speech_folder / "voices" / "ada" / "broken.wav").write_bytes(b"none")
    with pytest.raises(StemError, match=r"broken\.wav"):
        list(sources.heard(speech_folder / "voices"))


def test_a_pack_is_filled_once_and_up_to_a_bound(renderer, speech_folder, tmp_path):
    from training.packs.data import read_pack
    from training.performers import sources
    from training.performers.fill import fill

    pack = tmp_path / "pack"

    def go(**bound):
        wanted = sources.rounds(kinds(speech_folder), 1)
        return fill(wanted, pack, jobs=1, report=lambda _: None, **bound)

    made = go(clips=2)
    assert made.clips == 2
    before = {path: path.stat().st_mtime_ns for path in pack.rglob("*.npy")}
    again = go(minutes=made.minutes - 0.01)
    assert again == made
    assert {path: path.stat().st_mtime_ns for path in pack.rglob("*.npy")} == before
    clips = {clip.name: clip for clip in read_pack([pack])}
    assert set(clips) == {"a__1", "ada__long__1"}
    assert sum(len(clip.frames) for clip in clips.values()) == made.frames


def test_files_that_are_no_heads_are_passed_over(tmp_path):
    pytest.importorskip("moderngl", reason="needs the extra [performers]")
    from training.performers import heads

    points, box = np.float32([[[2, 2], [6, 2], [4, 4], [3, 6], [5, 6]]]), np.float32([[1, 0, 7, 8]])
    one = heads.Heads([np.zeros((8, 8, 4), np.uint8)], points, box, np.ones(1, np.bool_), np.array([7]))
    heads.write(one, tmp_path, 7)
    np.savez(tmp_path / "foreign.npz", points=points)
    assert heads.read(tmp_path).people.tolist() == [7]


def test_a_person_is_cut_out_with_exact_boxes_the_same_for_a_seed(renderer, tmp_path):
    from training.performers import heads
    from training.performers.render import Renderer

    with Renderer(heads.SIZE_PX, heads.SIZE_PX, samples=0) as one:
        drawn, again = heads.draw(4, one), heads.draw(4, one)
    np.testing.assert_array_equal(drawn.pixels, again.pixels)
    close, backs, _ = heads._CLOSE
    assert np.flatnonzero(~drawn.faces).tolist() == [*range(backs), close, close + 1]
    for i in np.flatnonzero(drawn.faces):
        box, points = drawn.boxes[i], drawn.points[i]
        assert (points.mean(0) > box[:2]).all()
        assert (points.mean(0) < box[2:]).all()
        low, high = (0.3, 0.8) if i < close else (0.12, 0.31)
        assert low < (box[3] - box[1]) / heads.SIZE_PX < high
    figures = np.stack(drawn.pixels)[close:, ..., 3] > 0
    widths = figures.any(1).sum(1) / (drawn.boxes[close:, 3] - drawn.boxes[close:, 1])
    assert np.median(widths) > 1.5  # shoulders, which close ones have no room for
    heads.write(drawn, tmp_path, 4)
    (tmp_path / "5.npz.part").touch()  # of a run that was killed
    there = heads.read(tmp_path)
    np.testing.assert_array_equal(np.stack(there.pixels), drawn.pixels)
    np.testing.assert_array_equal(there.boxes[:, [0, 2, 3]], drawn.boxes[:, [0, 2, 3]])
    higher = (drawn.boxes[:, 1] - there.boxes[:, 1]) / (drawn.boxes[:, 3] - drawn.boxes[:, 1])
    np.testing.assert_allclose(higher, heads._FOREHEAD, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    middles=st.lists(st.tuples(st.floats(-60, 440), st.floats(-60, 440)), min_size=1, max_size=4),
    side=st.floats(60, 420),
    roll=st.floats(-0.6, 0.6),
)
def test_windows_show_the_same_of_their_part_of_the_picture(middles, side, roll):
    """Wherever they lie, beyond its rim, too: what the camera is spared, nobody would have seen."""
    pytest.importorskip("moderngl", reason="needs the extra [performers]")
    from training.packs.data import FRAME_PX
    from training.performers.make import PICTURE_PX, _shown
    from w2l_studio.faces import crop

    coarse = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    picture = cv2.resize(coarse, (PICTURE_PX, PICTURE_PX), interpolation=cv2.INTER_CUBIC)
    maps = crop.affines(np.array([(x, y, side, roll) for x, y in middles]), FRAME_PX)
    part, moved = _shown(maps)
    assert (part[0].start % 16, part[1].start % 16) == (0, 0), "a codec's blocks lie where they lay"
    whole = crop.cut(np.stack([picture] * len(maps)), maps, FRAME_PX).pixels
    cut = crop.cut(np.stack([picture[part]] * len(maps)), moved, FRAME_PX).pixels
    np.testing.assert_allclose(cut.astype(int), whole, atol=1)


def test_grain_is_as_strong_as_asked_and_never_twice_the_same():
    pytest.importorskip("moderngl", reason="needs the extra [performers]")
    from training.performers.make import _grains

    grains = _grains(np.random.default_rng(2), (64, 48), 3.0)
    drawn = [next(grains) for _ in range(6)]
    for one in drawn:
        assert one.shape == (64, 48, 3)
        assert one.std() == pytest.approx(3.0, rel=0.06)
        assert np.array_equal(one[..., 0], one[..., 2])
    alike = np.corrcoef([one[..., 0].ravel() for one in drawn])
    assert np.abs(alike - np.eye(6)).max() < 0.1
