"""Lays pictures of both ways side by side: above the keyed rig, below the lips drawn as pixels.

    python -m examples.talking_head.sheet talking_head.out SHEET.jpg

Shows closures and the widest openings between them, as the engine tells them.
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from examples.talking_head.story import FIRST, LAST, RATE, STEM
from w2l_studio.config import LipsConfig
from w2l_studio.dub import lips
from w2l_studio.terms import Bools, Floats

_COUNT, _WIDTH_PX, _QUALITY = 8, 220, 88
#: Where both ways leave their pictures.
_WAYS = ("rig/lips_{:04d}.png", "anna.w2l/Scene/render/frames/lips_{:04d}.png")


def chosen(opening: Floats, closure: Bools) -> list[int]:
    """Return frames that tell most, in order: turns of the opening, the largest swings first."""
    shown = np.where(closure, -0.1, opening)
    turns = [0, *(np.flatnonzero(np.diff(np.sign(np.diff(shown))) != 0) + 1).tolist(), len(shown) - 1]
    while len(turns) > _COUNT:
        swings = np.abs(np.diff(shown[turns]))
        weakest = int(np.argmin(swings))
        turns.pop(max(1, weakest))
    return turns


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="Where shot.py wrote.")
    parser.add_argument("sheet", type=Path)
    asked = parser.parse_args()
    moved = lips.follow(STEM, LipsConfig(rate=Fraction(RATE)))
    # Frame 1 of the scene shows the stem's first frame, which is number 0 here.
    seen = slice(FIRST - 1, LAST)
    frames = [FIRST + i for i in chosen(moved.opening[seen], moved.closure[seen])]
    rows = []
    for way in _WAYS:
        pictures = [cv2.imread(str(asked.folder / way.format(frame))) for frame in frames]
        side = pictures[0].shape[0]
        # From the brows to below the chin: the lips are what is compared.
        faces = [picture[side * 3 // 10 : side * 8 // 10, side // 4 : side * 3 // 4] for picture in pictures]
        rows.append(
            np.hstack(
                [cv2.resize(face, (_WIDTH_PX, _WIDTH_PX), interpolation=cv2.INTER_AREA) for face in faces]
            )
        )
    asked.sheet.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(asked.sheet), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    print(f"{asked.sheet}: frames {frames}")


if __name__ == "__main__":
    main()
