import json
from fractions import Fraction

import av
import numpy as np
import pytest

from training.packs import clips, footage, prepare, splits
from training.packs.data import read_pack
from w2l_studio.errors import MediaError, OutputError, UsageError
from w2l_studio.faces import recheck
from w2l_studio.terms import Faces
from w2l_studio.timing import FrameRange

#: Where the drawn face's points lie in a picture of 160 x 120.
POINTS = np.array([[60, 45], [100, 45], [80, 62], [64, 80], [96, 80]], np.float32)


class Seer:
    """Finds as many faces as the picture's brightness says: 1 where it is light."""

    name = "seer"

    def __init__(self, rivals=0):
        self.rivals = rivals

    def detect(self, frames):
        return [self._faces(bool(frame.mean() > 60)) for frame in frames]

    def _faces(self, there):
        count = (1 + self.rivals) if there else 0
        points = np.stack([POINTS * np.float32(0.6**i) + 30 * i for i in range(count)] or [POINTS])[:count]
        low, high = points.min(1) - 20, points.max(1) + 20
        return Faces(np.concatenate([low, high], 1), points, np.full(count, 0.9, np.float32))


def film(path, pictures, rate, *, sound_s=None, tone_hz=440.0):
    """Write pictures and a tone."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=Fraction(rate))
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        video.options = {"qp": "0"}
        audio = container.add_stream("pcm_s16le", rate=16000, layout="mono") if sound_s else None
        for picture in pictures:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(video.encode())
        if audio:
            tone = 0.5 * np.sin(2 * np.pi * tone_hz * np.arange(int(16000 * sound_s)) / 16000)
            samples = (tone * 32767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(samples, "s16", "mono")
            frame.sample_rate = 16000
            container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


def test_a_damaged_film_is_told_in_one_sentence(tmp_path):
    path = film(tmp_path / "a.mov", plain(30), 25)
    with av.open(str(path)) as container:
        places = [(entry.pos, entry.size) for entry in container.streams.video[0].index_entries]
    with path.open("r+b") as file:
        for place, size in places:
            file.seek(place)
            file.write(b"\xff" * size)
    with pytest.raises(MediaError, match=r"a\.mov: "):
        list(footage.pictures(path))


def plain(count, level=150):
    """Pictures with some texture for the flow to hold on to."""
    texture = np.random.default_rng(0).normal(0, 12, (120, 160, 1))
    return [np.clip(level + texture + np.zeros(3), 0, 255).astype(np.uint8)] * count


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "takes" / "ann"
    folder.mkdir(parents=True)
    film(folder / "a.mkv", plain(60), 25, sound_s=2.3)
    film(folder / "dark.mkv", plain(40, 20), 25, sound_s=1.6)
    film(folder / "short.mkv", plain(20), 25, sound_s=0.8)
    return folder.parent


@pytest.fixture(autouse=True)
def _seer(monkeypatch):
    # Second looks see another picture than the one whose brightness tells the faces.
    monkeypatch.setattr(recheck, "again", lambda *_: (True, True))
    monkeypatch.setattr(footage, "_detector", Seer)


def made(source, pack, rules=None, judge=None):
    paths = [path for path in source.rglob("*") if path.suffix in prepare.SUFFIXES]
    videos = splits.assign(paths, rules or splits.read(None), source)
    return prepare.prepare(videos, pack, jobs=1, judge=judge)


@pytest.mark.parametrize("rate", ["25", "50", "30000/1001", "24"])
def test_pictures_come_at_25_a_second_by_time(tmp_path, rate):
    count = int(2 * Fraction(rate))
    levels = [round(20 + 200 * i / count) for i in range(count)]
    path = film(tmp_path / "a.mov", [np.full((120, 160, 3), v, np.uint8) for v in levels], rate)
    found = [picture.mean() for picture in footage.pictures(path)]
    assert len(found) == pytest.approx(50, abs=1)
    # What is on screen in the middle of each 25th of a second.
    middle = [int(Fraction(2 * n + 1, 50) * Fraction(rate)) for n in range(len(found))]
    wanted = [levels[min(i, count - 1)] for i in middle]
    off = np.array(found) - wanted
    assert np.abs(off - np.median(off)).max() < 1.5


def test_a_film_becomes_a_clip_with_its_sound(source, tmp_path):
    outcomes = made(source, tmp_path / "pack")
    (clip,) = read_pack([tmp_path / "pack"])
    assert (clip.name, clip.speaker, clip.split) == ("ann__a", "ann", "train")
    assert clip.frames.shape == (60, 240, 240, 3)
    sound = np.load(tmp_path / "pack" / "ann__a" / "audio.npy")
    assert len(sound) == 60 * 640
    assert np.abs(sound[: 2 * 16000]).max() > 0.4
    assert not sound[int(2.35 * 16000) :].any()
    assert {tuple(o["dropped"]) for o in outcomes} == {(), ("no face",), ("too short",)}
    assert "1 dropped: no face" in prepare.table(outcomes)
    assert "sync" not in json.loads((tmp_path / "pack" / "ann__a" / "meta.json").read_text())


def test_a_stopped_run_goes_on(source, tmp_path):
    pack = tmp_path / "pack"
    before = made(source, pack)
    stamp = (pack / "ann__a" / "frames.npy").stat().st_mtime_ns
    (pack / ".videos" / "ann__dark.json").unlink()
    assert made(source, pack) == before
    assert (pack / "ann__a" / "frames.npy").stat().st_mtime_ns == stamp


def test_what_tells_of_a_video_and_of_the_pack_is_whole_or_not_there(source, tmp_path, killed):
    pack = tmp_path / "pack"
    before = made(source, pack)
    note, manifest = pack / ".videos" / "ann__dark.json", (pack / "manifest.tsv").read_text("utf-8")
    note.unlink()
    with killed():
        made(source, pack)
    assert not note.exists()
    assert made(source, pack) == before
    with killed():
        made(source, pack)
    assert (pack / "manifest.tsv").read_text("utf-8") == manifest


def test_a_full_disk_is_not_the_videos_fault(source, tmp_path, small_disk):
    pack = tmp_path / "pack"
    with small_disk(100_000), pytest.raises(OutputError, match="disk is full"):
        made(source, pack)
    assert not (pack / ".videos" / "ann__a.json").exists()
    assert sum(outcome["clips"] for outcome in made(source, pack)) == 1


@pytest.mark.parametrize("content", ["{", "[1]"])
def test_a_damaged_note_of_a_video_is_told(source, tmp_path, content):
    pack = tmp_path / "pack"
    made(source, pack)
    (pack / ".videos" / "ann__a.json").write_text(content)
    with pytest.raises(MediaError, match=r"ann__a\.json: this note of a finished video is damaged"):
        made(source, pack)


def test_other_rules_for_a_pack_that_is_there_are_refused(source, tmp_path):
    made(source, tmp_path / "pack")
    with pytest.raises(UsageError, match="was made by another --split"):
        made(source, tmp_path / "pack", (splits.Rule(split="unseen"),))
    with pytest.raises(UsageError, match="or --keep-offsets"):
        made(source, tmp_path / "pack", judge="w2l-expert")


def test_two_faces_are_one_too_many(source, tmp_path, monkeypatch):
    monkeypatch.setattr(footage, "_detector", lambda: Seer(rivals=1))
    outcomes = made(source, tmp_path / "pack")
    assert "several faces" in outcomes[0]["dropped"]


def test_a_file_that_cannot_be_read_is_told_and_passed_over(source, tmp_path):
    (source / "ann" / "b.mkv").write_bytes(b"nothing")
    outcomes = made(source, tmp_path / "pack")
    assert sum(o["clips"] for o in outcomes) == 1
    assert any("media file" in reason for o in outcomes for reason in o["dropped"])
    with pytest.raises(MediaError):
        next(footage.pictures(source / "ann" / "b.mkv"))


def test_folders_of_one_name_keep_their_films_apart(source, tmp_path):
    """Two shoots of one person: all films are made, and those that nobody shares keep their names."""
    other = source / "monday" / "ann"
    other.mkdir(parents=True)
    film(other / "a.mkv", plain(50), 25, sound_s=2.0)
    film(other / "b.mkv", plain(40), 25, sound_s=1.6)
    outcomes = made(source, tmp_path / "pack")
    found = {clip.name: (len(clip.frames), clip.speaker) for clip in read_pack([tmp_path / "pack"])}
    assert found == {"ann__a": (60, "ann"), "monday__ann__a": (50, "ann"), "ann__b": (40, "ann")}
    assert len({outcome["video"] for outcome in outcomes}) == len(outcomes) == 5


def test_another_film_of_a_name_is_refused_before_anything_is_made(source, tmp_path):
    pack = tmp_path / "pack"
    made(source, pack)
    other = tmp_path / "monday" / "ann"
    other.mkdir(parents=True)
    film(other / "a.mkv", plain(50), 25, sound_s=2.0)
    film(other / "b.mkv", plain(40), 25, sound_s=1.6)
    with pytest.raises(UsageError, match="already has clips of another film named ann__a") as refused:
        made(other.parent, pack)
    assert refused.value.where == str(other / "a.mkv")
    assert not (pack / "ann__b").exists()
    assert [len(clip.frames) for clip in read_pack([pack])] == [60]


def test_names_that_clash_get_longer_until_they_do_not(tmp_path):
    def ids(*ways):
        return [v.id for v in splits.assign([tmp_path / way for way in ways], splits.read(None), tmp_path)]

    assert ids("ann/a.mkv", "ann/a.mov", "ann/b.mov") == ["ann__a.mkv", "ann__a.mov", "ann__b"]
    assert ids("x/ann/a.mkv", "y/ann/a.mkv") == ["x__ann__a", "y__ann__a"]
    assert ids(f"{tmp_path.name}/a.mkv", "a.mkv") == ["a", f"{tmp_path.name}__a"]
    with pytest.raises(UsageError, match=r"a__b.*c\.mkv") as caught:
        ids("a/b__c.mkv", "a__b/c.mkv")
    assert "rename" in caught.value.hint


def test_long_stretches_are_split_evenly():
    frames = FrameRange(10, 10 + 560, Fraction(25))
    parts = clips._parts(frames)
    assert [stop - start for start, stop in parts] == [186, 187, 187]
    assert (parts[0][0], parts[-1][1]) == (10, 570)


def test_rules_give_split_person_and_reason(tmp_path, source):
    rules = (
        splits.Rule(speaker="bob", drop="no sync"),
        splits.Rule(speaker="ann", split="train", every=2, licence="CC0", source="studio"),
        splits.Rule(name="x*", person="cid", split="unseen"),
    )
    paths = [source / "ann" / f"{n}.mp4" for n in "abc"] + [
        source / "bob" / "a.mp4",
        source / "dan" / "x1.mp4",
    ]
    videos = {video.id: video for video in splits.assign([*paths, source / "dan" / "y.mp4"], rules, source)}
    assert [videos[f"ann__{n}"].split for n in "abc"] == ["heldout", "train", "heldout"]
    assert videos["bob__a"].drop == "no sync"
    assert (videos["dan__x1"].speaker, videos["dan__x1"].split) == ("cid", "unseen")
    assert videos["dan__y"].drop == "no rule fits"
    made(source, tmp_path / "pack", rules)
    meta = json.loads((tmp_path / "pack" / "ann__a" / "meta.json").read_text())
    assert meta == {
        "speaker": "ann",
        "split": "heldout",
        "licence": "CC0",
        "source": "studio ann/a.mkv",
    }
    manifest = (tmp_path / "pack" / "manifest.tsv").read_text("utf-8")
    assert manifest == "pack\tann__a\tann\theldout\tCC0\tstudio ann/a.mkv\n"


@pytest.mark.parametrize(
    "text",
    [
        *("", "a: 1", "- {nobody: knows}", "- {split: test}", "- {every: [}"),
        *("- {every: three}", "- {speaker: 5}", "- {drop: no}"),
    ],
)
def test_rules_that_are_none_are_refused(tmp_path, text):
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"rule|split"):
        splits.read(path)


def test_rules_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"\xff\xfe-")
    with pytest.raises(UsageError, match="rules cannot be read"):
        splits.read(path)


def test_without_rules_everything_is_trained_on(source):
    assert splits.read(None) == (splits.Rule(),)
    (video,) = splits.assign([source / "ann" / "a.mkv"], splits.read(None), source)
    assert video.split == "train"
