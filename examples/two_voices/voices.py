"""Speaks the scene: stems in French and German, the English production sound, and its phone times.

Needs the programs flite (English) and pico2wave (French, German); see ../README.md.
Run it as ``python examples/two_voices/voices.py``.
"""

from __future__ import annotations

import json
import struct
import subprocess
import tempfile
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import scene
import soxr
from scene import Phones

Samples = npt.NDArray[np.float64]

#: All voices speak 16,000 samples a second; more would only fill the repository.
RATE = 16000
#: Spoken level, and the most that a peak may reach, of full scale.
LEVEL, PEAK = 10 ** (-22 / 20), 10 ** (-3 / 20)
#: How much a line may be sped up or drawn out to fit its slot.
FASTEST, SLOWEST = 1.25, 0.78
_FADE_S = 0.012


def flite(text: str, voice: str, stretch: float) -> tuple[Samples, Phones]:
    """Speak English.

    Returns:
        Samples, and phones in seconds from the first sample; the pauses at both ends are cut.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        told = subprocess.run(
            ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch:.4f}", "-psdur",
             "-o", str(path), "-t", text],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        samples = _read(path)
    ends = [(name, float(end)) for name, end in (part.split(":") for part in told.split())]
    said: Phones = [
        (_arpabet(name), begin, end)
        for (_, begin), (name, end) in zip([("", 0.0), *ends], ends, strict=False)
    ]
    while said[0][0] == "SIL":
        del said[0]
    while said[-1][0] == "SIL":
        del said[-1]
    first, last = said[0][1] - 0.01, said[-1][2] + 0.05
    cut = samples[round(first * RATE) : round(last * RATE)]
    return _faded(cut), [(name, begin - first, end - first) for name, begin, end in said]


def pico(text: str, voice: str, speed: float, formants: float = 1.0, pitch: int = 100) -> Samples:
    """Speak French or German; the pauses at both ends are cut.

    Args:
        text: what is said.
        voice: ``fr-FR`` or ``de-DE``.
        speed: of speech, 1 = as the voice speaks.
        formants: below 1, a larger throat: the sound is played slower, and spoken faster to make up.
        pitch: in percent, on top of that.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        level = round(100 * speed / formants)
        tagged = f'<pitch level="{pitch}"><speed level="{level}">{text}</speed></pitch>'
        subprocess.run(["pico2wave", "-l", voice, "-w", str(path), tagged], check=True)
        samples = _read(path)
    if formants != 1:
        samples = soxr.resample(samples, RATE * formants, RATE, quality="VHQ")
    loud = np.flatnonzero(np.abs(samples) > 10 ** (-42 / 20) * np.abs(samples).max())
    margin = round(0.02 * RATE)
    return _faded(samples[max(0, loud[0] - margin) : loud[-1] + margin])


def speak(line: scene.Line, lang: str, voice: dict[str, Any]) -> tuple[Samples, Phones]:
    """Speak a line as long as its slot, as far as that sounds natural.

    Raises:
        ValueError: it does not fit; the text must be shorter.
    """
    options = {key: value for key, value in voice.items() if key not in ("program", "voice")}

    def at(speed: float) -> tuple[Samples, Phones]:
        if voice["program"] == "flite":
            return flite(line.text[lang], voice["voice"], 1 / speed)
        return pico(line.text[lang], voice["voice"], speed, **options), []

    natural = len(at(1.0)[0]) / RATE
    speed = min(max(natural / line.for_s, SLOWEST), FASTEST)
    samples, said = at(speed)
    if len(samples) / RATE > line.for_s + 0.2:
        raise ValueError(f"{lang} {line.text[lang]!r}: {len(samples) / RATE:.2f} s for {line.for_s} s")
    taken_s = len(samples) / RATE
    print(f"{lang} {line.who:5} {line.at_s:5.2f} {taken_s:5.2f} s speed {speed:.2f}  {line.text[lang]}")
    return _levelled(samples), said


def stem(path: Path, spoken: list[tuple[float, Samples]], start_s: float) -> None:
    """Write a character's lines as a broadcast wave that knows its place on the timeline."""
    first_s = min(at for at, _ in spoken)
    mixed = _mixed([(at - first_s, samples) for at, samples in spoken])
    _write_bwf(path, mixed, round((start_s + first_s) * RATE))


def production(path: Path, spoken: list[tuple[float, Samples]], seconds: float) -> None:
    """Write the original sound of the whole edit as FLAC."""
    mixed = _mixed(spoken)
    mixed = np.pad(mixed, (0, round(seconds * RATE) - len(mixed)))
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono")
        stream.options = {"compression_level": "12"}
        frame = av.AudioFrame.from_ndarray(_pcm(mixed)[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> None:
    """Speak everything."""
    told = scene.load()
    scene.MEDIA.mkdir(exist_ok=True)
    scene.STEMS.mkdir(exist_ok=True)
    start_s = told.start_frame / told.rate
    original: list[tuple[float, Samples]] = []
    times: dict[str, Phones] = {}
    for who, voices in told.voices.items():
        for lang in ("en", *scene.LANGUAGES):
            spoken = []
            for line in (line for line in told.lines if line.who == who):
                samples, said = speak(line, lang, voices[lang])
                spoken.append((line.at_s, samples))
                if lang == "en":
                    times.setdefault(who, []).extend((p, line.at_s + a, line.at_s + b) for p, a, b in said)
            if lang == "en":
                original += spoken
            else:
                stem(scene.STEMS / f"{who}.{lang}.wav", spoken, start_s)
    production(scene.PRODUCTION, original, told.frames / told.rate)
    rows = {who: [[p, round(a, 3), round(b, 3)] for p, a, b in said] for who, said in times.items()}
    scene.PHONES.write_text(_as_text(rows), encoding="utf-8")


def _arpabet(name: str) -> str:
    """Return flite's phone by its ARPABET name (flite's ``ax`` is an unstressed ``AH``)."""
    return {"pau": "SIL", "ax": "AH"}.get(name, name.upper())


def _read(path: Path) -> Samples:
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
            raise ValueError(f"{path} is not 16 kHz mono 16 bit")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 2**15


def _faded(samples: Samples) -> Samples:
    ramp = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, round(_FADE_S * RATE)))
    out = samples.copy()
    out[: len(ramp)] *= ramp
    out[-len(ramp) :] *= ramp[::-1]
    return out


def _levelled(samples: Samples) -> Samples:
    loud = np.abs(samples) > 0.02 * np.abs(samples).max()
    gain = LEVEL / np.sqrt(np.mean(samples[loud] ** 2))
    return samples * min(gain, PEAK / np.abs(samples).max())


def _mixed(spoken: list[tuple[float, Samples]]) -> Samples:
    out = np.zeros(max(round(at * RATE) + len(samples) for at, samples in spoken))
    for at, samples in spoken:
        begin = round(at * RATE)
        out[begin : begin + len(samples)] += samples
    return out


def _pcm(samples: Samples) -> npt.NDArray[np.int16]:
    return np.round(np.clip(samples, -1, 1) * (2**15 - 1)).astype("<i2")


def _write_bwf(path: Path, samples: Samples, time_reference: int) -> None:
    """Write 16 bit WAV with a ``bext`` chunk (EBU Tech 3285, version 1, no UMID)."""
    bext = struct.pack(
        "<256s32s32s10s8sQH254x",
        b"W2L Studio example: a synthetic voice", b"W2L Studio", b"two_voices", b"2026-11-25", b"00:00:00",
        time_reference, 1,
    )  # fmt: skip
    data = _pcm(samples).tobytes()
    chunks = b""
    for name, body in (
        (b"bext", bext),
        (b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)),
        (b"data", data),
    ):
        chunks += name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)


def _as_text(rows: dict[str, list[list[Any]]]) -> str:
    """Return the phones as JSON, one a line."""
    parts = []
    for who, said in rows.items():
        inner = ",\n".join("  " + json.dumps(one) for one in said)
        parts.append(f" {json.dumps(who)}: [\n{inner}\n ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()
