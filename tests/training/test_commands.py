"""What cannot be meant is told in one sentence, before anything is measured or written."""

from pathlib import Path

import click
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from training.__main__ import cli, main
from training.cli.evaluate import _write
from w2l_studio.errors import OutputError, UsageError
from w2l_studio.nets import weights


def run(*words):
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


def commands(group, way=()):
    for name, command in group.commands.items():
        yield from (
            commands(command, (*way, name)) if hasattr(command, "commands") else [((*way, name), command)]
        )


NUMBERS = [
    pytest.param(way, option, id=" ".join((*way, option.opts[0])))
    for way, command in commands(cli)
    for option in command.params
    if isinstance(option.type, (click.types.IntParamType, click.types.FloatParamType))
]


@pytest.mark.parametrize(("way", "option"), NUMBERS)
def test_numbers_that_cannot_be_meant_are_refused(way, option):
    wrong = ["-1"] if isinstance(option.type, click.types.IntParamType) else ["-1", "nan"]
    with click.Context(click.Command("any")) as context:
        for number in wrong:
            with pytest.raises(click.BadParameter):
                option.type_cast_value(context, (number,) if option.multiple else number)


@pytest.mark.parametrize("command", ["expert", "lips", "adapt", "check", "calibrate", "evaluate"])
def test_no_threads_are_not_asked_for(command):
    (option,) = (one for one in cli.commands[command].params if one.name == "threads")
    with click.Context(click.Command("any")) as context, pytest.raises(click.BadParameter):
        option.type_cast_value(context, "0")


def test_an_interrupted_command_says_what_stands(monkeypatch, capsys):
    def interrupted(**_):
        raise click.Abort

    monkeypatch.setattr(cli, "main", interrupted)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 130
    assert capsys.readouterr().err.startswith("interrupted: what is finished stands")


def test_a_file_of_figures_that_cannot_be_written_is_told(pack, tmp_path, small_disk):
    path = tmp_path / "pairs.txt"
    with small_disk(1), pytest.raises(OutputError, match="disk is full") as caught:
        run("evaluate", "--pack", pack, "--split", "train", "--split", "unseen", "--write", path)
    assert caught.value.where == str(path)


def test_figures_go_where_a_link_leads(tmp_path):
    """A file that is renamed into its place would take the link's, or /dev/stdout's."""
    (tmp_path / "link.txt").symlink_to(tmp_path / "shared.txt")
    _write(tmp_path / "link.txt", "a b\n")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "shared.txt").read_text("utf-8") == "a b\n"


def test_a_folder_of_weights_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    points = Path(weights.__file__).parent / "data" / "w2l-points.safetensors"
    with pytest.raises(OutputError, match="cannot be written"):
        run("export", points, tmp_path / "file" / "out", "--name", "a", "--licence", "CC0")


@pytest.mark.parametrize(
    ("share", "told"),
    [
        ("drawn", "tells no weight"),
        ("drawn=much", "tells no weight"),
        ("typo=9", "names no pack with clips to train on. There are drawn"),
        ("drawn=-1", "is no weight"),
        ("drawn=nan", "is no weight"),
        ("drawn=inf", "is no weight"),
        ("drawn=0", "every pack with clips to draw has the share 0"),
    ],
)
def test_a_share_that_cannot_be_meant_is_refused(pack, tmp_path, share, told):
    with pytest.raises(UsageError) as caught:
        run("expert", "--pack", pack, "--out", tmp_path / "run", "--steps", 1, "--share", share)
    assert told in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_folder_of_another_network_is_refused_and_stays_as_it_is(pack, write_clip, tmp_path, monkeypatch):
    from training.experts import expert

    monkeypatch.setattr(expert, "CLIPS", 1)
    write_clip(tmp_path / "more" / "one", 7, speaker="else")
    out = tmp_path / "run"
    rest = ["--out", out, "--steps", 2, "--threads", 1]
    assert run("expert", "--pack", pack, *rest, "--steps", 1).exit_code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    assert b"clip0" in before["manifest.tsv"]
    others = [["expert", "--recipe", "paper", "--width", 0.0625, "--pairs", 8], ["judge"], ["opening"]]
    for other in others:
        with pytest.raises(UsageError, match="a run of another network") as caught:
            run(*other, "--pack", tmp_path / "more", *rest)
        assert caught.value.where == str(out)
        assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("command", ["lips", "ears", "performers"])
def test_speech_without_a_list_that_can_be_read_is_told(tmp_path, command, damaged):
    pytest.importorskip("moderngl", reason="needs the extra [performers]")
    words = ["performers", "make", tmp_path / "cgi"]
    if command != "performers":
        words = [command, "--out", tmp_path / "run", "--steps", 1]
    (tmp_path / "empty").mkdir()
    if damaged:
        (tmp_path / "empty" / "speech.jsonl").write_text('{"id": "a", "fi', "utf-8")
    with pytest.raises(UsageError, match=r"speech\.jsonl cannot be read") as caught:
        run(*words, "--speech", tmp_path / "empty")
    assert caught.value.where == str(tmp_path / "empty")


@pytest.mark.parametrize("given", ["--captures", "--speech", "--voices"])
def test_a_folder_with_nothing_to_perform_is_told(tmp_path, given):
    pytest.importorskip("moderngl", reason="needs the extra [performers]")
    empty, clips = tmp_path / "empty", tmp_path / "clips"
    empty.mkdir()
    clips.mkdir()
    if given == "--speech":
        (empty / "speech.jsonl").touch()
    if given == "--voices":  # half a second: too short for a clip
        soundfile.write(empty / "a.wav", np.zeros(8000), 16000)
    rest = ["--clips", clips] if given == "--captures" else []
    with pytest.raises(UsageError, match="the folder has nothing to perform") as caught:
        run("performers", "make", tmp_path / "cgi", given, empty, *rest)
    assert caught.value.where == str(empty)
    assert not (tmp_path / "cgi").exists()


def test_ears_are_taught_where_and_how_it_is_asked(tmp_path, spoken_folder):
    pytest.importorskip("moderngl", reason="needs the extra [performers]")
    from training.run import checkpoint

    words = ["ears", "--speech", spoken_folder, "--steps", 1, "--width", 0.0625, "--device", "cpu"]
    learned = []
    for precision in ("fp32", "bf16", "fp32"):
        out = tmp_path / str(len(learned))
        done = run(*words, "--out", out, "--precision", precision)
        assert "1 lessons of 1 voices" in done.output
        assert (out / "manifest.tsv").read_text("utf-8")
        learned.append(checkpoint.load(out / "checkpoint.pt")["means"]["loss"])
    assert learned[0] == learned[2] != learned[1]


def test_voices_without_a_sound_file_are_told(tmp_path):
    pytest.importorskip("moderngl", reason="needs the extra [performers]")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="has no sound files") as caught:
        run("performers", "make", tmp_path / "cgi", "--voices", tmp_path / "empty", "--count", 1)
    assert caught.value.where == str(tmp_path / "empty")


def test_splits_that_are_none_and_splits_without_a_clip_are_refused(pack):
    for words in (["evaluate", "w2l-expert"], ["evaluate"], ["calibrate", "training"]):
        with pytest.raises(UsageError, match="there is no split 'typo'"):
            run(*words, "--pack", pack, "--split", "unseen", "--split", "typo")
    for words in (["evaluate", "w2l-expert"], ["evaluate"]):
        with pytest.raises(UsageError, match="no clip of the split wild or heldout"):
            run(*words, "--pack", pack, "--split", "wild", "--split", "heldout")


def test_no_expert_is_measured_where_the_generators_have_no_clip(write_clip, tmp_path, monkeypatch):
    monkeypatch.setattr("training.measure.evaluate.evaluate", lambda net, clips: pytest.fail("it had begun"))
    write_clip(tmp_path / "pack" / "a", 0, speaker="ann", split="heldout")
    with pytest.raises(UsageError, match="no clip of the split unseen"):
        run("evaluate", "w2l-expert", "w2l-192", "--pack", tmp_path / "pack")


@pytest.mark.parametrize("option", ["--json", "--write"])
def test_figures_without_a_folder_are_refused_before_all_measuring(pack, tmp_path, option, monkeypatch):
    monkeypatch.setattr("training.weights.export.named", lambda name: pytest.fail("it had begun"))
    path = tmp_path / "nodir" / "x.json"
    with pytest.raises(UsageError, match="folder of this file is not there") as caught:
        run("evaluate", "w2l-expert", "--pack", pack, option, path)
    assert caught.value.where == str(path)


@pytest.mark.parametrize("words", [["prepare"], ["adapt", "w2l-192"]])
def test_a_folder_without_a_film_is_told_before_anything_is_made(tmp_path, words):
    empty, out = tmp_path / "empty", tmp_path / "out"
    empty.mkdir()
    with pytest.raises(UsageError, match="there is no film in it") as caught:
        run(*words, empty, *(["--out"] if "adapt" in words else []), out)
    assert caught.value.where == str(empty)
    assert not out.exists()


def test_no_pairs_are_not_asked_for(pack):
    done = run("evaluate", "--pack", pack, "--count", 0)
    assert done.exit_code == 2
    assert "--count" in done.output


@pytest.mark.parametrize("option", [["--frames", 3], ["--width", 0.5], ["--pairs", 8], ["--rate", 0.1]])
def test_options_of_the_papers_expert_are_not_passed_over(pack, tmp_path, option):
    with pytest.raises(UsageError, match=f"{option[0]} is for the paper's networks"):
        run("expert", "--pack", pack, "--out", tmp_path / "run", "--steps", 1, *option)
    assert not (tmp_path / "run").exists()


def test_the_papers_expert_teaches_no_generator_of_ours(pack, tmp_path):
    from training.weights import export
    from w2l_studio.nets.expert import Expert
    from w2l_studio.nets.meta import Meta

    path = export.ship(Expert(0.0625), Meta("expert", width=0.0625), tmp_path, "paper")
    begin = (
        ["generator", "--pack", pack, "--steps", 1, "--opening", "w2l-opening"],
        ["adapt", "w2l-192", pack, "--opening", "w2l-opening", "--steps", 1],
    )
    for words in begin:
        with pytest.raises(UsageError, match="the paper's sync expert") as caught:
            run(*words, "--out", tmp_path / "run", "--expert", path, "--threads", 1)
        assert caught.value.where == str(path)


@pytest.mark.parametrize("name", ["../esc", "a/b", "a\\b", "..", ""])
def test_a_name_of_weights_leads_nowhere_else(tmp_path, name):
    for words in (
        ["export", tmp_path, tmp_path / "shipped", "--licence", "CC0"],
        ["adapt", "w2l-192", tmp_path],
    ):
        done = run(*words, *(["--out", tmp_path / "run"] if words[0] == "adapt" else []), "--name", name)
        assert done.exit_code == 2
        assert "is no name of a file" in done.output
    assert not list(tmp_path.iterdir())
