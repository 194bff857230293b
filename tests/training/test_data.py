import json
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from training.packs import data
from training.packs.data import Sampler, read_clip, read_pack, write_array
from w2l_studio.errors import MediaError, OutputError
from w2l_studio.sound import mel, windows


def test_a_clip_comes_back_as_written(tmp_path, write_clip, performance):
    clip = read_clip(write_clip(tmp_path / "drawn" / "a", 3, speaker="ann"))
    pictures, sound, opening = performance(3)
    assert (clip.name, clip.group, clip.speaker, clip.split) == ("a", "drawn", "ann", "train")
    assert np.array_equal(clip.frames, pictures)
    assert np.array_equal(clip.mel, mel.spectrogram(sound))
    assert np.allclose(clip.opening, opening)
    assert np.isfinite(clip.mel).all()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("frames.npy", np.zeros((60, 96, 128, 3), np.uint8)),
        ("frames.npy", np.zeros((60, 128, 128, 3), np.float32)),
        ("frames.npy", np.zeros((0, 128, 128, 3), np.uint8)),
        ("frames.npy", np.uint8(3)),
        ("audio.npy", np.zeros(100, np.float32)),
        ("audio.npy", np.zeros(60 * 640, np.int16)),
        ("audio.npy", np.full(60 * 640, np.nan, np.float32)),
        ("opening.npy", np.zeros(3, np.float32)),
        ("opening.npy", np.full(60, np.inf, np.float32)),
    ],
)
def test_a_broken_clip_is_refused_by_name(tmp_path, write_clip, name, content):
    folder = write_clip(tmp_path / "a", 0, speaker="ann")
    np.save(folder / name, content)
    with pytest.raises(MediaError, match=name) as caught:
        read_clip(folder)
    assert caught.value.where == str(folder)


def test_an_archive_in_the_place_of_an_array_is_refused_by_name(tmp_path, write_clip):
    folder = write_clip(tmp_path / "a", 0, speaker="ann")
    with (folder / "audio.npy").open("wb") as file:
        np.savez(file, audio=np.zeros(60 * 640, np.float32))
    with pytest.raises(MediaError, match=r"audio\.npy cannot be read: it is an archive"):
        read_clip(folder)


def test_an_array_that_the_disk_does_not_take_is_told(tmp_path, small_disk):
    path = tmp_path / "frames.npy"
    with small_disk(1000), pytest.raises(OutputError, match="disk is full") as caught:
        write_array(path, np.zeros((60, 128, 128, 3), np.uint8))
    assert caught.value.where == str(path)


@pytest.mark.parametrize("kept", [0.0, 0.5, None])
@pytest.mark.parametrize("damage", ["frames.npy", "audio.npy", "opening.npy", "meta.json"])
def test_a_file_cut_off_or_gone_is_refused_by_name(tmp_path, write_clip, damage, kept):
    folder = write_clip(tmp_path / "a", 0, speaker="ann")
    path = folder / damage
    if kept is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    if (damage, kept) == ("opening.npy", None):
        assert read_clip(folder).opening is None
        return
    with pytest.raises(MediaError, match=f"not a clip.*{damage}") as caught:
        read_clip(folder)
    assert caught.value.where == str(folder)


@pytest.mark.parametrize("meta", ["[]", "3", '{"speaker": "ann"}'])
def test_a_meta_that_tells_nothing_is_refused_by_name(tmp_path, write_clip, meta):
    folder = write_clip(tmp_path / "a", 0, speaker="ann")
    (folder / "meta.json").write_text(meta)
    with pytest.raises(MediaError, match=r"meta\.json"):
        read_clip(folder)


def test_a_split_that_does_not_exist_is_refused(tmp_path, write_clip):
    with pytest.raises(MediaError, match="test"):
        read_clip(write_clip(tmp_path / "a", 0, speaker="ann", split="test"))


def test_a_pack_without_a_clip_is_told_beside_another(pack, tmp_path):
    with pytest.raises(MediaError, match="nowhere: no clip found"):
        read_pack([pack, tmp_path / "nowhere"])


def test_unfinished_clips_are_passed_over(tmp_path, write_clip):
    write_clip(tmp_path / "a", 0, speaker="ann")
    (write_clip(tmp_path / "b", 1, speaker="ann") / "meta.json").unlink()
    assert [clip.name for clip in read_pack([tmp_path])] == ["a"]


def test_an_empty_pack_is_an_error(tmp_path):
    with pytest.raises(MediaError, match="no clip found"):
        read_pack([tmp_path])


def test_every_window_has_its_whole_sound(pack):
    clip = read_pack([pack])[0]
    (last,) = data.begins(np.array([clip.windows - 1]))
    assert last + windows.COLUMNS <= clip.mel.shape[1]
    assert clip.windows + data.WINDOW - 1 <= len(clip.frames)


def test_windows_are_those_that_the_engine_cuts(pack):
    clip = read_pack([pack])[0]
    for lead_ms in (0, -40, -80):
        begins = windows.starts(len(clip.frames), Fraction(25), Fraction(0), Fraction(lead_ms, 1000))
        at = np.arange(len(clip.frames))[::-1]
        assert np.array_equal(windows.cut(clip.mel, begins, 16)[::-1], data.hear(clip.mel, at, lead_ms))
        wide = windows.cut(clip.mel, begins - 12, 40)
        assert np.array_equal(wide[::-1], data.hear(clip.mel, at, lead_ms, 40))


def test_groups_are_drawn_by_share_and_people_evenly(tmp_path, write_clip):
    for i in range(6):
        write_clip(tmp_path / "one" / f"a{i}", i, speaker="ann")
    write_clip(tmp_path / "one" / "b", 9, speaker="bob")
    write_clip(tmp_path / "two" / "c", 10, speaker="cid")
    write_clip(tmp_path / "two" / "d", 11, speaker="dan", split="heldout")
    sampler = Sampler(read_pack([tmp_path / "one", tmp_path / "two"]), {"one": 3.0})
    random = np.random.default_rng(0)
    drawn = Counter(sampler.draw(random).speaker for _ in range(4000))
    assert drawn.keys() == {"ann", "bob", "cid"}
    assert drawn["cid"] / 4000 == pytest.approx(0.25, abs=0.03)
    assert drawn["ann"] / drawn["bob"] == pytest.approx(1, abs=0.15)


def test_labelled_clips_alone_are_drawn(tmp_path, write_clip):
    write_clip(tmp_path / "a", 0, speaker="ann")
    write_clip(tmp_path / "b", 1, speaker="bob", opening=False)
    sampler = Sampler(read_pack([tmp_path])).labelled()
    random = np.random.default_rng(0)
    assert {sampler.draw(random).speaker for _ in range(40)} == {"ann"}


def test_nothing_to_train_on_is_an_error(tmp_path, write_clip):
    clips = read_pack([write_clip(tmp_path / "a", 0, speaker="ann", split="unseen").parent])
    with pytest.raises(MediaError, match="no clip to train on"):
        Sampler(clips)


def test_the_manifest_names_every_clip_and_its_licence_and_origin(pack):
    clips = read_pack([pack])
    lines = data.manifest(clip.entry for clip in clips).splitlines()
    assert len(lines) == len(clips)
    assert "drawn\tclip0\tp0\ttrain\tCC0\tdrawn" in lines
    assert data.manifest(clip.entry for clip in clips[::-1]).splitlines() == lines
    assert [data.read_entry(clip.folder) for clip in clips] == [clip.entry for clip in clips]


def test_a_name_does_not_break_the_manifest():
    entry = data.Entry("packs", "a", "ann", "train", "CC0", "studio\tann/take\n1.mov")
    assert data.manifest([entry]) == "packs\ta\tann\ttrain\tCC0\tstudio ann/take 1.mov\n"


def test_meta_may_name_the_group(tmp_path, write_clip):
    clip = read_clip(write_clip(tmp_path / "a", 0, speaker="ann", group="faces"))
    assert clip.group == "faces"
    assert json.loads((tmp_path / "a" / "meta.json").read_text())["source"] == "drawn"
