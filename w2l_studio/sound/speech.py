"""Speech activity: where a stem speaks, so that pauses close the mouth.

Finds that somebody speaks, consonants included; knows neither words nor whose voice it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from w2l_studio.terms import Bools, Doubles, Floats
from w2l_studio.terms.arrays import runs
from w2l_studio.terms.sound import COLUMNS_PER_SECOND, HOP, SAMPLE_RATE

_WINDOW, _FFT = 640, 1024
_BLOCK = 1024
#: Where the harmonics of a voice stand out of noise, and the band whose level counts.
_VOICE_HZ, _LEVEL_HZ = (150.0, 2500.0), (100.0, 7000.0)
#: Lags of voices from 60 to 400 Hz.
_LAGS = slice(SAMPLE_RATE // 400, SAMPLE_RATE // 60)
_SILENT_DB = -75.0

#: Levels are compared with the quietest and loudest of the neighbourhood, in chunks of half a second.
_CHUNK = COLUMNS_PER_SECOND // 2
_NEIGHBOURS = 10

# Set on speech with phoneme times: 97 to 99 % of it found clean, 94 to 95 % under noise at 15 dB.
_PERIODIC = 0.5
_SEED_OVER_FLOOR_DB, _GROW_OVER_FLOOR_DB, _UNDER_PEAK_DB = 8.0, 5.0, 32.0
#: In columns: how far a seed grows, what is a click, the longest closure of a stop, hangover.
_GROW, _SHORTEST_SEED, _LONGEST_CLOSURE, _HANGOVER = 20, 4, 14, 2


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """Measures per mel column: level in dB of full scale, and how periodic and how tonal it is (0..1)."""

    level_db: Doubles
    periodicity: Doubles
    tonal: Bools


def voiced(samples: Floats) -> Bools:
    """Return where speech is active.

    Columns that are periodic as a voice is and stand out of the neighbourhood's noise seed a span; it
    grows over louder-than-noise neighbours (unvoiced consonants) and over closures of stops.

    Args:
        samples: ``float32[S]``, 16 kHz mono, -1..1.

    Returns:
        ``bool[1 + S // 200]``, one per column of `mel.spectrogram`.
    """
    columns = 1 + len(samples) // HOP
    if len(samples) < _WINDOW:
        return np.zeros(columns, np.bool_)
    found = _measure(samples, columns)
    floor, peak = _surroundings(found.level_db)
    over = found.level_db - floor
    loud = (found.level_db > _SILENT_DB) & (peak - found.level_db < _UNDER_PEAK_DB) & ~found.tonal
    seed = _opened(loud & (over > _SEED_OVER_FLOOR_DB) & (found.periodicity > _PERIODIC), _SHORTEST_SEED)
    loud &= over > _GROW_OVER_FLOOR_DB
    active = _closed(_grown(seed, loud), _LONGEST_CLOSURE)
    return _dilated(active, _HANGOVER)


def spans(active: Bools) -> list[tuple[Fraction, Fraction]]:
    """Return the spans of speech in seconds of the sound.

    Args:
        active: ``bool[M]`` as from `voiced`.

    Returns:
        ``(start_s, stop_s)`` in order; column j stands for 12.5 j to 12.5 (j + 1) ms.
    """
    second = COLUMNS_PER_SECOND
    return [(Fraction(int(a), second), Fraction(int(b), second)) for a, b in runs(active)]


def _measure(samples: Floats, columns: int) -> _Columns:
    level, periodicity = np.empty(columns), np.empty(columns)
    tonal = np.empty(columns, np.bool_)
    half = _WINDOW // 2
    for start in range(0, columns, _BLOCK):
        stop = min(start + _BLOCK, columns)
        begin, end = start * HOP - half, (stop - 1) * HOP + half
        piece = samples[max(begin, 0) : end].astype(np.float64)
        piece = np.pad(piece, (max(-begin, 0), end - max(begin, 0) - len(piece)))
        frames = np.lib.stride_tricks.sliding_window_view(piece, _WINDOW)[::HOP]
        power = _power(frames)
        level[start:stop] = _level(power)
        periodicity[start:stop] = _periodicity(power)
        tonal[start:stop] = _tonal(power)
    return _Columns(level, periodicity, tonal)


def _power(frames: Doubles) -> Doubles:
    spectrum = np.fft.rfft(frames * np.hanning(_WINDOW), _FFT, axis=1)
    power: Doubles = spectrum.real**2 + spectrum.imag**2
    return power


def _band(hertz: tuple[float, float]) -> slice:
    return slice(round(hertz[0] * _FFT / SAMPLE_RATE), round(hertz[1] * _FFT / SAMPLE_RATE))


def _level(power: Doubles) -> Doubles:
    """Return the level in dB of a full-scale sine."""
    full_scale = _FFT * (np.hanning(_WINDOW) ** 2).sum() / 4
    level: Doubles = 10 * np.log10(np.maximum(power[:, _band(_LEVEL_HZ)].sum(1) / full_scale, 1e-12))
    return level


def _periodicity(power: Doubles) -> Doubles:
    """Return the highest normalised autocorrelation at the period of a voice (Boersma 1993).

    Energy counts in proportion to its frequency: rumble, which wavers like a low voice, falls away.
    """
    band = np.zeros_like(power)
    heard = _band(_VOICE_HZ)
    band[:, heard] = power[:, heard] * np.arange(heard.start, heard.stop)
    correlation = np.fft.irfft(band, axis=1)[:, : _LAGS.stop]
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(_WINDOW), 2 * _FFT)) ** 2)[: _LAGS.stop]
    energy = np.maximum(correlation[:, :1], 1e-12)
    normal = correlation[:, _LAGS] / energy / (window[_LAGS] / window[0])
    return np.asarray(normal.max(1))


def _tonal(power: Doubles) -> Bools:
    """Tell where a single tone above any voice's pitch holds the energy: beeps, not vowels."""
    high = power[:, _band((500.0, 8000.0))]
    peak = high.argmax(1)[:, None] + np.arange(-3, 4)
    share = np.take_along_axis(high, np.clip(peak, 0, high.shape[1] - 1), 1).sum(1)
    return np.asarray(share > 0.9 * np.maximum(power.sum(1), 1e-12))


def _surroundings(level_db: Doubles) -> tuple[Doubles, Doubles]:
    """Return per column the noise floor and the speech peak of the five seconds on both sides."""
    chunks = -(-len(level_db) // _CHUNK)
    padded = np.pad(level_db, (0, chunks * _CHUNK - len(level_db)), mode="edge").reshape(chunks, _CHUNK)
    sounding = np.where(padded > _SILENT_DB, padded, np.nan)
    dead = np.isnan(sounding).all(1)
    sounding[dead] = _SILENT_DB
    low, high = np.nanpercentile(sounding, 10, axis=1), np.nanpercentile(sounding, 95, axis=1)
    low[dead] = np.inf
    reach = np.arange(-_NEIGHBOURS, _NEIGHBOURS + 1) + np.arange(chunks)[:, None]
    inside = (reach >= 0) & (reach < chunks)
    at = np.clip(reach, 0, chunks - 1)
    floor = np.where(inside, low[at], np.inf).min(1)
    peak = np.where(inside, high[at], -np.inf).max(1)
    floor = np.where(np.isinf(floor), _SILENT_DB, floor)
    return np.repeat(floor, _CHUNK)[: len(level_db)], np.repeat(peak, _CHUNK)[: len(level_db)]


def _opened(flags: Bools, shortest: int) -> Bools:
    """Drop runs shorter than ``shortest`` columns: clicks."""
    kept = np.zeros_like(flags)
    for start, stop in runs(flags):
        kept[start:stop] = stop - start >= shortest
    return kept


def _closed(flags: Bools, longest: int) -> Bools:
    """Fill gaps up to ``longest`` columns between runs."""
    filled = flags.copy()
    for start, stop in runs(~flags):
        if start > 0 and stop < len(flags) and stop - start <= longest:
            filled[start:stop] = True
    return filled


def _grown(seed: Bools, loud: Bools) -> Bools:
    """Let seeds spread over loud columns that touch them, at most `_GROW` to each side."""
    near = _dilated(seed, _GROW)
    grown = seed.copy()
    for start, stop in runs(_closed(seed | loud, 4) & near):
        grown[start:stop] |= seed[start:stop].any()
    return grown


def _dilated(flags: Bools, columns: int) -> Bools:
    wide = flags.copy()
    for start, stop in runs(flags):
        wide[max(0, start - columns) : stop + columns] = True
    return wide
