"""Lays the pictures of `strips.py` side by side: the Sequencer without the take and with it.

    python -m examples.hosts.strips_sheet OUT SHEET.jpg

Above a whole frame of both; below every sixth frame, nose to chin, not chosen by anything else; at the foot
the strips as they lie in the file, drawn.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
_WAYS = {"before": "without the take", "after": "with the take"}
_FRAMES, _WHOLE = range(24, 72, 6), 36
#: Nose to chin, in parts of the picture: rows, columns.
_MOUTH = (0.43, 0.76), (0.38, 0.5665)
_WIDTH_PX, _LINE_PX, _QUALITY = 180, 26, 85
_INK, _PAPER = (235, 235, 235), 32


def line(text: str, width: int) -> Pixels:
    """Return a line of text."""
    made = np.full((_LINE_PX, width, 3), _PAPER, np.uint8)
    return cv2.putText(made, text, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, cv2.LINE_AA)


def shrunk(picture: Pixels, width: int) -> Pixels:
    """Return a picture in another width."""
    high, wide = picture.shape[:2]
    return cv2.resize(picture, (width, high * width // wide), interpolation=cv2.INTER_AREA)


def mouth(picture: Pixels) -> Pixels:
    """Return nose to chin."""
    high, wide = picture.shape[:2]
    (top, foot), (left, right) = _MOUTH
    return shrunk(
        picture[round(top * high) : round(foot * high), round(left * wide) : round(right * wide)], _WIDTH_PX
    )


def drawn(strips: list[dict[str, Any]], width: int) -> Pixels:
    """Return the strips as bars, a channel a line, the highest above."""
    start, stop = (
        f(s[k] for s in strips if s["type"] == "MOVIE") for f, k in ((min, "start"), (max, "stop"))
    )
    scale = (width - 200) / (stop - start)
    made = []
    for strip in sorted(strips, key=lambda one: -one["channel"]):
        told = f"{strip['name']}, {strip['type'].lower()}{', muted' if strip['muted'] else ''}"
        bar = np.full((_LINE_PX, width, 3), _PAPER, np.uint8)
        x0, x1 = (
            100 + round((min(max(at, start), stop) - start) * scale) for at in (strip["start"], strip["stop"])
        )
        ink = (
            (70, 70, 70) if strip["muted"] else (128, 122, 30) if strip["type"] == "MOVIE" else (120, 80, 60)
        )
        cv2.rectangle(bar, (x0, 2), (x1, _LINE_PX - 3), ink, -1)
        cv2.putText(bar, told, (x0 + 8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA)
        cv2.putText(
            bar, f"channel {strip['channel']}", (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA
        )
        made.append(bar)
    return np.vstack(made)


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="Where strips.py wrote.")
    parser.add_argument("sheet", type=Path)
    asked = parser.parse_args()

    def picture(way: str, frame: int) -> Pixels:
        return cv2.imread(str(asked.folder / way / f"{frame:04d}.png"))

    width = len(_FRAMES) * _WIDTH_PX
    whole = [
        np.vstack([line(f"{told}, frame {_WHOLE}", width // 2), shrunk(picture(way, _WHOLE), width // 2)])
        for way, told in _WAYS.items()
    ]
    rows = [np.hstack(whole), np.hstack([line(f"frame {frame}", _WIDTH_PX) for frame in _FRAMES])]
    rows += [np.hstack([mouth(picture(way, frame)) for frame in _FRAMES]) for way in _WAYS]
    rows += [drawn(json.loads((asked.folder / "strips.json").read_text("utf-8")), width)]
    cv2.imwrite(str(asked.sheet), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    print(asked.sheet)


if __name__ == "__main__":
    main()
