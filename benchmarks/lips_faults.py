"""Where lips from sound go wrong on speech whose phonemes are known: each closure missed or invented, a line.

    python benchmarks/lips_faults.py SPEECH [--language cs] [--weights w2l-lips]

Columns: sentence; missed or invented; the phoneme there and its length in ms; its neighbours; how much
quieter than what is about it the sound gets in it (dB); the highest probability of a closure there; what
sound the network heard. In the end, per voice, which phonemes were missed, of how many, and which were taken
for closures, of how many; and by how many ms p, b and t, d would have to be moved to lie where the sound has
least energy: whether the labels are to blame.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks import lips as measured
from training.performers import sources
from training.performers.act import Source
from w2l_studio.dub.lips import listened
from w2l_studio.mouths import lips
from w2l_studio.nets import weights
from w2l_studio.nets.lips import SOUNDS, Lips, levelled
from w2l_studio.nets.moonshine import gain
from w2l_studio.terms import Floats
from w2l_studio.terms.sound import COLUMNS_PER_SECOND, SAMPLE_RATE

#: Steps in which energy is looked at, and how far about a phoneme (s).
_STEP_S, _ABOUT_S = 0.005, 0.08
#: How far labels are moved to find the least energy under them (ms).
_SHIFTS_MS = range(-60, 61, 10)


@dataclass(frozen=True, slots=True)
class Fault:
    """A closure missed or invented.

    Args:
        kind: ``missed`` or ``invented``.
        at: index of the phoneme in ``phones``.
        dip_db: how much quieter the phoneme gets than the loudest tenth about it.
        probability: of a closure, the highest within two columns of it.
        heard: the network's likeliest sound.
    """

    kind: str
    at: int
    dip_db: float
    probability: float
    heard: str


def faults(net: Lips, source: Source) -> Iterator[Fault]:
    """Yield what the network misses and invents in an utterance."""
    sound = listened(source.audio)
    frames = int(len(source.audio) * measured.RATE / SAMPLE_RATE)
    match = measured.matched(source, lips.move(net, sound, measured.RATE, frames).closure)
    with torch.inference_mode():
        columns = sound.mel.shape[1]
        rows = net.ear.at_columns(sound.samples, 0, columns, gain(sound.samples))
        told = net(torch.from_numpy(levelled(sound.mel)[None]), rows[None])
    shut, sounds = told.closure[0].sigmoid().numpy(), told.sounds[0].softmax(0).numpy()

    def fault(kind: str, at: int, start: float, stop: float) -> Fault:
        first, last = int(start * COLUMNS_PER_SECOND), int(stop * COLUMNS_PER_SECOND) + 1
        heard = SOUNDS[int(sounds[:, first:last].mean(1).argmax())]
        return Fault(kind, at, dip_db(source, at), float(shut[max(0, first - 2) : last + 2].max()), heard)

    for at, hit in zip(match.true, match.hit, strict=True):
        if not hit:
            yield fault("missed", at, *source.phones[at][1:])
    stops = np.array([stop for _, _, stop in source.phones])
    for start, stop in match.invented:
        first = max(0, int(start * COLUMNS_PER_SECOND) - 2)
        peak_s = (first + shut[first : int(stop * COLUMNS_PER_SECOND) + 3].argmax()) / COLUMNS_PER_SECOND
        at = min(int(np.searchsorted(stops, peak_s, "right")), len(stops) - 1)
        yield fault("invented", at, peak_s, peak_s)


def dip_db(source: Source, at: int) -> float:
    """Return how much quieter a phoneme gets than the loudest tenth of it and 80 ms to both sides (dB)."""
    _, start, stop = source.phones[at]
    size = int(_STEP_S * SAMPLE_RATE)
    power = (source.audio[: len(source.audio) // size * size].reshape(-1, size) ** 2).mean(1)
    level = 10 * np.log10(np.maximum(power, 1e-9))
    first, about = int(start / _STEP_S), int(_ABOUT_S / _STEP_S)
    last = max(first + 1, int(stop / _STEP_S))
    return float(np.percentile(level[max(0, first - about) : last + about], 90) - level[first:last].min())


def least_at_ms(found: list[Source], names: tuple[str, ...]) -> int:
    """Return by how many ms labels of some phonemes would have to move to have least energy under them.

    Pauses before them are left out: there the sound is quiet in any case. High sounds weigh most.
    """
    energy = np.zeros(len(_SHIFTS_MS))
    for source in found:
        sharp: Floats = np.diff(source.audio, 2, prepend=[0.0, 0.0]) ** 2
        total = np.concatenate([[0], np.cumsum(sharp)])
        for (before, _, _), (name, start, stop) in zip(source.phones, source.phones[1:], strict=False):
            if name not in names or before == "SIL":
                continue
            for i, ms in enumerate(_SHIFTS_MS):
                edges = (np.array([start, stop]) + ms / 1000) * SAMPLE_RATE
                first, last = edges.clip(0, len(sharp) - 1).astype(int)
                energy[i] += np.log((total[last] - total[first]) / max(last - first, 1) + 1e-9)
    return _SHIFTS_MS[int(energy.argmin())]


def main() -> None:
    """Print the lines and what they come to."""
    parser = measured.options(__doc__.split("\n")[0])
    asked = parser.parse_args()
    net = weights.load_lips(weights.find(asked.weights, "lips").path)
    voices: dict[str, list[Source]] = defaultdict(list)
    counted: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for source in sources.spoken(asked.speech, asked.language):
        voice = source.name.rsplit("_", 1)[0]
        voices[voice].append(source)
        names = ["-", *(name for name, _, _ in source.phones), "-"]
        for fault in faults(net, source):
            name, start, stop = source.phones[fault.at]
            counted[voice][fault.kind, name] += 1
            print(
                f"{source.name} | {fault.kind} | {name} {1000 * (stop - start):.0f} ms | {names[fault.at]}_"
                f"{names[fault.at + 2]} | {fault.dip_db:.0f} dB | {fault.probability:.2f} | {fault.heard}"
            )
    for voice, found in voices.items():
        all_of = Counter(name for source in found for name, _, _ in source.phones)
        for kind in ("missed", "invented"):
            most = [(count, name) for (of, name), count in counted[voice].items() if of == kind]
            told = ", ".join(f"{name} {count} of {all_of[name]}" for count, name in sorted(most)[::-1])
            print(f"{voice}: {kind} {told or 'none'}")
        lips_ms, tongue_ms = least_at_ms(found, ("P", "B")), least_at_ms(found, ("T", "D"))
        print(f"{voice}: least energy of p, b at {lips_ms} ms, of t, d at {tongue_ms} ms")


if __name__ == "__main__":
    main()
