"""The report as one page for who checks a dub: worst first, with pictures, complete in one HTML file.

Made from report.json and the media that it names. The page runs no script and asks no network for anything.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import cv2

from w2l_studio import atomic
from w2l_studio.dub import findings, strips
from w2l_studio.dub.findings import Finding
from w2l_studio.errors import SourceError
from w2l_studio.media.probe import probe
from w2l_studio.terms import FramesBGR, Plate, sequence_of

#: Looks at a media file.
_Probe: TypeAlias = Callable[[Path], Plate]
#: Moments within a range; one before and one after it stand beside them where the take has them.
_INSIDE = 6
_TILE_PX, _WHOLE_PX = 132, 176
_QUALITY = 72
#: So many ranges are named at the top.
_FIRST = 5
#: What the browser is allowed: the pictures and the style that stand in the page.
_ALLOWED = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_FACTS = (
    ("Face", lambda e: f"{e['face_px']} px high" if e["face_px"] else None),
    ("Found by", lambda e: e["detector"]),
    ("Speaker chosen by", lambda e: ", ".join(sorted(set(e["speaker_by"]))) or None),
    ("Shots", lambda e: e["shots"]),
    ("Audio lead", lambda e: None if e["lead_ms"] is None else f"{e['lead_ms']:g} ms"),
    ("Offset", findings.offset),
    ("Judge", lambda e: e["judge"]),
    ("Its distance", lambda e: e["sync_distance"]),
    ("Its confidence", lambda e: e["sync_confidence"]),
    ("Plate", lambda e: e["media"]),
)


def write(report: Path, path: Path) -> Path:
    """Write the page of a report.

    Args:
        report: report.json of the job.
        path: the page, in the folder that its links start from.

    Raises:
        OutputError: it cannot be written.
    """
    value = json.loads(report.read_text(encoding="utf-8"))
    found = [(entry, findings.of(entry)) for entry in value["ranges"]]
    found.sort(key=lambda one: -one[1].urgency)
    atomic.write_text(path, _page(value, found, path.parent))
    return path


def _page(value: dict[str, Any], found: Sequence[tuple[dict[str, Any], Finding]], folder: Path) -> str:
    style = resources.files("w2l_studio.dub").joinpath("page.css").read_text(encoding="utf-8")
    name = escape(Path(value["edit"]).name)
    # Each file is looked at once: of a whole episode in one H.264 file every packet is read for it.
    look: _Probe = cache(probe)
    body = "\n".join(
        [
            f"<header><h1>{name} <small>{escape(value['lang'])}</small></h1>",
            '<p class="synthetic"><strong>Synthetic:</strong> a network made the lips in these takes; '
            "media, edit and this report say so.</p>",
            f"<p>{_totals(value, found)}</p>{_first(found)}</header>",
            *(_range(number, *one, _generator(value), folder, look) for number, one in enumerate(found)),
            _job(value),
        ]
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_ALLOWED}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Dub report: {name}</title><style>\n{style}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _totals(value: dict[str, Any], found: Sequence[tuple[dict[str, Any], Finding]]) -> str:
    words = [finding.word for _, finding in found]
    counted = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    frames = value["frames"]
    return (
        f"{len(found)} marked ranges ({escape(counted) or 'none'}); "
        f"{frames['synced']} frames have new lips, {frames['passed']} stay as they were."
    )


def _first(found: Sequence[tuple[dict[str, Any], Finding]]) -> str:
    """Name the ranges that want to be looked at first."""
    urgent = [(n, *one) for n, one in enumerate(found) if one[1].urgency > 1][:_FIRST]
    if not urgent:
        return "<p>Nothing asks to be looked at first.</p>"
    lines = [
        f'<li><a href="#range-{n}">{escape(entry["timecode"])} {escape(_clip(entry))}</a>: '
        f"{escape(finding.word)}. {escape(finding.reasons[0])}</li>"
        for n, entry, finding in urgent
    ]
    return f"<h2>Look at these first</h2><ol>{''.join(lines)}</ol>"


def _generator(value: dict[str, Any]) -> str:
    """Name the weights that drew the lips."""
    return f"{value['settings']['mouths']['weights']} ({value['weights']['generator'][:12]})"


def _range(
    number: int, entry: dict[str, Any], finding: Finding, generator: str, folder: Path, look: _Probe
) -> str:
    who = f" · {escape(entry['character'])}" if entry["character"] else ""
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in finding.reasons)
    told = [("Weights", generator), *((label, read(entry)) for label, read in _FACTS)]
    facts = "".join(
        f"<div><dt>{label}</dt><dd>{escape(str(fact))}</dd></div>" for label, fact in told if fact is not None
    )
    return (
        f'<section id="range-{number}" class="urgency-{finding.urgency}">'
        f"<h2>{escape(entry['timecode'])} {escape(_clip(entry))}{who}</h2>"
        f'<p><span class="status">{escape(finding.word)}</span> '
        f"{entry['synced']} of {entry['frames']} frames have new lips. {_take(entry, folder)}</p>"
        f"{f'<ul>{reasons}</ul>' if reasons else ''}{_strip(entry, look)}<dl>{facts}</dl></section>"
    )


def _clip(entry: dict[str, Any]) -> str:
    """Name a range's clip; converters leave names out, then its media file tells which it is."""
    if entry["clip"] is None:
        return "no clip"
    return entry["clip"] or (Path(entry["media"]).name if entry["media"] else "clip without a name")


def _take(entry: dict[str, Any], folder: Path) -> str:
    if entry["take"] is None:
        return "The plate stays."
    take = Path(entry["take"])
    sequence = sequence_of(take)
    # No file is called as an image sequence is: its folder opens.
    opens, named = (_link(path, folder) for path in (sequence.folder if sequence else take, take))
    return f'Take: <a href="{quote(opens)}">{escape(named)}</a>'


def _link(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _strip(entry: dict[str, Any], look: _Probe) -> str:
    """Return the pictures of a range: plate above take, or the plate alone; a word where there are none."""
    if entry["media"] is None or entry["media_start"] is None:
        return ""
    try:
        log = entry["log"] or ""
        plate = look(Path(entry["media"])).in_log(log)
        if entry["take"] is None:
            moments = _moments(entry, 0, None)
            rows = {"plate": strips.whole(plate, moments, _WHOLE_PX)}
        else:
            take, start = look(Path(entry["take"])).in_log(log), entry["take_start"]
            moments = _moments(entry, start, start + take.frames)
            tiles = strips.pair(plate, take, start, moments, _TILE_PX)
            rows = dict(zip(("plate", "take"), tiles, strict=True))
    except SourceError as error:
        return f"<p>No pictures: {escape(error.message)}.</p>"
    heads = "".join(f"<th>{_place(entry, n)}</th>" for n in moments)
    body = "".join(f"<tr><th>{name}</th>{_tiles(tiles, name)}</tr>" for name, tiles in rows.items())
    return f'<div class="strip"><table><tr><td></td>{heads}</tr>{body}</table></div>'


def _moments(entry: dict[str, Any], start: int, stop: int | None) -> list[int]:
    """Return frames of the plate: spread over the range, and one on each side where the take goes further.

    Args:
        start, stop: what the take covers; without a take (None) nothing outside the range is shown.
    """
    first, count = entry["media_start"], entry["frames"]
    inside = sorted(set(strips.spread(first, count, _INSIDE)))
    if stop is None:
        return inside
    before = [first - 1] if first > start else []
    after = [first + count] if first + count < stop else []
    return [*before, *inside, *after]


def _place(entry: dict[str, Any], moment: int) -> str:
    """Name a picture by its place in the range."""
    place = moment - entry["media_start"]
    if place < 0:
        return "before"
    return "after" if place >= entry["frames"] else f"{place + 1}"


def _tiles(tiles: FramesBGR, name: str) -> str:
    return "".join(f'<td><img alt="{name}" src="{_data(tile)}"></td>' for tile in tiles)


def _data(picture: FramesBGR) -> str:
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(coded.tobytes()).decode()}"


def _job(value: dict[str, Any]) -> str:
    """Tell what the job worked with."""
    stems = "".join(
        f"<tr><th>stem</th><td>{escape(stem['file'])}</td><td>{escape(stem['character'] or 'everybody')}, "
        f"placed by {escape(stem['placed_by'])}, begins at {stem['first_sample_s']:.3f} s</td></tr>"
        for stem in value["stems"]
    )
    faces, mouths = value["settings"]["faces"], value["settings"]["mouths"]
    names = {**mouths, **faces, "generator": mouths["weights"]}
    weights = "".join(
        f"<tr><th>{escape(kind)}</th><td>{escape(names.get(kind, kind))}</td>"
        f"<td><code>{escape(sha256)}</code></td></tr>"
        for kind, sha256 in value["weights"].items()
    )
    settings = escape(json.dumps(value["settings"], indent=2, ensure_ascii=False))
    return (
        f"<footer><h2>The job</h2><table><tr><th>edit</th><td>{escape(value['edit'])}</td>"
        f"<td><code>{escape(value['edit_sha256'] or '')}</code></td></tr>{stems}{weights}"
        f"<tr><th>engine</th><td>W2L Studio {escape(value['engine'])}</td><td></td></tr></table>"
        f"<details><summary>Settings</summary><pre>{settings}</pre></details></footer>"
    )
