"""The page of a report: what is urgent stands first, nothing is fetched or run, and no name breaks it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from w2l_studio.dub import findings, page, strips
from w2l_studio.errors import OutputError
from w2l_studio.media.probe import probe
from w2l_studio.terms import Plate

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices" / "media"
FINE: dict[str, Any] = {
    "mark": "0.0#0", "character": "ANNA", "clip": "1A", "segment": "0.0-0", "record_start": 0,
    "timecode": "01:00:00:00", "media": None, "media_start": 0, "take": "/out/media/a b.mov", "take_start": 0,
    "frames": 50, "synced": 50, "passed": [], "detector": "w2l-faces", "speaker_by": ["only-face"],
    "face_px": 200, "lead_ms": -75.0, "shots": 1, "warning": None, "offset_frames": 0, "sync_confidence": 0.1,
    "sync_distance": 0.4, "judge": "w2l-expert", "log": None,
}  # fmt: skip
STAYS = {"frames": 50, "code": "no-face", "message": "no face in these frames", "hint": "look at the plate"}
NOTHING = {"synced": 0, "take": None, "offset_frames": None, "sync_confidence": None, "judge": None}


def entry(**changed: Any) -> dict[str, Any]:
    return {**FINE, **changed}


@pytest.mark.parametrize(
    ("changed", "word", "said"),
    [
        ({}, "dubbed", None),
        ({"offset_frames": 1}, "worth a look", "leads the lips by 1 picture of 25 a second (40 ms)"),
        ({"offset_frames": -3}, "out of sync", "is behind the lips by 3 pictures of 25 a second (120 ms)"),
        ({"offset_frames": 9, "sync_confidence": 0.01}, "worth a look", "cannot tell"),
        ({"offset_frames": None, "judge": None}, "worth a look", "not compared"),
        ({"warning": "the face is large"}, "worth a look", "The face is large."),
        ({"speaker_by": ["only-face", "lips-follow-sound"]}, "worth a look", "right face"),
        ({"synced": 20, "passed": [{**STAYS, "frames": 30}]}, "dubbed in part", "30 frames stay"),
        ({**NOTHING, "passed": [STAYS]}, "not dubbed", "To do: look at the plate."),
        ({**NOTHING, "passed": [{**STAYS, "code": "skipped"}]}, "left as asked", "skipped"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_range(changed: dict[str, Any], word: str, said: str | None) -> None:
    finding = findings.of(entry(**changed))
    assert finding.word == word
    assert bool(finding.reasons) == (said is not None)
    assert said is None or said in finding.reasons[0]


def report(path: Path, entries: list[dict[str, Any]]) -> Path:
    value = {
        "v": 1, "engine": "0.1.0", "edit": "/edits/<b>é & co.otio", "edit_sha256": None, "lang": "fr",
        "synthetic": True, "detector": "w2l-faces", "weights": {"generator": "a" * 64, "expert": "b" * 64},
        "stems": [{"file": "fr.wav", "sha256": "c", "character": None, "placed_by": "edit",
                   "first_sample_s": 1}],
        "settings": {"faces": {"detector": "w2l-faces", "points": "points"},
                     "mouths": {"weights": "w2l-192", "expert": "expert", "opening": "opening"}},
        "ranges": entries, "frames": {"synced": 50, "passed": 50},
    }  # fmt: skip
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


class Reader(HTMLParser):
    """Keeps tags that are open, and everything that a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img"):
            self.open.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "srcset", "data", "action")]
        self.fetched += [name for name, _ in attrs if name.startswith("on")]
        if tag in ("script", "link", "iframe", "object", "base"):
            self.fetched.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_worst_stands_first_and_the_page_is_whole(tmp_path: Path) -> None:
    entries = [
        entry(mark="fine", timecode="01:00:00:00"),
        entry(mark="late", timecode="01:00:02:00", offset_frames=-4, clip='"><script>alert(1)</script>'),
        entry(mark="gone", timecode="01:00:04:00", **NOTHING, passed=[STAYS], media="/no/such.mov"),
    ]
    written = page.write(report(tmp_path / "report.json", entries), tmp_path / "report.html")
    text = written.read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert all(what.startswith("data:image/jpeg;base64,") for what in reader.fetched)
    assert not re.search(r"""(href|src)=["']?(https?:)?//""", text)
    assert "url(" not in text
    assert "@import" not in text
    order = re.findall(r"<section.*?<h2>(\S+)", text, re.DOTALL)
    assert order == ["01:00:04:00", "01:00:02:00", "01:00:00:00"]
    assert re.findall(r'<a href="#range-(\d)">', text) == ["0", "1"]
    for said in (
        "Synthetic:",
        "<b>é & co.otio",
        '"><script>alert(1)</script>',
        "No pictures:",
        "w2l-192 (aaaa",
    ):
        assert said in reader.text
    assert "a%20b.mov" in text
    assert not list(tmp_path.glob("*.part"))


def test_a_clip_without_a_name_is_told_by_its_media(tmp_path: Path) -> None:
    """Only a mark that lies over no picture has no clip."""
    entries = [
        entry(clip="", media="/media/A001.mov", media_start=None, offset_frames=-4),
        entry(clip="", media_start=None),
        entry(clip=None, media_start=None, **NOTHING, passed=[STAYS]),
    ]
    text = page.write(report(tmp_path / "r.json", entries), tmp_path / "r.html").read_text(encoding="utf-8")
    titles = re.findall(r"<h2>01:00:00:00 (.*?) · ANNA</h2>", text)
    assert titles == ["no clip", "A001.mov", "clip without a name"]
    assert re.findall(r'#range-.">01:00:00:00 (.*?)</a>', text) == titles[:2]


def test_a_plate_of_many_ranges_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That may mean to read every packet of it: minutes for each range of an episode in one file."""
    plate = EXAMPLE / "D001C001.mov"
    looked: list[Path] = []

    def counted(path: Path) -> Plate:
        looked.append(path)
        return probe(path)

    for room in (page, strips):
        monkeypatch.setattr(room, "probe", counted, raising=False)
    entries = [entry(media=str(plate), media_start=n, frames=2, **NOTHING, passed=[STAYS]) for n in (0, 2, 4)]
    text = page.write(report(tmp_path / "r.json", entries), tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.count("<img ") == 6
    assert looked == [plate]


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    source = report(tmp_path / "report.json", [FINE])
    with pytest.raises(OutputError, match="nowhere"):
        page.write(source, tmp_path / "nowhere" / "report.html")
