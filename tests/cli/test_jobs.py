"""The command line with real processes: what goes wrong is one sentence and the exit code of the docs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import opentimelineio as otio
import pytest
from click.testing import CliRunner

from w2l_studio.cli import demo, progress
from w2l_studio.events import Advanced, JobFinished, PlanReady, SegmentStarted

RATE = 25
schema = otio.schema


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, talking_film: Any, spoken_stem: Any) -> Path:
    """A folder with an edit of two marked faceless clips, an edit without marks, a stem, and wrong files."""
    folder = tmp_path_factory.mktemp("edits é")
    film = talking_film(folder / "wall.mov", rate=Fraction(RATE), frames=60, faces=())
    spoken_stem(folder / "fr.wav", 3)
    for name, mark in (("marked", "w2l"), ("bare", "note"), ("coloured", "look here")):
        timeline = schema.Timeline(name)
        timeline.tracks.append(schema.Track("V1", kind="Video"))
        for start in (5, 30):
            clip = schema.Clip(f"wall {start}", schema.ExternalReference(str(film)), span(start, 20))
            clip.markers.append(schema.Marker(mark, span(start, 0), color="PINK"))
            timeline.tracks[0].append(clip)
        otio.adapters.write_to_file(timeline, str(folder / f"{name}.otio"))
    (folder / "broken.otio").write_text('{"OTIO_SCHEMA": ')
    (folder / "list.otio").write_text('{"OTIO_SCHEMA": "SerializableCollection.1", "children": []}')
    (folder / "text.wav").write_text("no sound")
    (folder / "lines.srt").write_text("1\n00:00:00,200 --> 00:00:00,900\nBonjour\n")
    (folder / "late.srt").write_text(
        "1\n00:00:00,200 --> 00:00:00,900\nA\n\n2\n00:00:xx,0 --> 00:00:02,0\nB\n"
    )
    (folder / "far.srt").write_text("1\n09:00:00,200 --> 09:00:00,900\nBonjour\n")
    (folder / "file").write_text("")
    return folder


def span(start: int, frames: int) -> Any:
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(start, RATE), time(frames, RATE))


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(place: Path, stand_ins: Path) -> Run:
    environment = {**os.environ, "W2L_STUDIO_WEIGHTS": str(stand_ins), "OMP_NUM_THREADS": "1"}

    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "w2l_studio", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=place, env=environment, check=False
        )

    return start


WRONG = [
    ("dub none.otio --stem fr.wav", 3, "(No such file or directory). Check the path of the edit."),
    ("dub broken.otio --stem fr.wav", 3, "Export it again."),
    ("dub list.otio --stem fr.wav", 3, "list.otio: holds no timeline"),
    ("dub fr.wav --stem fr.wav", 3, "is not an edit that can be read"),
    ("dub . --stem fr.wav", 3, ".: is not an edit that can be read. Give an .otio"),
    ("dub marked.otio --stem none.wav", 3, "none.wav: the file does not exist"),
    ("dub marked.otio --stem text.wav", 3, "text.wav: this is no media file"),
    ("dub marked.otio --stem wall.mov", 3, "the file holds no sound"),
    ("dub marked.otio --stem fr.wav --cues none.srt", 3, "Check the path of --cues."),
    (
        "dub bare.otio --stem fr.wav --cues late.srt",
        3,
        "late.srt: line 6 tells times that cannot be read: 00:00:xx",
    ),
    ("dub bare.otio --stem fr.wav", 2, "nothing is marked. Name a marker"),
    ("dub marked.otio --stem ANNA=", 2, "names no file"),
    ("dub marked.otio --stem fr.wav --stem fr.wav", 2, "two stems for everybody"),
    ("dub marked.otio --stem fr.wav --handles -1", 2, "--handles must be between 0"),
    ("dub marked.otio --stem fr.wav --lang ../fr", 2, "--lang must be a language tag"),
    ("dub marked.otio --stem fr.wav --media-root x", 2, "--media-root wants OLD=NEW"),
    ("dub marked.otio --stem fr.wav --weights nobody", 5, "there are no generator weights 'nobody'"),
    ("dub marked.otio --stem fr.wav --weights stand-in --detector yunet", 5, "no weights 'yunet'"),
    ("inspect marked.otio --stem fr.wav --detector yunet", 5, "no weights 'yunet'"),
    ("inspect marked.otio --stem fr.wav --detector stand-in", 5, "stand-in finds no faces: generator"),
    ("dub marked.otio --stem fr.wav --weights stand-in --out file/out", 1, "Give another folder with --out."),
    (
        f"dub marked.otio --stem fr.wav --weights stand-in --out {'x' * 300}",
        1,
        "cannot be written (File name too long). Give another folder with --out.",
    ),
    ("lips fr.wav --csv fr.wav", 2, "--csv fr.wav is the file of STEM too. Give another path."),
    ("lips fr.wav --csv ./x/../a --gltf a", 2, "--gltf a is the file of --csv too. Give another path."),
    ("lips fr.wav --csv .", 2, "--csv . is a folder. Name a file in it."),
    (f"lips fr.wav --gltf {'x' * 300}", 1, "cannot be written (File name too long). Give another path."),
    ("dub marked.otio --stem .", 3, "a folder, not a media file. Give the file in it."),
    ("weights show nobody", 5, "there are no weights 'nobody'"),
    ("weights add nobody", 5, "nobody"),
]


@pytest.mark.parametrize(("command", "code", "words"), WRONG, ids=lambda value: str(value)[:60])
def test_what_goes_wrong_is_one_sentence(command: str, code: int, words: str, run: Run, place: Path) -> None:
    before = sorted(place.rglob("*"))
    done = run(*command.split())
    assert (done.returncode, done.stdout) == (code, "")
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("w2l-studio: ")
    assert words in lines[0]
    assert sorted(place.rglob("*")) == before


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    return tmp_path / "out"


def dub(run: Run, edit: str, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run(
        "dub", edit, "--stem", "fr.wav", "--weights", "stand-in", "--out", str(out), "--handles", "0", *more
    )


def marks(out: Path) -> list[str]:
    ranges = json.loads((out / "report.json").read_text(encoding="utf-8"))["ranges"]
    return [f"{entry['mark']} {entry['passed'][0]['code']}" for entry in ranges]


def test_json_lines_are_events_and_nothing_else(run: Run, out: Path) -> None:
    done = dub(run, "marked.otio", out, "--json", "--strict")
    assert (done.returncode, done.stderr) == (4, "")
    lines = done.stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["seq"] for event in events] == list(range(1, len(lines) + 1))
    kinds = [event["kind"] for event in events]
    assert (kinds[0], kinds[-1]) == ("PlanReady", "JobFinished")
    assert kinds.count("PassedThrough") == 2
    steps = [event["done"] for event in events if event["kind"] == "Advanced"]
    assert steps == sorted(steps)
    assert marks(out) == ["0.0#0 no-face", "0.1#0 no-face"]


def test_people_read_what_passed_through_and_where_the_result_is(run: Run, out: Path) -> None:
    done = dub(run, "marked.otio", out)
    assert (done.returncode, done.stdout) == (0, "")
    assert "00:00:00:20 20 frames stay (no-face)" in done.stderr
    assert str(out / "marked.fr.otio") in done.stderr
    assert "fr.wav begins at 00:00:00:00 (timeline-start)" in done.stderr


@pytest.mark.parametrize(
    ("edit", "option", "found"),
    [
        ("coloured.otio", ("--marker-color", "pink"), ["0.0#0 no-face", "0.1#0 no-face"]),
        ("bare.otio", ("--cues", "lines.srt"), ["cue-1 no-face", "cue-1 no-face"]),
        ("bare.otio", ("--all",), ["all-0.0 no-face", "all-0.1 no-face"]),
    ],
)
def test_colours_cues_and_all_mark_too(
    edit: str, option: tuple[str, ...], found: list[str], run: Run, out: Path
) -> None:
    assert dub(run, edit, out, *option).returncode == 0
    assert marks(out) == found


def test_bundles_are_read(run: Run, out: Path, place: Path, tmp_path: Path) -> None:
    timeline = otio.adapters.read_from_file(str(place / "marked.otio"))
    for name in ("b.otioz", "b.otiod"):
        otio.adapters.write_to_file(timeline, str(tmp_path / name))
        done = dub(run, str(tmp_path / name), out)
        assert done.returncode == 0, done.stderr
        assert marks(out) == ["0.0#0 no-face", "0.1#0 no-face"]
        after = otio.adapters.read_from_file(str(out / "b.fr.otio"))
        assert after.duration() == timeline.duration()
        for clip in after.video_tracks()[0].find_clips():
            assert (out / clip.media_reference.target_url).resolve().exists()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=lambda sent: sent.name)
def test_an_interrupt_is_130_and_says_so(
    sent: signal.Signals, place: Path, stand_ins: Path, out: Path
) -> None:
    command = [sys.executable, "-m", "w2l_studio", "dub", "marked.otio", "--stem", "fr.wav", "--json"]
    command += ["--weights", "stand-in", "--out", str(out)]
    environment = {**os.environ, "W2L_STUDIO_WEIGHTS": str(stand_ins), "OMP_NUM_THREADS": "1"}

    def heard() -> None:
        """Take SIGINT again, which shells make their background jobs deaf to."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=place,
        env=environment,
        preexec_fn=heard,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if '"Advanced"' in line and not any('"Advanced"' in one for one in lines[:-1]):
                process.send_signal(sent)
        said = process.stderr.read()
    assert process.returncode == 130
    assert json.loads(lines[-1])["kind"] == "JobCancelled"
    assert said.strip() == "w2l-studio: interrupted. Finished takes are kept; run again to go on."
    assert not out.exists()


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["lines", "json"])
def test_a_stop_file_that_is_there_stops_before_anything_is_read(
    form: tuple[str, ...], run: Run, out: Path
) -> None:
    done = dub(run, "none.otio", out, "--stop-file", "file", *form)
    assert done.returncode == 130
    assert done.stderr.strip() == "w2l-studio: interrupted"
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()] == ["JobCancelled"] * len(form)
    assert not out.exists()


@pytest.mark.parametrize("as_json", [True, False])
def test_a_stop_file_is_looked_at_when_the_plan_is_ready_even_if_nothing_is_to_be_done(
    as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = tmp_path / "stop"

    def job() -> None:
        with progress.sink(as_json=as_json, stop_file=stop) as emit:
            stop.touch()
            emit(PlanReady(0, 0, 2))

    with pytest.raises(KeyboardInterrupt):
        job()
    kinds = [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()]
    assert kinds == (["JobCancelled"] if as_json else [])


def test_inspect_shows_every_range_and_renders_nothing(run: Run, place: Path) -> None:
    before = sorted(place.rglob("*"))
    done = run("inspect", "marked.otio", "--stem", "fr.wav")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("no-face") == 2
    told = run("inspect", "marked.otio", "--stem", "fr.wav", "--json", "--no-faces")
    found = json.loads(told.stdout)
    rows = found["ranges"]
    assert [(row["timecode"], row["frames"]) for row in rows] == [("00:00:00:00", 20), ("00:00:00:20", 20)]
    assert sorted(place.rglob("*")) == before
    page = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text("utf-8")
    assert all(f"`{name}`" in page for name in (*found, *rows[0], *found["stems"][0]))


def test_inspect_warns_of_what_dub_would_warn_of(run: Run, place: Path) -> None:
    asked = ("inspect", "marked.otio", "--stem", "fr.wav", "--marker-color", "pink", "--no-faces")
    done = run(*asked)
    assert "fr.wav begins at 00:00:00:00" in done.stdout
    assert "--marker-color pink adds no mark; check how the edit names the colours" in done.stdout
    warnings = json.loads(run(*asked, "--json").stdout)["warnings"]
    assert {"stem-placed", "option-unused"} <= {warning["code"] for warning in warnings}
    assert all(warning.keys() == {"code", "message", "hint"} for warning in warnings)


def test_names_are_no_markup_and_an_odd_width_is_told(
    run: Run, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "odd.mkv"
    with av.open(str(odd), "w") as film:
        stream = film.add_stream("ffv1", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 97, 64, "yuv444p"
        for n in range(20):
            picture = av.VideoFrame(97, 64, "yuv444p")
            picture.pts = n
            film.mux(stream.encode(picture))
        film.mux(stream.encode(None))
    timeline = schema.Timeline("named")
    timeline.tracks.append(schema.Track("V1", kind="Video"))
    media = (place / "wall.mov", place / "wall.mov", odd)
    for name, file in zip(("Anna [final]", "cam [/b] :smile:", "odd"), media, strict=True):
        clip = schema.Clip(name, schema.ExternalReference(str(file)), span(0, 20))
        clip.markers.append(schema.Marker("w2l", span(0, 0)))
        timeline.tracks[0].append(clip)
    otio.adapters.write_to_file(timeline, str(tmp_path / "named.otio"))
    done = run("inspect", str(tmp_path / "named.otio"), "--stem", "fr.wav", "--no-faces")
    assert done.returncode == 0, done.stderr
    for words in ("Anna [final]", "cam [/b] :smile:", "plate-unsupported", "odd width (97 pixels)"):
        assert words in done.stdout
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.sink(as_json=False) as emit:
        emit(SegmentStarted("s", "cam [/b]", "00:00:00:00", 20))
        emit(Advanced("s", "faces", 1, 80))


def test_the_demo_shows_what_the_job_says_that_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []

    def dubbed(edit: Path, stems: list[str], out: Path, config: Any, emit: Callable[..., None]) -> int:
        emit(JobFinished(str(tmp_path / "made.otio"), str(tmp_path / "made.json"), 1, 0, 0))
        return 0

    def drawn(report: Path, path: Path) -> Path:
        shown.append(report)
        return path

    monkeypatch.setattr("w2l_studio.dub.run.dub", dubbed)
    monkeypatch.setattr("w2l_studio.dub.sheet.write", drawn)
    done = CliRunner().invoke(demo.command, ["--out", str(tmp_path / "out")], standalone_mode=False)
    assert (done.exception, done.return_value, shown) == (None, 0, [tmp_path / "made.json"])
    assert f"dubbed edit:        {tmp_path / 'made.otio'}" in done.output


def test_weights_are_listed_and_shown(run: Run) -> None:
    listed = json.loads(run("weights", "list", "--json").stdout)
    assert {"stand-in", "stand-in-expert", "stand-in-opening"} <= {entry["name"] for entry in listed}
    shown = json.loads(run("weights", "show", "stand-in").stdout)
    assert (shown["kind"], len(shown["sha256"])) == ("generator", 64)


def test_a_cue_beyond_the_timeline_is_told_and_counts_as_passed_through(run: Run, out: Path) -> None:
    done = dub(run, "bare.otio", out, "--cues", "far.srt", "--strict")
    assert done.returncode == 4
    assert "(no-clip): the mark lies outside of the timeline; check from which time it counts" in done.stderr
