"""What is new in a segment -> its take: composite, encode.

Reads the plate once and holds one picture of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from w2l_studio.composite import matte, paste
from w2l_studio.dub.scan import Tick
from w2l_studio.dub.take import Performance, Spoken
from w2l_studio.media import decode, fields
from w2l_studio.protocols import Encoder
from w2l_studio.terms import Planes, Plate, Segment
from w2l_studio.timing import frames_to_timecode, nearest_frame


def composed(performance: Performance) -> Iterator[tuple[Planes, Planes]]:
    """Yield each picture of the plate with the one that carries the new mouths: each frame, or each field."""
    segment = performance.segment
    frames = segment.render_range
    with decode.open_plate(segment.plate) as reader:
        for n, picture in enumerate(reader.read(frames.start, frames.stop), frames.start):
            new = picture
            for spoken in performance.spoken:
                if n in spoken.rows:
                    new = _pasted(new, segment.plate, spoken, n)
            yield picture, new


def _pasted(picture: Planes, plate: Plate, spoken: Spoken, n: int) -> Planes:
    row, i = spoken.rows[n], n - spoken.piece.frames.start
    face_px = spoken.mouths.px
    return paste.paste(
        picture,
        plate.tags,
        spoken.mouths[row : row + 1][0],
        spoken.maps[row],
        # Whole degrees, so that mattes are made once and not per picture.
        matte.mouth(face_px, float(round(float(spoken.piece.yaw_deg[i])))),
        gain=float(spoken.piece.gain[i]),
        colour=spoken.match,
        lips=matte.lips(face_px, spoken.piece.corners[i], float(spoken.openings[row])),
        own_teeth=spoken.own_teeth,
    )


def write(
    segment: Segment,
    performance: Performance,
    encoder: Encoder,
    path: Path,
    labels: dict[str, str],
    tick: Tick,
) -> None:
    """Composite a segment and encode it with its handles.

    Raises:
        OutputError: the file cannot be written.
    """
    with encoder.open(path, timed(segment), segment.render_range.start, labels) as sink:
        for frame in _frames(performance):
            sink.write(frame)
            tick("composite")


def _frames(performance: Performance) -> Iterator[Planes]:
    """Yield the frames of the take."""
    plate = performance.segment.plate
    pictures = (new for _, new in composed(performance))
    if not plate.fields:
        yield from pictures
        return
    assert plate.field_order is not None
    for first, second in zip(pictures, pictures, strict=True):
        yield fields.woven(first, second, plate.field_order)


def timed(segment: Segment) -> Plate:
    """Return the plate as a take is written, with the timecode by which the edit counts it if it has none.

    Hosts that find no timecode in a take would count it from 0 and look for its frames elsewhere.
    """
    clip = segment.clip
    plate = segment.plate.unretimed
    if plate.timecode is not None:
        return plate
    first = nearest_frame(clip.available.start_s if clip.available else Fraction(0), plate.rate)
    return replace(plate, timecode=frames_to_timecode(first, plate.rate, drop=segment.drop))
