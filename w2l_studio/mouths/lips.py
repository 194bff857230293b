"""From sound to lip motion: the network's curves, exact closures, rest in silence, any frame rate.

Reads no file and draws no mouth; knows faces by ARKit's units only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from w2l_studio.nets.lips import SOUNDS, UNITS, WIDTH, Lips, levelled, sided
from w2l_studio.nets.moonshine import gain
from w2l_studio.terms import Bools, Doubles, Floats, Ints, LipMotion
from w2l_studio.terms.arrays import runs
from w2l_studio.terms.sound import COLUMNS_PER_SECOND

#: How many mel columns the network reads at once; it sees 48 to both sides.
_BLOCK, _SEEN = 8192, 64
#: From which probability on lips are shut, and down to which they stay so; set on Catalan and Russian voices.
_SHUT, _STILL_SHUT = 0.5, 0.4
#: Seconds in which lips come together and part.
EASE_S = 0.035
#: Seconds that lips move before speech is heard and after it, and in which they come to rest.
_BEFORE_S, _AFTER_S, _REST_S = 0.15, 0.15, 0.1
#: What parts lips: gap of the inner lips per unit (of one side), in parts of the mouth's width, on the
#: neutral head of the performers; and what makes the mouth narrower.
_PARTS = {
    "jawOpen": 0.669, "mouthFunnel": 0.258, "mouthPucker": -0.023, "mouthStretch": 0.004,
    "mouthSmile": -0.029, "mouthPress": -0.025, "mouthRollLower": -0.063, "mouthRollUpper": -0.055,
    "mouthLowerDown": 0.037, "mouthUpperUp": 0.047, "mouthShrugUpper": 0.08,
}  # fmt: skip
_NARROWS = {
    "jawOpen": 0.072, "mouthFunnel": 0.107, "mouthPucker": 0.163, "mouthStretch": -0.102,
    "mouthSmile": -0.13, "mouthPress": -0.112,
}  # fmt: skip
_ROUNDS = {"mouthPucker": 1.0, "mouthFunnel": 0.6}
#: How much of these a closure leaves; they hold lips apart.
LEFT_WHEN_SHUT = {
    "jawOpen": 0.0,
    "mouthLowerDown": 0.0,
    "mouthUpperUp": 0.0,
    "mouthShrugUpper": 0.0,
    "mouthFunnel": 0.4,
}
#: How hard lips are pressed in a closure, at least.
PRESSED = 0.3
#: Sounds that look alike; confidence is the network's belief in the likeliest kind.
_KINDS = (
    {"SIL"}, {"P", "B", "M"}, {"F", "V"},
    {"W", "UW", "UH", "OW", "OY", "SH", "ZH", "CH", "JH", "R", "ER", "AO"},
    {"AA", "AE", "AH", "AW", "AY", "EH"}, {"IY", "IH", "EY", "Y", "S", "Z"},
    {"T", "D", "N", "L", "K", "G", "NG", "HH", "TH", "DH"},
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Curves:
    """What the network says, a value per mel column.

    Args:
        units: ``float32[11, M]`` of `UNITS`, 0..1.
        shut: ``float32[M]``, probability of a closure.
        confidence: ``float32[M]``.
    """

    units: Floats
    shut: Floats
    confidence: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A stem as it is listened to.

    Args:
        mel: ``float32[80, M]`` as from `sound.mel.spectrogram`.
        samples: ``float32[S]`` at 16 kHz.
        voiced: ``bool[M]`` as from `sound.speech.voiced`: elsewhere lips rest.
    """

    mel: Floats
    samples: Floats
    voiced: Bools


def move(net: Lips, sound: Sound, rate: Fraction, frames: int) -> LipMotion:
    """Move lips to a sound.

    Args:
        net: in evaluation mode.
        rate: frames per second.
        frames: T.

    Returns:
        T frames; each shows the middle of its time, and every closure has a frame in which lips touch.
    """
    curves = _listened(net, sound)
    awake = _awake(sound.voiced)
    spans = _closures(np.where(awake > 0, curves.shut, 0))
    units = _shut(curves.units * awake, spans)
    middles = _middles(frames, rate)
    drawn = np.stack([_read(unit, *middles) for unit in units]) if frames else np.zeros((len(UNITS), 0))
    closure = _closed_frames(spans, rate, frames)
    for unit, left in LEFT_WHEN_SHUT.items():
        drawn[UNITS.index(unit), closure] *= left
    pressed = UNITS.index("mouthPress")
    drawn[pressed, closure] = np.maximum(drawn[pressed, closure], PRESSED)
    asleep = 1 - _read(awake, *middles)
    confidence = np.maximum(_read(curves.confidence, *middles), asleep)
    return measured(rate, drawn.astype(np.float32), closure, confidence)


def measured(rate: Fraction, units: Floats, closure: Bools, confidence: Floats) -> LipMotion:
    """Measure the neutral head under face units.

    Args:
        rate: pictures per second.
        units: ``float32[11, T]`` 0..1, in the order of `nets.lips.UNITS`.
        closure: ``bool[T]``, pictures of p, b and m: the lips are shut there.
        confidence: ``float32[T]``, 0..1.
    """
    named = dict(zip(UNITS, units, strict=True))
    sides = {unit: len(sided(unit)) for unit in UNITS}
    none = np.zeros(units.shape[1], np.float32)
    gap = sum((named[unit] * share * sides[unit] for unit, share in _PARTS.items()), none)
    narrower = sum((named[unit] * share * sides[unit] for unit, share in _NARROWS.items()), none)
    rounding = sum((named[unit] * share for unit, share in _ROUNDS.items()), none)
    width = np.clip(1 - narrower, 0.5, 1.5)
    channels: dict[str, Floats] = {}
    for unit, values in named.items():
        channels |= dict.fromkeys(sided(unit), values)
    opening = np.where(closure, 0, np.clip(gap / width, 0, None)).astype(np.float32)
    return LipMotion(rate, channels, opening, width, rounding.clip(0, 1), closure, confidence.clip(0, 1))


def _listened(net: Lips, sound: Sound) -> _Curves:
    kinds = torch.tensor([[sound in kind for sound in SOUNDS] for kind in _KINDS], dtype=torch.float32)

    def said(columns: Tensor) -> Tensor:
        told = net.told(columns)
        belief = (kinds @ told.sounds[0].softmax(0)).max(0).values
        return torch.cat([told.units[0].clamp(0, 1), told.closure[0].sigmoid()[None], belief[None]])

    told = _in_blocks(net, sound.mel, sound.samples, said)
    return _Curves(told[: len(UNITS)], told[-2], told[-1])


def thought(net: Lips, mel: Floats, samples: Floats) -> Floats:
    """Return what the network thinks of a sound, for generators that listen through it.

    Args:
        net: in evaluation mode.
        mel: ``float32[80, M]`` as from `sound.mel.spectrogram`.
        samples: ``float32[S]`` at 16 kHz.

    Returns:
        ``float32[112, M]``, about -3..3: a column for each of the spectrogram's.
    """
    if not mel.shape[1]:
        return np.zeros((WIDTH, 0), np.float32)
    return _in_blocks(net, mel, samples, lambda columns: net.thought(columns)[0].repeat_interleave(2, 0).T)


def _in_blocks(net: Lips, mel: Floats, samples: Floats, asked: Callable[[Tensor], Tensor]) -> Floats:
    """Ask the network about blocks that overlap by what it sees: ``float32[K, M]``."""
    heard, louder = levelled(mel), gain(samples)
    parts = []
    with torch.inference_mode():
        for start in range(0, heard.shape[1], _BLOCK):
            first = max(0, start - _SEEN)
            stop = min(start + _BLOCK + _SEEN, heard.shape[1])
            rows = net.ear.at_columns(samples, first, stop, louder)
            found = asked(net.joined(torch.from_numpy(heard[None, :, first:stop]), rows[None]))
            parts.append(found[:, start - first : min(start + _BLOCK, heard.shape[1]) - first])
    return torch.cat(parts, 1).numpy()


def _awake(voiced: Bools) -> Floats:
    """Return 1 where speech is near, 0 where lips rest, a slope between: ``float32[M]``."""
    at = np.arange(len(voiced))
    last = np.maximum.accumulate(np.where(voiced, at, -(10**9)))
    following = np.minimum.accumulate(np.where(voiced, at, 10**9)[::-1])[::-1]
    late_s = (at - last) / COLUMNS_PER_SECOND - _AFTER_S
    early_s = (following - at) / COLUMNS_PER_SECOND - _BEFORE_S
    away = np.minimum(late_s, early_s) / _REST_S
    return np.clip(1 - away, 0, 1).astype(np.float32)


def _closures(shut: Floats) -> Ints:
    """Return closures as first and last column, ``int64[C, 2]``."""
    found = runs(shut > _STILL_SHUT)
    spans = [(start, stop - 1) for start, stop in found if shut[start:stop].max() > _SHUT]
    return np.array(spans, np.int64).reshape(-1, 2)


def _shut(units: Floats, spans: Ints) -> Floats:
    """Bring lips together over each closure: ``float32[11, M]`` to the same."""
    at = np.arange(units.shape[1])
    shut = np.zeros(len(at))
    reach = EASE_S * COLUMNS_PER_SECOND
    for first, last in spans:
        near = 1 - np.maximum(first - at, at - last) / reach
        shut = np.maximum(shut, near.clip(0, 1))
    ease = eased(shut)
    closed = units.copy()
    for unit, left in LEFT_WHEN_SHUT.items():
        closed[UNITS.index(unit)] *= 1 - (1 - left) * ease
    pressed = UNITS.index("mouthPress")
    closed[pressed] = np.maximum(closed[pressed], PRESSED * ease)
    return closed


def eased(shut: Doubles) -> Doubles:
    """Ease lips into and out of a closure (smoothstep): how near it is, 0..1, to how shut they are."""
    return shut * shut * (3 - 2 * shut)


def _middles(frames: int, rate: Fraction) -> tuple[Ints, Floats]:
    """Return the mel column at or before the middle of each frame, and how far it lies beyond, 0..1.

    Integer arithmetic: column j is centred at j / 80 s, the middle of frame i lies at (i + 1/2) / rate.
    """
    step = Fraction(COLUMNS_PER_SECOND, 2) / rate
    odd = [(2 * i + 1) * step.numerator for i in range(frames)]
    below = np.array([value // step.denominator for value in odd], np.int64)
    beyond = np.array([value % step.denominator / step.denominator for value in odd], np.float32)
    return below, beyond


def _read(curve: Floats, below: Ints, beyond: Floats) -> Floats:
    """Read a curve between its columns; after its end the last one stands."""
    last = len(curve) - 1
    values: Floats = curve[below.clip(0, last)] * (1 - beyond) + curve[(below + 1).clip(0, last)] * beyond
    return values


def _closed_frames(spans: Ints, rate: Fraction, frames: int) -> Bools:
    """Return the frames whose middle lies in a closure; a shorter closure has the frame of its middle."""
    closed = np.zeros(frames, np.bool_)
    per_column = rate / COLUMNS_PER_SECOND
    for first, last in spans.tolist():
        start = (first * per_column - Fraction(1, 2)).__ceil__()
        stop = (last * per_column - Fraction(1, 2)).__floor__() + 1
        if stop <= start:
            start = ((first + last) * per_column / 2).__floor__()
            stop = start + 1
        closed[max(0, start) : stop] = True
    return closed
