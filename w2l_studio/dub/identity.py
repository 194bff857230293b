"""What a take is made of, as a content key: equal keys, equal pictures.

Reads media and stems to hash them; remembers nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from w2l_studio import __version__
from w2l_studio.config import DubConfig, as_json
from w2l_studio.dub import pieces, sounds, workdir
from w2l_studio.terms import Segment, SoundUse, Stem


def take_key(
    segment: Segment,
    stems: Sequence[Stem],
    production: Sequence[SoundUse],
    config: DubConfig,
    sha256: dict[str, str],
) -> str:
    """Return the content key of a take: plate range, stem range, settings, weights, engine, certificate.

    Where a clip lies in the edit, what it is called and on which device networks run change no picture.

    Args:
        stems: one per line of the segment.
        production: sounds that may tell the speaker; only asked where the plate has no sound of its own.
        sha256: of every network's weights, by kind.
    """
    lead_s = (segment.render_range.start - segment.plate_range.start) / segment.plate.rate
    first_s = segment.record_start_s + lead_s
    mouths = config.mouths
    signed = {"certificate": workdir.file_sha256(config.sign.certificate)} if config.sign else {}
    return workdir.key(
        {
            "engine": __version__,
            "plate": workdir.fingerprint(segment.plate.path),
            "range": as_json(segment.render_range),
            "lines": [
                {
                    "range": as_json(line.plate_range),
                    "cuts": pieces.ends_at_cuts(segment, line),
                    "hint": as_json(line.mark.hint),
                    "strength": line.mark.gain,
                    "sound": sounds.digest(stem, first_s, segment.render_range),
                }
                for line, stem in zip(segment.lines, stems, strict=True)
            ],
            "production": [] if segment.plate.has_audio else _heard(segment, production),
            "faces": as_json(config.faces),
            "mouths": [mouths.reference, mouths.precision],
            "composite": as_json(config.composite),
            "weights": sha256,
            **signed,
        }
    )


def _heard(segment: Segment, production: Sequence[SoundUse]) -> list[Any]:
    return [
        [workdir.fingerprint(use.media), str(segment.record_start_s - use.first_sample_s)]
        for use in production
        if use.media.is_file()
    ]
