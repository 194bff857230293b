"""What a take is made of, as a content key: equal keys, equal pictures.

Reads media and stems to hash them; remembers nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from w2l_studio import __version__, atomic
from w2l_studio.config import DubConfig, as_json
from w2l_studio.dub import listening, pieces, render, sounds, workdir
from w2l_studio.media import decode
from w2l_studio.terms import Line, Segment, SoundUse, Stem, sequence_of

#: Facts of a plate that change nothing of a take: where the file lies, and what it holds beside the range.
_ELSEWHERE = ("path", "frames", "has_audio")


def take_key(
    segment: Segment,
    stems: Sequence[Stem],
    production: Sequence[SoundUse],
    config: DubConfig,
    sha256: dict[str, str],
    lang: str,
) -> str:
    """Return a take's content key: plate and stem range, language, settings, weights, engine, certificate.

    Where a clip lies in the edit, what it is called and on which device networks run change no picture.

    Args:
        stems: one per line of the segment.
        production: sounds that may tell the speaker; only what of them lies under the range counts.
        sha256: of every network's weights, by kind.
        lang: which the take tells of itself.
    """
    first_s = segment.record_s(segment.render_range.start)
    mouths = config.mouths
    signed = {"certificate": atomic.sha256(config.sign.certificate)} if config.sign else {}
    return workdir.key(
        {
            "engine": __version__,
            "lang": lang,
            "plate": _plate(segment),
            "range": as_json(segment.render_range),
            "speed": as_json(segment.plate.speed),
            "lines": [
                {
                    "range": as_json(line.plate_range),
                    "cuts": [*line.cuts, as_json(pieces.reach(segment, line))],
                    "hint": as_json(line.mark.hint),
                    "strength": line.mark.gain,
                    "listens": _listens(line),
                    "sound": sounds.digest(stem, first_s, segment.render_range),
                }
                for line, stem in zip(segment.lines, stems, strict=True)
            ],
            "production": [
                hashlib.sha256(samples.tobytes()).hexdigest()
                for samples in listening.sounds_under(segment, segment.render_range, production)
            ],
            "faces": as_json(config.faces),
            "mouths": [mouths.reference, mouths.precision],
            "composite": as_json(config.composite),
            "weights": sha256,
            **signed,
        }
    )


def _listens(line: Line) -> list[str | None]:
    """Return whose line it is where faces are asked whether they only listen to it (`silent`)."""
    return [] if line.mark.source == "marker" else [line.mark.character]


def _plate(segment: Segment) -> dict[str, Any]:
    """Return what a take shows of its plate: its pictures, and what the take tells of them."""
    told = as_json(render.timed(segment))
    sequence = sequence_of(segment.plate.path)
    # Its take bears the same numbers.
    numbered = {} if sequence is None else {"first": sequence.first}
    # Of an interlaced plate it is not told yet whether fields are read, which need frames beside them.
    seen = segment if segment.plate.field_order is None else segment.in_fields
    frames = seen.render_range
    with decode.open_plate(seen.plate) as reader:
        pictures = reader.digest(frames.start, frames.stop)
    return {**{name: told[name] for name in told if name not in _ELSEWHERE}, **numbered, "pictures": pictures}
