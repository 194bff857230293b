"""How far lips are ahead of the sound: captured people beside phonemes animated with no lead at all.

    python benchmarks/lead.py CAPTURES CLIPS [--most 120] [--landmarks PYTHON --task FILE]

CAPTURES holds what `training/performers/capture.py` makes of the GRID clips in CLIPS, whose names tell what
is said; PocketSphinx finds the phonemes (``training/speech/aligned.py``).
Two measures, both against the animation of these phonemes by `training/performers/speech.py` without lead,
seen at the same pictures, so that what 25 pictures a second blur is blurred in both:

- whole: the shift at which the opening of a clip correlates best, by a parabola;
- lips: when they touch and part for p, b and m.

Beside the second stand the distances to the sound itself, its steepest fall and rise above the voice bar. A
picture shows the middle of its 40 ms. ``--landmarks`` looks at the pictures one by one as well: older
captures followed a film, which makes them late.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks import landmarks
from benchmarks.said import Said, film, read
from training.performers import mesh, motion, speech
from w2l_studio.nets.lips import sided
from w2l_studio.terms import Doubles, Floats
from w2l_studio.terms.sound import FPS, SAMPLE_RATE

_SHUTS = ("P", "B", "M")
#: Shifts that are tried, seconds; steps of the inner curves.
_SHIFTS = np.arange(-0.12, 0.1201, 1 / speech.RATE)
#: Where events are looked for around a phoneme's edges (s), and in what steps sound is weighed (s).
_AROUND_S, _STEP_S = 0.09, 0.005
#: Lips touch and part where the opening crosses this share of what it has beside the closure.
_SHARE = 0.3
#: What opens less beside a closure tells no time.
_LEAST_OPENING = 0.04


@dataclass(frozen=True, slots=True)
class Closure:
    """A closure of the lips, all in seconds; NaN where it cannot be told.

    Args:
        touch: captured lips touch after animated ones do (< 0: before).
        part: the same of parting.
        touch_sound: captured lips touch after the sound falls.
        part_sound: captured lips part after the sound rises.
    """

    touch: float
    part: float
    touch_sound: float
    part_sound: float


def animated(phones: Sequence[speech.Phone], seconds: float) -> Floats:
    """Return how far the neutral head opens its lips without lead, ``float32[S]`` at `speech.RATE`."""
    curves, _ = speech.coarticulate(phones, seconds, speech.Manner(lead_s=0.0), np.ones(len(phones)))
    names = tuple(mesh.load().units)
    units = np.zeros((len(curves), len(names)), np.float32)
    for unit, curve in zip(speech.UNITS, curves.T, strict=True):
        for name in sided(unit):
            units[:, names.index(name)] = curve
    return motion.measured(units, names)[0]


def whole(said: Said) -> tuple[float, float]:
    """Return by how many seconds captured lips come before animated ones, and the correlation there."""
    inner = animated(said.phones, len(said.opening) / FPS)
    return ahead(inner, np.arange(len(inner)) / speech.RATE, said.opening)


def ahead(curve: Floats, at_s: Doubles, opening: Floats) -> tuple[float, float]:
    """Return by how many seconds an opening comes before a curve, and their correlation there.

    Args:
        curve: ``float32[S]``.
        at_s: ``float64[S]``, its times.
        opening: ``float32[T]`` at 25 pictures a second.

    Returns:
        The top of a parabola; NaN where they agree best at the end of what is tried.
    """
    middles = (np.arange(len(opening)) + 0.5) / FPS
    found = [np.corrcoef(np.interp(middles + s, at_s, curve), opening)[0, 1] for s in _SHIFTS]
    best = int(np.argmax(found))
    if not 0 < best < len(found) - 1:
        return float("nan"), float(found[best])
    before, at, after = found[best - 1 : best + 2]
    return float(_SHIFTS[best] + (before - after) / (before - 2 * at + after) / 2 / speech.RATE), float(at)


def closures(said: Said) -> Iterator[Closure]:
    """Yield the closures of a clip."""
    inner = animated(said.phones, len(said.opening) / FPS)
    seen = np.interp(_times(said), np.arange(len(inner)) / speech.RATE, inner)
    times, level = loudness(said.audio)
    for (before, _, _), (name, start, stop) in zip(
        [("SIL", 0.0, 0.0), *said.phones], said.phones, strict=False
    ):
        if name not in _SHUTS:
            continue
        mine, model = crossings(said.opening, start, stop), crossings(seen, start, stop)
        slope = np.gradient(level, _STEP_S)
        fall = _steepest(times, -slope, start - 0.05, start + 0.04)
        rise = _steepest(times, slope, start + 0.02, stop + 0.03)
        # Before a pause and after it lips touch and part with no sound beside them.
        heard = before != "SIL"
        yield Closure(
            mine[0] - model[0] if heard else float("nan"),
            mine[1] - model[1],
            mine[0] - fall if heard else float("nan"),
            mine[1] - rise,
        )


def crossings(opening: Floats, start: float, stop: float) -> tuple[float, float]:
    """Return when lips touch and part around a phoneme (s), from ``float32[T]`` at 25 pictures a second."""
    at = (np.arange(len(opening)) + 0.5) / FPS
    near = np.flatnonzero((at > start - _AROUND_S) & (at < stop + _AROUND_S))
    if len(near) < 3:
        return float("nan"), float("nan")
    least = near[np.argmin(opening[near])]
    return _crossing(at, opening, least, -1), _crossing(at, opening, least, 1)


def _crossing(at: Doubles, opening: Floats, least: int, way: int) -> float:
    """Go from shut lips to the next peak, and tell when its share is crossed; NaN if nothing opens."""
    top = least
    while 0 <= top + way < len(opening) and opening[top + way] >= opening[top] and abs(top - least) < 5:
        top += way
    if opening[top] - opening[least] < _LEAST_OPENING:
        return float("nan")
    level = opening[least] + _SHARE * (opening[top] - opening[least])
    here = least
    while opening[here] < level:
        here += way
    share = (level - opening[here - way]) / (opening[here] - opening[here - way])
    return float(at[here - way] + share * (at[here] - at[here - way]))


def loudness(audio: Floats) -> tuple[Doubles, Doubles]:
    """Return times and level (dB) of what a sound has above the voice bar, every 5 ms over 15."""
    sharp = np.diff(np.diff(audio.astype(np.float64)), prepend=[0, 0])
    hop = int(_STEP_S * SAMPLE_RATE)
    power = np.convolve(sharp**2, np.hanning(3 * hop), "same")[hop // 2 :: hop]
    return (np.arange(len(power)) + 0.5) * _STEP_S, 10 * np.log10(power + 1e-9)


def _steepest(times: Doubles, slope: Doubles, first: float, last: float) -> float:
    inside = np.flatnonzero((times > first) & (times < last))
    return float(times[inside[np.argmax(slope[inside])]]) if len(inside) else float("nan")


def _times(said: Said) -> Doubles:
    return (np.arange(len(said.opening)) + 0.5) / FPS


def singly(said: Sequence[Said], clips: Path, landmarker: landmarks.Landmarker) -> list[Said]:
    """Return clips with openings seen in each picture by itself."""
    films = [film(clips / one.name.replace("__", "/", 1)) for one in said]
    points = landmarker(films)
    return [replace(one, opening=landmarks.opening(p)) for one, p in zip(said, points, strict=True)]


def told(found: Sequence[Said]) -> Iterator[str]:
    """Yield the table's rows: milliseconds by which lips are ahead."""
    shifts, fits = np.array([whole(one) for one in found]).T
    yield _row(f"whole clips (correlation {np.median(fits):.2f})", shifts)
    parts = [closure for one in found for closure in closures(one)]
    for name, label in (
        ("touch", "p b m: touch, beside the animation"),
        ("part", "part, beside the animation"),
        ("touch_sound", "touch, beside the sound's fall"),
        ("part_sound", "part, beside the sound's rise"),
    ):
        yield _row(label, -np.array([getattr(part, name) for part in parts]))


def _row(label: str, ahead_s: Doubles) -> str:
    """Sum up: median with the bounds of 95 in 100 resamplings, and the middle half."""
    ms = ahead_s[np.isfinite(ahead_s)] * 1000
    if not len(ms):
        return f"| {label} | 0 | - | - |"
    again = np.median(np.random.default_rng(0).choice(ms, (1000, len(ms))), 1)
    low, high, first, third = *np.quantile(again, (0.025, 0.975)), *np.quantile(ms, (0.25, 0.75))
    middle = f"{np.median(ms):+.0f} [{low:+.0f}, {high:+.0f}]"
    return f"| {label} | {len(ms)} | {middle} | {first:+.0f} .. {third:+.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("captures", type=Path)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--most", type=int, default=120, help="clips")
    landmarks.options(parser)
    parser.add_argument("--singly", type=int, default=40, help="clips whose pictures are seen one by one")
    asked = parser.parse_args()
    landmarker = landmarks.asked_for(parser, asked)
    found = list(read(asked.captures, asked.clips, asked.most))
    print(f"{len(found)} clips\n\n| lips ahead, ms | of | median | middle half |\n|---|---|---|---|")
    print("\n".join(told(found)))
    if landmarker:
        fewer = found[: asked.singly]
        print("\nThe same clips as captured and picture by picture:")
        print("\n".join(told(fewer)))
        alone = singly(fewer, asked.clips, landmarker)
        print("\n".join(told(alone)))
        pairs = zip(fewer, alone, strict=True)
        early = [ahead(one.opening, _times(one), seen.opening)[0] for one, seen in pairs]
        print(_row("picture by picture, beside the films", np.array(early)))


if __name__ == "__main__":
    main()
