"""What the lips truly do in the example's English sound: its phones are known. Run by the engine's Python.

Prints JSON: ``opening``, a number a frame at 24 a second, as the phones animate it; ``closures``, begin and
end in seconds of every p, b and m.
"""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np

from training.speech import lessons
from w2l_studio.mouths import lips

PHONES = Path(__file__).resolve().parents[2] / "examples" / "two_voices" / "phones.json"
RATE, FRAMES = 24, 660


def rested(phones):
    """Yield phones with rests between them."""
    at = 0.0
    for name, start, stop in phones:
        if start > at:
            yield "SIL", at, start
        yield name, start, stop
        at = stop
    yield "SIL", at, FRAMES / RATE + 1


said = sorted(
    (p for line in json.loads(PHONES.read_text("utf-8")).values() for p in line), key=lambda phone: phone[1]
)
units, _ = lessons.animated(list(rested(said)), (np.arange(FRAMES) + 0.5) / RATE)
opening = lips.measured(Fraction(RATE), units, np.zeros(FRAMES, bool), np.ones(FRAMES, np.float32)).opening
closures = [(start, stop) for name, start, stop in said if name in ("P", "B", "M")]
print(json.dumps({"opening": opening.tolist(), "closures": closures}))  # noqa: T201
