"""Reads cue sheets (.srt, .ass, .vtt) and turns their cues into marks.

Knows no stem: who speaks a cue is told by its name field or prefix only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import pysubs2

from w2l_studio import inputs
from w2l_studio.edit.timeline import Edit, timecode
from w2l_studio.errors import EditError
from w2l_studio.terms import Cue, Mark
from w2l_studio.timing import FrameRange, nearest_frame, nominal

#: What pysubs2 calls the formats; asked to guess, it reads many more, and fails at them in its own words.
_FORMATS = {".srt": "srt", ".ass": "ass", ".ssa": "ssa", ".vtt": "vtt"}
_READABLE = "give .srt, .ass or .vtt"
#: What pysubs2 raises of text that is not of the format.
_BROKEN = (pysubs2.exceptions.Pysubs2Error, ValueError, TypeError, LookupError, OverflowError)
#: Marks of direction that editors put around right-to-left text: they are no part of a name.
_DIRECTIONS = dict.fromkeys(
    map(ord, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
)
_PREFIX = re.compile(r"\s*([^\W\d_][^:\n]{0,39}):\s+(.*)", re.DOTALL)


def read(path: Path) -> tuple[Cue, ...]:
    """Read a cue sheet.

    Args:
        path: .srt, .ass (or its elder .ssa) or .vtt, UTF-8.

    Returns:
        Cues with text, in order of time; the character comes from the ASS name field or from a
        prefix in capitals (``ANNA: ...``).

    Raises:
        EditError: not there, not a subtitle file, not UTF-8, or a cue's times cannot be meant: a line that
            is silently left out would not be dubbed.
    """
    form = _FORMATS.get(path.suffix.lower())
    if form is None:
        raise EditError("is not a cue sheet by its name", hint=_READABLE, where=path.name)
    try:
        text = inputs.read(path, EditError).decode("utf-8-sig")
        sheet = pysubs2.SSAFile.from_string(text, form)
    except OSError as error:
        raise EditError(
            f"cannot be read ({error.strerror})", hint="check the path of --cues", where=str(path)
        ) from error
    except UnicodeDecodeError as error:
        raise EditError("is not UTF-8", hint="save the cue sheet as UTF-8", where=path.name) from error
    except _BROKEN as error:
        raise EditError(
            f"is not a cue sheet that can be read ({error})", hint=_READABLE, where=path.name
        ) from error
    _check_times(sheet, text, path.name)
    if not sheet.events:
        raise EditError("is not a cue sheet: it holds no cue", hint=_READABLE, where=path.name)
    return tuple(sorted(_cues(sheet), key=lambda cue: (cue.start_s, cue.stop_s)))


def to_marks(cues: Sequence[Cue], edit: Edit) -> tuple[Mark, ...]:
    """Return one mark per cue.

    Times count from the timeline's first frame. Where every cue begins after the timeline's end, and
    all begin inside it once its start timecode is subtracted (read as a clock: 01:00:00:00 is 3600 s),
    it is subtracted. What lies outside gives a mark without frames.
    """
    shift = _clock(edit)
    length = Fraction(edit.frames) / edit.rate
    beyond = bool(cues) and all(cue.start_s >= length for cue in cues)
    counted = beyond and all(0 <= cue.start_s - shift < length for cue in cues)
    late = shift if counted else Fraction(0)
    return tuple(
        Mark(f"cue-{index}", _record(cue, late, edit), character=cue.character, source="cue")
        for index, cue in enumerate(cues, 1)
    )


def _check_times(sheet: pysubs2.SSAFile, text: str, where: str) -> None:
    """Refuse times that pysubs2 takes for text of the cue before, and cues that last no time or less."""
    stamp = getattr(pysubs2.formats.get_format_class(sheet.format or "srt"), "TIMESTAMP", None)
    for number, line in enumerate(text.splitlines(), 1):
        if stamp and "-->" in line and len(stamp.findall(line)) != 2:
            raise EditError(
                f"line {number} tells times that cannot be read: {line.strip()}",
                hint="write them like 00:00:01,000 --> 00:00:02,500 (.srt) or 00:00:01.000 (.vtt)",
                where=where,
            )
    for event, _ in _spoken(sheet):
        if event.end <= event.start:
            ends = "where" if event.end == event.start else "before"
            raise EditError(
                f"the cue at {pysubs2.time.ms_to_str(event.start)} ends {ends} it begins",
                hint="correct its times",
                where=where,
            )


def _spoken(sheet: pysubs2.SSAFile) -> Iterator[tuple[pysubs2.SSAEvent, str]]:
    """Yield what is neither comment nor drawing and has text, with it."""
    for event in sheet:
        text = event.plaintext.translate(_DIRECTIONS).strip()
        if text and not event.is_comment and not event.is_drawing:
            yield event, text


def _cues(sheet: pysubs2.SSAFile) -> Iterator[Cue]:
    for event, text in _spoken(sheet):
        character, line = _speaker(text)
        start, stop = Fraction(event.start, 1000), Fraction(event.end, 1000)
        yield Cue(start, stop, event.name.strip() or character, text if event.name.strip() else line)


def _speaker(text: str) -> tuple[str | None, str]:
    """Split ``ANNA: Hello`` into name and line; only capitals are a name."""
    match = _PREFIX.match(text)
    if match and match[1] == match[1].upper():
        return match[1].strip(), match[2]
    return None, text


def _clock(edit: Edit) -> Fraction:
    hours, minutes, seconds, frame = map(int, re.split("[:;]", timecode(edit, 0)))
    return (hours * 60 + minutes) * 60 + seconds + Fraction(frame, nominal(edit.rate))


def _record(cue: Cue, late: Fraction, edit: Edit) -> FrameRange:
    start = nearest_frame(cue.start_s - late, edit.rate)
    stop = max(start + 1, nearest_frame(cue.stop_s - late, edit.rate))
    start = min(max(start, 0), edit.frames)
    return FrameRange(start, max(start, min(stop, edit.frames)), edit.rate)
