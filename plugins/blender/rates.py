"""Frame rates of scenes and media as fractions.

Knows no Blender data; numbers are handed in.
"""

from __future__ import annotations

from fractions import Fraction

#: Media whose rate is told with more difference than this is not of the scene's rate (pictures per second).
_SAME = 0.01


def scene_rate(fps: int, fps_base: float) -> Fraction:
    """Return a scene's pictures per second; Blender keeps the base as a 32-bit float.

    >>> scene_rate(24, 1.0010000467300415)
    Fraction(24000, 1001)
    """
    return Fraction(fps) / Fraction(fps_base).limit_denominator(10000)


def same(told: float, rate: Fraction) -> bool:
    """Tell whether media plays a picture per frame of the scene.

    >>> same(23.976, Fraction(24000, 1001)), same(25.0, Fraction(24))
    (True, False)
    """
    return abs(told - float(rate)) <= _SAME


def text(rate: Fraction) -> str:
    """Write a rate as the engine's options take it.

    >>> text(Fraction(25))
    '25/1'
    """
    return f"{rate.numerator}/{rate.denominator}"
