"""Packs that travel: what comes out is a pack that trains, nearly the same, much smaller."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from training.__main__ import cli
from training.packs import shards
from training.packs.data import Sampler, read_pack
from w2l_studio.errors import MediaError, OutputError, UsageError

needs_avif = pytest.mark.skipif(
    not (hasattr(cv2, "imencodeanimation") and cv2.haveImageWriter(".avif")), reason="this OpenCV has no AVIF"
)


@pytest.fixture(scope="module")
def travelled(tmp_path_factory, write_clip):
    folder = tmp_path_factory.mktemp("travel")
    for i in range(2):
        write_clip(folder / "home" / f"clip{i}", i, speaker=f"p{i}", opening=i == 0)
    assert shards.write([folder / "home"], folder / "pack.zip") == 2
    return folder


@needs_avif
def test_what_arrives_is_the_pack_a_little_softer(travelled, tmp_path):
    assert shards.count(travelled / "pack.zip") == 2
    assert shards.read(travelled / "pack.zip", tmp_path) == 2
    home, here = read_pack([travelled / "home"]), read_pack([tmp_path / "home"])
    for before, after in zip(home, here, strict=True):
        assert (after.name, after.speaker, after.split, after.licence) == (
            before.name,
            before.speaker,
            before.split,
            before.licence,
        )
        assert np.abs(after.frames.astype(int) - before.frames).mean() < 3
        loud = before.mel > -2
        assert np.abs(after.mel - before.mel)[loud].mean() < 0.35
        assert (after.opening is None) == (before.opening is None)
    assert np.abs(here[0].opening - home[0].opening).max() < 1e-3
    assert Sampler(here).draw(np.random.default_rng(0)).name in ("clip0", "clip1")


@needs_avif
def test_it_is_small(travelled):
    size = sum(path.stat().st_size for path in (travelled / "home").rglob("*.npy"))
    assert (travelled / "pack.zip").stat().st_size < size / 50


@needs_avif
def test_pictures_may_be_made_smaller_and_clips_that_are_there_stay(travelled, tmp_path):
    path, root = tmp_path / "small.zip", tmp_path / "root"
    command = ["travel", str(travelled / "home"), "--out", str(path), "--px", "96"]
    assert CliRunner().invoke(cli, command, catch_exceptions=False).exit_code == 0
    for made in (2, 0):
        result = CliRunner().invoke(cli, ["arrive", str(path), str(root)], catch_exceptions=False)
        assert f"{made} clips unpacked" in result.output
    assert read_pack([root / "home"])[0].frames.shape[1:] == (96, 96, 3)


@needs_avif
@pytest.mark.parametrize("keep", [0.0, 0.5])
def test_a_damaged_file_is_refused_by_name(travelled, tmp_path, keep):
    content = (travelled / "pack.zip").read_bytes()
    broken = tmp_path / "broken.zip"
    broken.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(MediaError, match=r"broken\.zip"):
        shards.read(broken, tmp_path / "root")


@needs_avif
@pytest.mark.parametrize("content", [b"", b"none"])
@pytest.mark.parametrize("damaged", ["frames.avif", "audio.ogg"])
def test_a_damaged_clip_is_refused_by_name(travelled, tmp_path, damaged, content):
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(travelled / "pack.zip") as whole, zipfile.ZipFile(broken, "w") as parcel:
        for name in whole.namelist():
            parcel.writestr(name, content if name.endswith(damaged) else whole.read(name))
    with pytest.raises(MediaError, match=rf"broken\.zip: .*{damaged} does not decode"):
        shards.read(broken, tmp_path / "root")


@needs_avif
def test_a_picture_that_is_damaged_inside_is_told(travelled, tmp_path):
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(travelled / "pack.zip") as whole, zipfile.ZipFile(broken, "w") as parcel:
        for name in whole.namelist():
            content = whole.read(name)
            if name.endswith("frames.avif"):
                middle = len(content) // 2
                noise = np.random.default_rng(0).bytes(200)
                content = content[:middle] + noise + content[middle + len(noise) :]
            parcel.writestr(name, content)
    with pytest.raises(MediaError, match=r"broken\.zip: .*frames\.avif does not decode"):
        shards.read(broken, tmp_path / "root")
    assert not list((tmp_path / "root").rglob("meta.json"))


@needs_avif
def test_fewer_pictures_than_their_sound_has_are_told(travelled, tmp_path):
    broken, fewer = tmp_path / "broken.zip", cv2.Animation()
    fewer.frames = list(np.load(travelled / "home" / "clip0" / "frames.npy")[:40])
    fewer.durations = [40] * 40
    _, coded = cv2.imencodeanimation(".avif", fewer)
    with zipfile.ZipFile(travelled / "pack.zip") as whole, zipfile.ZipFile(broken, "w") as parcel:
        for name in whole.namelist():
            parcel.writestr(name, coded.tobytes() if name.endswith("frames.avif") else whole.read(name))
    with pytest.raises(MediaError, match=r"broken\.zip: .*clip0 holds 40 pictures and 38400 samples"):
        shards.read(broken, tmp_path / "root")


@needs_avif
def test_a_disk_that_is_full_is_no_damaged_file(travelled, tmp_path, small_disk):
    with small_disk(100_000), pytest.raises(OutputError, match="disk is full") as caught:
        shards.read(travelled / "pack.zip", tmp_path / "root")
    assert "frames.npy" in caught.value.where
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        shards.read(travelled / "pack.zip", tmp_path / "file" / "root")


@needs_avif
@pytest.mark.parametrize("damaged", ["frames.npy", "audio.npy", "meta.json"])
def test_a_broken_clip_does_not_travel(write_clip, tmp_path, damaged):
    broken = write_clip(tmp_path / "home" / "clip0", 0, speaker="ann") / damaged
    content = b'{"speaker": "ann"}' if damaged == "meta.json" else broken.read_bytes()[:-640]
    broken.write_bytes(content)
    with pytest.raises(MediaError, match=damaged):
        shards.write([tmp_path / "home"], tmp_path / "pack.zip")
    assert not (tmp_path / "pack.zip").exists()


@needs_avif
def test_names_that_lead_elsewhere_are_refused(tmp_path):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as parcel:
        parcel.writestr("../clip/meta.json", "{}")
    with pytest.raises(MediaError, match="no name of a clip"):
        shards.read(path, tmp_path / "root")
    assert not (tmp_path / "clip").exists()


def test_an_opencv_without_avif_is_told(monkeypatch, tmp_path, pack):
    monkeypatch.setattr(cv2, "haveImageWriter", lambda _: False)
    with pytest.raises(UsageError, match="has no AVIF"):
        shards.write([pack], tmp_path / "pack.zip")


def test_nothing_to_pack_is_told(tmp_path):
    with pytest.raises(MediaError, match="no clip found"):
        shards.write([tmp_path], tmp_path / "pack.zip")


def test_two_clips_of_one_name_are_told_before_anything_is_written(travelled, tmp_path, write_clip):
    write_clip(tmp_path / "home" / "clip0", 9, speaker="p9")
    with pytest.raises(UsageError, match="would both be home/clip0"):
        shards.write([travelled / "home", tmp_path / "home"], tmp_path / "pack.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@needs_avif
def test_a_pack_travels_out_of_its_own_folder(travelled, tmp_path, monkeypatch):
    monkeypatch.chdir(travelled / "home")
    shards.write([Path()], tmp_path / "dot.zip", face_px=32)
    assert shards.read(tmp_path / "dot.zip", tmp_path) == 2
    here = read_pack([Path()])
    assert [clip.group for clip in here] == ["home", "home"]
    assert [clip.entry for clip in read_pack([tmp_path / "home"])] == [clip.entry for clip in here]
