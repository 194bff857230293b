"""Draws a timeline as the tests' stand-in for Resolve holds it after *collect results*; not Resolve's own.

    python -m examples.hosts.resolve_timeline OUT SHEET.jpg

The example's cut with marks on four shots: the real plugin is clicked through, the real engine dubs, and what
is drawn is what the stand-in was told: items, takes, tracks, markers. OUT becomes the user's home.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from w2l_studio import plugins

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "davinci"))

import fake_resolve  # noqa: E402

Pixels = npt.NDArray[np.uint8]
_EXAMPLE = ROOT / "examples" / "two_voices"
_START, _RATE = 86400, 24
#: Shot, take, its first frame in the edit, how long, the take's frame there, who is marked.
_CUT = (
    ("A001C001", 0, 84, 16, "w2l ANNA"),
    ("B001C001", 84, 78, 16, ""),
    ("A001C001", 162, 120, 178, ""),
    ("B001C001", 282, 72, 214, "w2l BEN"),
    ("C001C001", 354, 138, 16, ""),
    ("D001C001", 492, 60, 16, "w2l BEN"),
)
#: On a second track, which is locked: it can carry no take.
_LOCKED = ("A001C002", 552, 108, 16, "w2l ANNA")
_COLOURS = {"": (112, 96, 84), "Teal": (128, 122, 30)}
_MARKS = {"Green": (80, 190, 90), "Yellow": (60, 205, 235), "Blue": (220, 150, 70)}
_INK, _PAPER, _ROW = (235, 235, 235), (34, 32, 30), (50, 47, 44)
_LEFT, _SCALE, _HIGH = 130, 2.2, 76


def timeline(resolve: Any) -> Any:
    """Return the example's cut in a stand-in."""
    made = resolve.project.add("two voices", str(_RATE), _START)
    made.tracks["video"].append(["Video 2", []])
    made.locked.add(("video", 2))
    for track, cut in [*((0, cut) for cut in _CUT), (1, _LOCKED)]:
        name, at, length, left, mark = cut
        media = fake_resolve.FakeMedia(_EXAMPLE / "media" / f"{name}.mov", resolve.project.rate)
        item = fake_resolve.FakeItem(made, media, _START + at, left, length)
        if mark:
            item.AddMarker(left, "Red", mark, "", 1, "")
        made.tracks["video"][track][1].append(item)
    made.AddMarker(6, "Blue", "ask the director", "", 1, "")
    return made


def click(fusion: Path, entry: str, resolve: Any, user: Any) -> None:
    """Run a menu script as Resolve does."""
    path = fusion / "Scripts" / "Edit" / f"W2L - {entry}.py"
    ui = fake_resolve.FakeUi(user)
    scope = {"resolve": resolve, "fusion": ui, "bmd": ui, "__builtins__": __builtins__}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), scope)


def start(window: Any) -> None:
    """Fill the window in."""
    items = window.GetItems()
    if "lang" in items:
        items["lang"].Text, items["handles"].Text = "fr", "2"
        for who in ("ANNA", "BEN"):
            items[f"stem {who}"].Text = str(_EXAMPLE / "stems" / f"{who}.fr.wav")
        window.press("Start")
    else:
        window.press("OK")


def dubbed(home: Path) -> Any:
    """Return the stand-in's timeline after the plugin has started the engine, waited and collected."""
    os.environ["HOME"], os.environ["XDG_CONFIG_HOME"] = str(home), str(home / "settings")
    fusion = home / "Fusion"
    plugins.install_resolve(fusion)
    resolve = fake_resolve.FakeResolve(rate=Fraction(_RATE))
    made = timeline(resolve)
    click(fusion, "lip-sync marked clips", resolve, start)
    from w2l_resolve import bridge

    (record,) = (home / "W2L Studio").rglob("job.json")
    job = bridge.Job(record.parent)
    while job.running():
        time.sleep(1)
    print(job.result()["synced"], "frames dubbed")
    click(fusion, "collect results", resolve, lambda window: window.press("OK"))
    return made


def write(sheet: Pixels, text: str, at: tuple[int, int], size: float = 0.42, ink: Any = _INK) -> None:
    """Write a line of text."""
    cv2.putText(sheet, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, ink, 1, cv2.LINE_AA)


def still(path: str, frame: int) -> Pixels:
    """Return a picture of a film, small."""
    with av.open(path) as file:
        for number, picture in enumerate(file.decode(video=0)):
            if number == frame:
                pixels = picture.to_ndarray(format="bgr24")
                high = _HIGH - 36
                return cv2.resize(pixels, (high * 16 // 9, high), interpolation=cv2.INTER_AREA)
    raise IndexError(f"{path} has no frame {frame}")


def draw_item(sheet: Pixels, item: Any, top: int) -> None:
    """Draw a clip: its colour, name, the take that is selected, and a picture of it."""
    x0, x1 = (_LEFT + round((at - _START) * _SCALE) for at in (item.start, item.start + item.length))
    cv2.rectangle(sheet, (x0, top + 2), (x1 - 2, top + _HIGH - 4), _COLOURS[item.color], -1)
    media, first, _ = item.shown
    if media.kind != "Audio":
        picture = still(media.path, first + item.length // 2)
        wide = min(picture.shape[1], x1 - x0 - 6)
        sheet[top + 4 : top + 4 + picture.shape[0], x0 + 2 : x0 + 2 + wide] = picture[:, :wide]
    told = f"take {item.selected} of {len(item.takes)}" if item.takes else ""
    room = sheet[:, : x1 - 2]
    write(room, Path(item.own[0].path).name, (x0 + 4, top + _HIGH - 20), 0.36)
    write(room, told, (x0 + 4, top + _HIGH - 8), 0.36)


def draw(made: Any) -> Pixels:
    """Return the drawing."""
    rows = [(f"V{n}", name, items) for n, (name, items) in enumerate(made.tracks["video"], 1)][::-1]
    rows += [(f"A{n}", name, items) for n, (name, items) in enumerate(made.tracks["audio"], 1)]
    marks = sorted(made.marks.items())
    stop = max(item.start + item.length for _, _, items in rows for item in items)
    wide = _LEFT + round((stop - _START) * _SCALE) + 10
    sheet = np.full((66 + len(rows) * _HIGH + 16 + 20 * len(marks), wide, 3), _PAPER, np.uint8)
    write(
        sheet,
        f"Timeline '{made.name}' as our stand-in holds it: our own drawing, not DaVinci Resolve",
        (10, 20),
    )
    for row, (number, name, items) in enumerate(rows):
        top = 60 + row * _HIGH
        cv2.rectangle(sheet, (_LEFT, top), (wide - 10, top + _HIGH - 3), _ROW, -1)
        locked = number[0] == "V" and made.GetIsTrackLocked("video", int(number[1:]))
        write(sheet, number + (" locked" if locked else ""), (10, top + 32))
        write(sheet, name, (10, top + 50))
        for item in items:
            draw_item(sheet, item, top)
    for line, (frame, mark) in enumerate(marks, 1):
        x, foot = _LEFT + round(frame * _SCALE), 66 + len(rows) * _HIGH + 20 * line
        colour = _MARKS[mark["color"]]
        cv2.fillConvexPoly(sheet, np.array([[x - 6, 36], [x + 6, 36], [x, 54]]), colour)
        write(sheet, str(line), (x - 4, 33), 0.4)
        cv2.circle(sheet, (16, foot - 4), 6, colour, -1)
        said = ": ".join(text for text in (mark["name"], mark["note"]) if text)
        write(sheet, f"{line}  {said}", (30, foot), 0.38)
    return sheet


def main() -> None:
    """Dub and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("sheet", type=Path)
    asked = parser.parse_args()
    asked.home.mkdir(parents=True, exist_ok=True)
    sheet = draw(dubbed(asked.home.resolve()))
    cv2.imwrite(str(asked.sheet), sheet, [cv2.IMWRITE_JPEG_QUALITY, 90])
    print(asked.sheet)


if __name__ == "__main__":
    main()
