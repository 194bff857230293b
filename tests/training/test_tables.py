"""The paper's tables: lists in both forms, seeded pairs, rows with their judge beside every figure."""

import json
import re
import shutil

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from training.__main__ import cli
from training.measure import lists, tables
from training.measure.lists import Pair
from training.packs.data import read_pack
from w2l_studio.errors import UsageError
from w2l_studio.judge.slim import SlimJudge
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.opening import Opening
from w2l_studio.nets.syncnet import SLIM, SyncNet


def test_the_published_forms_name_sound_and_video_in_their_order(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("6330/00001 6331/00002\n\n6330/00003 6331/00004\n")
    assert lists.read(path, "lrs")[0] == Pair(sound="6330/00001", video="6331/00002")
    path.write_text("a.mp4 b.wav\n")
    assert lists.read(path, "resynced") == [Pair(sound="b.wav", video="a.mp4")]
    path.write_text("a b\nonly\n")
    with pytest.raises(UsageError, match="line 2 holds 1 names"):
        lists.read(path, "lrs")
    path.write_text("\n \n")
    with pytest.raises(UsageError, match="the list holds no pair"):
        lists.read(path, "lrs")
    with pytest.raises(UsageError, match=r"gone\.txt"):
        lists.read(tmp_path / "gone.txt", "lrs")


NAMES = st.text(st.characters(categories=("Ll", "Nd")), min_size=1, max_size=8)


@given(lengths=st.dictionaries(NAMES, st.integers(30, 300), min_size=2, max_size=12), seed=st.integers(0, 9))
def test_drawn_sounds_are_no_longer_than_their_videos_and_seeds_repeat(lengths, seed):
    pairs = lists.draw(lengths, 25, seed)
    assert len(pairs) == 25
    assert all(lengths[pair.sound] <= lengths[pair.video] for pair in pairs)
    assert all(pair.sound != pair.video for pair in pairs)
    assert pairs == lists.draw(dict(reversed(lengths.items())), 25, seed)


def test_equally_long_clips_speak_each_others_sound_and_one_clip_none():
    pairs = lists.draw({"a": 75, "b": 75}, 4, seed=0)
    assert {(pair.sound, pair.video) for pair in pairs} == {("a", "b"), ("b", "a")}
    beside = lists.draw({"a": 75, "b": 75, "long": 250}, 3, seed=0)
    assert {pair.video for pair in beside} == {"a", "b", "long"}, "longer clips take no turn of theirs"
    with pytest.raises(UsageError, match="two clips"):
        lists.draw({"a": 75}, 4, seed=0)


@given(
    pairs=st.lists(st.builds(Pair, NAMES, NAMES), min_size=1, max_size=8),
    form=st.sampled_from(["lrs", "resynced"]),
)
def test_what_is_written_is_read_back(pairs, form, tmp_path_factory):
    path = tmp_path_factory.mktemp("lists") / "list.txt"
    path.write_text(lists.written(pairs, form), encoding="utf-8")
    assert lists.read(path, form) == pairs


class Heard(SlimJudge):
    """A judge that keeps what it was shown and heard."""

    def __init__(self):
        super().__init__(SyncNet(SLIM), name="standing in")
        self.asked = []

    def score(self, crops, samples):
        self.asked.append((crops, samples))
        return super().score(crops, samples)


class Speaking(Wav2Lip):
    """A generator that keeps its references."""

    def speak(self, crops, references, voice):
        self.given = [*getattr(self, "given", []), (crops.pixels.copy(), references.copy())]
        return super().speak(crops, references, voice)


@pytest.mark.parametrize(
    "name", ["ANNA__five", "ANNA/five", "main/ANNA/five", "ANNA/five.mp4", "five", "five.wav"]
)
def test_a_list_means_clips_by_their_names_or_their_films(name):
    named = {"ANNA__five": "it", "BEN__fives": "another"}
    assert tables._listed(name, named) == "it"


def test_a_name_of_two_films_or_none_is_told():
    named = {"ANNA__five": "one", "BEN__five": "two"}
    with pytest.raises(UsageError, match="2 clips are of that name"):
        tables._listed("five", named)
    with pytest.raises(UsageError, match="no pack holds it"):
        tables._listed("six", named)


def test_every_method_is_judged_by_the_right_sound_and_protocol(pack):
    torch.manual_seed(0)
    clips = [clip for clip in read_pack([pack]) if clip.split == "unseen"]
    video, sound = clips[:2]
    judge, generator = Heard(), Speaking(Generator(0.125), name="mine", lead_ms=-75.0)
    pairs = [Pair(sound.name, video.name)]
    found = list(tables.rows(clips, pairs, [generator], judge, Openness(Opening())))
    assert [(row.method, row.protocol) for row in found] == [
        ("real video", "-"), ("unsynced original", "-"), ("shut lips", "-"),
        ("mine", "paper"), ("mine", "ours"),
    ]  # fmt: skip
    own, other = (np.rint(np.load(c.folder / "audio.npy") * 2.0**15).astype(np.int16) for c in (video, sound))
    heard = [samples for _, samples in judge.asked]
    assert [np.array_equal(one, own) for one in heard] == [True, False, False, False, False]
    assert all(np.array_equal(one, other) for one in heard[1:])
    shown = [pictures for pictures, _ in judge.asked]
    assert np.array_equal(shown[0], shown[1])
    assert np.array_equal(shown[2][:, :48], shown[0][:, :48])
    (crops, same), (_, closed) = generator.given
    assert np.array_equal(crops, same), "the paper's protocol: the same picture is reference and pose prior"
    assert not np.array_equal(crops, closed)
    with pytest.raises(UsageError, match="nobody"):
        list(tables.rows(clips, [Pair("nobody", video.name)], [], judge, Openness(Opening())))


def test_the_command_names_the_judge_beside_every_figure(pack, tmp_path):
    listed = tmp_path / "pairs.txt"
    listed.write_text("other1 other0\n")
    arguments = [
        "evaluate",
        "w2l-192",
        "--pack",
        str(pack),
        "--list",
        str(listed),
        "--write",
        str(tmp_path / "w"),
    ]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    head = done.output.splitlines()[0]
    assert head.count("w2l-judge") == 2
    assert "LSE" not in done.output.replace("no LSE-D and LSE-C", "")
    assert len(re.findall(r"^\| w2l-192 \| (?:paper|ours) \| 1 ", done.output, re.MULTILINE)) == 2
    assert (tmp_path / "w").read_text() == "other1 other0\n"
    assert re.search(r"^\| shut lips .* \| - \|$", done.output, re.MULTILINE)
    assert "FID is empty" in done.output


def test_bounds_are_of_people_and_of_one_mans_pairs():
    def told(*speakers):
        far = enumerate(speakers)
        rows = [tables.Row("mine", "ours", who, 0.4 + 0.1 * n, 0.1, 0) for n, who in far]
        return re.search(r"(0\.\d+) \[([\d.]+)-([\d.]+)\]", tables.table(rows, "judge")).groups()

    mean, low, high = told("one", "one", "one")
    assert mean == "0.500"
    assert low < mean < high
    assert told("one", "one", "two")[1:] == ("0.450", "0.600")


def row(method, features):
    return tables.Row(method, "-", "somebody", 0.5, 0.1, 0, features)


def test_fid_is_of_all_faces_of_a_method_against_all_real_ones():
    random = np.random.default_rng(0)
    real = [random.normal(0, 1, (40, 3)) for _ in range(2)]
    rows = [row("real video", real[0]), row("real video", real[1])]
    rows += [row("moved", part + 3) for part in real]
    told = tables.table(rows, "judge").splitlines()
    assert [line.split(" | ")[-1].strip(" |") for line in told[:4]] == [
        "FID",
        "---|---|---|---|---|---|---",
        "0.0",
        "27.0",
    ]
    assert not any("FID is empty" in line for line in told)


def test_a_run_is_evaluated_as_what_it_trained(pack, tmp_path):
    listed = tmp_path / "pairs.txt"
    listed.write_text("other1 other0\n")
    tail = ["--pack", str(pack), "--list", str(listed)]
    trained = [
        "paper",
        "speech2vid",
        "--width",
        "0.0625",
        "--pictures",
        "10",
        "--steps",
        "1",
        "--threads",
        "1",
    ]
    unseen = tmp_path / "kept"
    shutil.copytree(pack / "clip0", unseen / "clip0")
    meta = unseen / "clip0" / "meta.json"
    meta.write_text(meta.read_text().replace("train", "heldout"))
    run = tmp_path / "mine"
    CliRunner().invoke(
        cli, [*trained, "--out", str(run), "--pack", str(pack), "--pack", str(unseen)], catch_exceptions=False
    )
    done = CliRunner().invoke(cli, ["evaluate", str(run), *tail], catch_exceptions=False)
    assert len(re.findall(r"^\| mine \| (?:paper|ours) \| 1 ", done.output, re.MULTILINE)) == 2
    expert, figures = tmp_path / "expert", tmp_path / "figures.json"
    steps = ["--steps", "1", "--width", "0.0625", "--recipe", "paper", "--pairs", "8", "--threads", "1"]
    CliRunner().invoke(
        cli, ["expert", *steps, "--out", str(expert), "--pack", str(pack)], catch_exceptions=False
    )
    tail += ["--json", str(figures)]
    done = CliRunner().invoke(cli, ["evaluate", str(run), str(expert), *tail], catch_exceptions=False)
    assert "chance .500" in done.output
    assert "| mine | ours | 1 " in done.output
    told = json.loads(figures.read_text())
    assert told["experts"][str(expert)]["unseen"]["people"] > 1
    assert [row["method"] for row in told["generators"]][-2:] == ["mine", "mine"]
    alone = CliRunner().invoke(cli, ["evaluate", str(expert), "--pack", str(pack)], catch_exceptions=False)
    assert "shut lips" not in alone.output
    with pytest.raises(UsageError, match="this is for opening"):
        CliRunner().invoke(cli, ["evaluate", "w2l-opening", *tail], catch_exceptions=False)
