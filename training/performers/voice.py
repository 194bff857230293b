"""Makes other voices, rooms and lines of a recording, in time to the sample.

Draws all chance from the generator it is handed; knows no lips. Tempo (WSOLA) and codecs are
FFmpeg's.
"""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import soxr

from w2l_studio.terms import Doubles, Floats
from w2l_studio.terms.sound import SAMPLE_RATE

#: How often a voice's pitch leaves its tempo, its throat is another; how often there are room, noise, line.
_PITCHED, _THROATED, _ROOM, _NOISE, _LINE = 0.4, 0.4, 0.4, 0.4, 0.3
_PITCH, _THROAT = 0.12, 0.1
#: Codecs with their rates of samples and, where they have one, of bits.
_LINES = (
    ("libopus", 16000, (8_000, 24_000)),
    ("libmp3lame", 16000, (24_000, 48_000)),
    ("aac", 16000, (20_000, 48_000)),
    ("pcm_mulaw", 8000, (0, 0)),
)
#: A codec's delay is looked for this far.
_LATEST = SAMPLE_RATE // 5
#: Of loudness: samples a value, and how many of these WSOLA may be early or late.
_STEP, _WSOLA = SAMPLE_RATE // 1000, 30
_FFT, _HOP = 512, 128
#: What lies below this quefrency (samples) is the throat's doing, what lies above it the vocal cords'.
_THROAT_QUEFRENCY = 30


def another(random: np.random.Generator, audio: Floats, tempo: float) -> Floats:
    """Speak at another tempo and mostly with another pitch and throat.

    Args:
        audio: ``float32[S]``, 16 kHz.
        tempo: how much quicker; what sounded at t sounds at ``t / tempo``.

    Returns:
        ``float32[about S / tempo]``.
    """
    pitched, throated = random.random(2)
    pitch, throat = np.exp(random.uniform(-_PITCH, _PITCH)), np.exp(random.uniform(-_THROAT, _THROAT))
    quick = tempo * pitch if pitched < _PITCHED else tempo
    changed = soxr.resample(audio, SAMPLE_RATE * quick, SAMPLE_RATE).astype(np.float32)
    if pitched < _PITCHED:
        changed = at_tempo(changed, 1 / pitch)
    return with_throat(changed, throat) if throated < _THROATED else changed


def placed(random: np.random.Generator, audio: Floats) -> Floats:
    """Put a voice into a room, beside noise and on a line, each by chance; returns as many samples."""
    in_room, noisy, coded = random.random(3)
    changed = audio
    if in_room < _ROOM:
        changed = in_a_room(random, changed)
    if noisy < _NOISE:
        changed = beside_noise(random, changed)
    if coded < _LINE:
        codec, rate, bits = _LINES[random.integers(len(_LINES))]
        changed = on_a_line(changed, codec, rate, int(random.integers(bits[0], bits[1] + 1)))
    return np.clip(changed, -1, 1).astype(np.float32)


def at_tempo(audio: Floats, tempo: float) -> Floats:
    """Speak quicker at the same pitch: ``float32[S]`` to ``float32[S / tempo]``."""
    wanted = round(len(audio) / tempo)
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=SAMPLE_RATE, format="flt", layout="mono", time_base=Fraction(1, SAMPLE_RATE)
    )
    change, sink = graph.add("atempo", f"{tempo:.6f}"), graph.add("abuffersink")
    source.link_to(change)
    change.link_to(sink)
    graph.configure()
    # Half a window of silence before and after, so that the first and the last sound come out whole.
    pad = SAMPLE_RATE // 10
    frame = av.AudioFrame.from_ndarray(np.pad(audio, pad)[None].astype(np.float32), "flt", "mono")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
    source.push(frame)
    source.push(None)
    parts = []
    while True:
        try:
            parts.append(sink.pull().to_ndarray().reshape(-1))
        except (av.BlockingIOError, av.EOFError):
            break
    told = np.concatenate(parts)
    # It begins up to 12 ms early; what is only resampled has its loudness at the right times.
    right = soxr.resample(np.pad(audio, pad), SAMPLE_RATE * tempo, SAMPLE_RATE)
    begin = round(pad / tempo) + _delay(_loudness(told), _loudness(right), _WSOLA) * _STEP
    heard = np.zeros(wanted, np.float32)
    told = told[max(begin, 0) : begin + wanted]
    heard[: len(told)] = told
    return heard


def with_throat(audio: Floats, longer: float) -> Floats:
    """Move the formants and leave the pitch: the spectrum's envelope is read ``longer`` times as high up.

    Args:
        longer: of the throat; above 1 formants come down.
    """
    hann = np.hanning(_FFT + 1)[:-1]
    padded = np.pad(audio, (_FFT, _FFT + _HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP] * hann
    spectrum = np.fft.rfft(frames, axis=1)
    cepstrum = np.fft.irfft(np.log(np.abs(spectrum) + 1e-6), axis=1)
    cepstrum[:, _THROAT_QUEFRENCY : _FFT - _THROAT_QUEFRENCY + 1] = 0
    envelope = np.fft.rfft(cepstrum, axis=1).real
    bins = np.arange(envelope.shape[1])
    there = np.clip(bins * longer, 0, bins[-1])
    below = np.minimum(there.astype(int), bins[-1] - 1)
    moved = envelope[:, below] + (there - below) * (envelope[:, below + 1] - envelope[:, below])
    changed = np.fft.irfft(spectrum * np.exp(np.clip(moved - envelope, -3, 3)), axis=1) * hann
    summed, weight = np.zeros(len(padded)), np.zeros(len(padded))
    for i, frame in enumerate(changed):
        summed[i * _HOP : i * _HOP + _FFT] += frame
        weight[i * _HOP : i * _HOP + _FFT] += hann**2
    return (summed / np.maximum(weight, 1e-3))[_FFT : _FFT + len(audio)].astype(np.float32)


def in_a_room(random: np.random.Generator, audio: Floats) -> Floats:
    """Add early reflections and a tail of noise; the direct sound stays where it was."""
    seconds = random.uniform(0.12, 0.7)
    count = int(seconds * SAMPLE_RATE)
    time = np.arange(count) / SAMPLE_RATE
    tail = random.normal(0, 1, count) * 10 ** (-3 * time / seconds) * (time > 0.004)
    tail *= 10 ** (-random.uniform(2, 16) / 20) / np.linalg.norm(tail)
    for _ in range(random.integers(3, 8)):
        tail[int(random.uniform(0.002, 0.03) * SAMPLE_RATE)] += random.uniform(-0.25, 0.35)
    tail[0] = 1.0
    size = len(audio) + count
    heard = np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(tail, size), size)[: len(audio)]
    return (heard * _level(audio) / (_level(heard) + 1e-9)).astype(np.float32)


def beside_noise(random: np.random.Generator, audio: Floats) -> Floats:
    """Add noise of some colour that comes and goes, and now and then a hum."""
    spectrum = np.fft.rfft(random.normal(0, 1, len(audio)))
    hertz = np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE)
    noise = np.fft.irfft(spectrum * np.maximum(hertz, 40) ** -random.uniform(0, 1.2), len(audio))
    knots = np.exp(random.normal(0, 0.4, 2 + len(audio) // SAMPLE_RATE))
    noise *= np.interp(np.linspace(0, 1, len(audio)), np.linspace(0, 1, len(knots)), knots)
    if random.random() < 0.3:
        mains = random.choice([50, 60]) * np.array([1, 2, 3])
        turns = 2 * np.pi * mains[:, None] * np.arange(len(audio)) / SAMPLE_RATE
        noise += (np.sin(turns) * random.uniform(0, 1, 3)[:, None]).sum(0) * _level(noise)
    quieter = 10 ** (-random.uniform(6, 36) / 20)
    return (audio + noise * quieter * _level(audio) / (_level(noise) + 1e-9)).astype(np.float32)


def on_a_line(audio: Floats, codec: str, rate: int, bits: int) -> Floats:
    """Encode and decode; the codec's delay is taken out again.

    Args:
        codec: FFmpeg's name.
        rate: samples a second on the line.
        bits: a second; 0 where the codec has no choice.
    """
    line = soxr.resample(audio, SAMPLE_RATE, rate).astype(np.float32)
    file = io.BytesIO()
    with av.open(file, "w", format="nut") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        if bits:
            stream.bit_rate = bits
        frame = av.AudioFrame.from_ndarray(
            (np.clip(line, -1, 1) * 32767).astype(np.int16)[None], "s16", "mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
    with av.open(file) as container:
        parts = [
            part.to_ndarray().reshape(-1)
            for frame in [*container.decode(audio=0), None]
            for part in resampler.resample(frame)
        ]
    return _aligned(np.concatenate(parts), audio)


def _aligned(late: Floats, audio: Floats) -> Floats:
    """Move a copy to where it correlates best with the original; returns as many samples as that has."""
    delay = _delay(late, audio, _LATEST)
    padded = np.pad(late, (_LATEST, _LATEST + len(audio)))
    return padded[_LATEST + delay :][: len(audio)].astype(np.float32)


def _delay(late: Floats, early: Floats, most: int) -> int:
    """Return by how many values a curve comes after another, ``-most`` .. ``most - 1``."""
    size = len(late) + len(early)
    product = np.fft.irfft(np.fft.rfft(late, size) * np.conj(np.fft.rfft(early, size)), size)
    return int(np.concatenate([product[-most:], product[:most]]).argmax()) - most


def _loudness(audio: Floats) -> Floats:
    """Return loudness over 10 ms, a value each ms, without its mean."""
    loud = np.convolve(np.abs(audio), np.hanning(10 * _STEP), mode="same")[::_STEP]
    return np.asarray(loud - loud.mean(), np.float32)


def _level(audio: Floats | Doubles) -> float:
    return float(np.sqrt(np.mean(np.square(audio))))
