"""``w2l-studio lips`` with the shipped network: what it says, closures against known phonemes, bad input."""

import csv
import json
import os
from base64 import b64decode
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from w2l_studio import errors
from w2l_studio.cli.main import group
from w2l_studio.config import LipsConfig
from w2l_studio.dub import lips

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices"
LISTS = ("opening", "width", "rounding", "closure", "confidence")


def run(*arguments):
    return CliRunner().invoke(group, ["lips", *map(str, arguments)], catch_exceptions=True)


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the command says of ANNA's French stem, in all three forms."""
    folder = tmp_path_factory.mktemp("lips é")
    stem = EXAMPLE / "stems" / "ANNA.fr.wav"
    done = run(
        stem, "--rate", "24000/1001", "--json", "--csv", folder / "a b.csv", "--gltf", folder / "a.gltf"
    )
    assert done.exit_code == 0, done.output
    return stem, json.loads(done.output), folder


def test_json_is_what_the_docs_say(said):
    stem, told, _ = said
    assert told["schema"] == "w2l.lips/1"
    assert told["sha256"] == sha256(stem.read_bytes()).hexdigest()
    assert (told["fps"], told["start_s"], told["method"]) == ("24000/1001", 0.0, "network")
    assert told["synthetic"] is told["language_independent"] is True
    assert len(told["channels"]) == 16
    for values in (*told["channels"].values(), *(told[name] for name in LISTS)):
        assert len(values) == told["frames"]
    for values in told["channels"].values():
        assert all(0 <= value <= 1 for value in values)
    shut = np.array(told["closure"], bool)
    assert shut.any()
    assert not np.array(told["opening"])[shut].any()
    assert max(told["opening"]) > 0.15


def test_csv_holds_the_same_numbers(said):
    _, told, folder = said
    rows = list(csv.DictReader((folder / "a b.csv").read_text("utf-8").splitlines()))
    assert len(rows) == told["frames"]
    assert [float(row["jawOpen"]) for row in rows] == told["channels"]["jawOpen"]
    assert [int(row["closure"]) for row in rows] == told["closure"]
    assert float(rows[24]["time_s"]) == pytest.approx(24 * 1001 / 24000, abs=1e-6)


def test_gltf_animates_morphs_by_name(said):
    _, told, folder = said
    scene = json.loads((folder / "a.gltf").read_text("utf-8"))
    names = scene["meshes"][0]["extras"]["targetNames"]
    assert names == list(told["channels"])
    assert len(scene["meshes"][0]["primitives"][0]["targets"]) == len(names)
    content = b64decode(scene["buffers"][0]["uri"].partition(",")[2])
    assert len(content) == scene["buffers"][0]["byteLength"]
    sampler = scene["animations"][0]["samplers"][0]
    times, morphs = (read(scene, content, sampler[key]) for key in ("input", "output"))
    np.testing.assert_allclose(np.diff(times), 1001 / 24000, atol=2e-6)
    jaw = morphs.reshape(-1, len(names))[:, names.index("jawOpen")]
    np.testing.assert_allclose(jaw, told["channels"]["jawOpen"], atol=1e-4)


def read(scene, content, number):
    accessor = scene["accessors"][number]
    view = scene["bufferViews"][accessor["bufferView"]]
    values = np.frombuffer(content, "<f4", view["byteLength"] // 4, view["byteOffset"])
    assert len(values) == accessor["count"]
    return values


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(24000, 1001)], ids=str)
def test_closures_of_the_example_are_hit_and_few_are_invented(rate):
    moved = lips.follow(EXAMPLE / "media" / "production.flac", LipsConfig(rate=rate))
    spoken = json.loads((EXAMPLE / "phones.json").read_text("utf-8"))
    true = [(a, b) for lines in spoken.values() for name, a, b in lines if name in ("P", "B", "M")]
    frames = np.flatnonzero(moved.closure)
    times = np.stack([frames, frames + 1]) / float(rate)
    frame_s = 1 / float(rate)
    hit = [any((times[0] < b + frame_s) & (times[1] > a - frame_s)) for a, b in true]
    starts = frames[np.diff(frames, prepend=-9) > 1] / float(rate)
    real = [any(a - 0.1 <= at <= b + 0.05 for a, b in true) for at in starts]
    assert np.mean(hit) >= 0.8
    assert np.mean(real) >= 0.7


def test_without_json_it_says_one_line():
    done = run(EXAMPLE / "stems" / "BEN.de.wav")
    assert done.exit_code == 0
    assert done.output.count("\n") == 1
    assert "frames at 25" in done.output


@pytest.mark.parametrize(
    ("arguments", "kind", "part"),
    [
        (["gone.wav"], errors.StemError, "gone.wav: the file does not exist"),
        ([str(EXAMPLE / "phones.json")], errors.StemError, "no media file that can be read"),
        (["x.wav", "--rate", "fast"], errors.UsageError, "--rate 'fast' is no frame rate"),
        (["x.wav", "--rate", "1/0"], errors.UsageError, "--rate '1/0' is no frame rate"),
        (["x.wav", "--rate", "1e400"], errors.UsageError, "--rate '1e400' is no frame rate"),
        (["x.wav", "--rate", "1e9999999999"], errors.UsageError, "is no frame rate"),
        (["x.wav", "--rate", "0.5"], errors.UsageError, "--rate must be between 1 and 1000"),
        (["x.wav", "--weights", "w2l-192"], errors.WeightsError, "for another network"),
    ],
)
def test_bad_input_gets_a_sentence(arguments, kind, part):
    error = run(*arguments).exception
    assert type(error) is kind
    assert part in str(error)


def test_the_stem_is_not_written_over_by_whatever_name(tmp_path):
    stem = tmp_path / "a.wav"
    stem.write_bytes((EXAMPLE / "stems" / "BEN.de.wav").read_bytes())
    before = stem.read_bytes()
    (tmp_path / "link.csv").symlink_to(stem)
    for option in ("--csv", "--gltf"):
        for path in (stem, tmp_path / "link.csv", tmp_path / "x" / ".." / "a.wav"):
            error = run(stem, option, path).exception
            assert type(error) is errors.UsageError
            assert f"{option} {path} is the file of STEM too" in str(error)
    assert stem.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="Windows makes no pipes with names")
def test_no_device_and_no_link_is_replaced_by_a_file(tmp_path):
    """Run by root, as in containers, ``--csv /dev/stdout`` would take the device away from the machine."""
    pipe, link, there = tmp_path / "pipe", tmp_path / "link.csv", tmp_path / "there.csv"
    os.mkfifo(pipe)
    there.write_text("precious")
    link.symlink_to(there)
    for option in ("--csv", "--gltf"):
        for path in (pipe, link):
            error = run(EXAMPLE / "stems" / "BEN.de.wav", option, path).exception
            assert type(error) is errors.UsageError
            assert str(error) == f"{option} {path} is a device or a link, not a file. Give another path."
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert there.read_text() == "precious"


def test_what_cannot_be_written_is_told(tmp_path):
    error = run(EXAMPLE / "stems" / "BEN.de.wav", "--csv", tmp_path / "no" / "a.csv").exception
    assert type(error) is errors.OutputError
    assert "a.csv" in str(error)
