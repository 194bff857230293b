"""Lays pictures of both ways side by side: above the keyed rig, below the lips drawn as pixels.

    python -m examples.talking_head.sheet talking_head.out SHEET.jpg

Each column is the middle of a phone that is truly there (phones.json), whatever the engine heard.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from examples.talking_head import story
from w2l_studio.terms import ImageSequence, sequence_of

Pixels = npt.NDArray[np.uint8]
_WIDTH_PX, _LINE_PX, _QUALITY = 180, 26, 88


def ways(folder: Path) -> tuple[ImageSequence, ImageSequence]:
    """Return the pictures that both ways left, numbered like the scene's frames."""
    report = folder / "anna.w2l" / "Scene" / "render" / "report.json"
    (told,) = json.loads(report.read_text(encoding="utf-8"))["ranges"]
    take = sequence_of(Path(told["take"]))
    assert take is not None
    return ImageSequence(folder / "rig", "lips_", story.FIRST, story.LAST, 4, ".png"), take


def lower_face(picture: Pixels) -> Pixels:
    """Return nose to chin: lips are what is compared."""
    side = picture.shape[0]
    cut = picture[side * 4 // 10 : side * 8 // 10, side * 3 // 10 : side * 7 // 10]
    return cv2.resize(cut, (_WIDTH_PX, _WIDTH_PX), interpolation=cv2.INTER_AREA)


def label(text: str) -> Pixels:
    """Return a line of text."""
    line = np.full((_LINE_PX, _WIDTH_PX, 3), 32, np.uint8)
    return cv2.putText(line, text, (8, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (235, 235, 235), 1, cv2.LINE_AA)


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="Where shot.py wrote.")
    parser.add_argument("sheet", type=Path)
    asked = parser.parse_args()
    rows = [[label(f"{name}  {frame}") for name, frame in story.phones()]]
    for way in ways(asked.folder):
        paths = [way.file(frame - way.first) for _, frame in story.phones()]
        rows.append([lower_face(cv2.imread(str(path))) for path in paths])
    asked.sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet = np.vstack([np.hstack(row) for row in rows])
    cv2.imwrite(str(asked.sheet), sheet, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    print(asked.sheet)


if __name__ == "__main__":
    main()
