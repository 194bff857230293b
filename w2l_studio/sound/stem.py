"""What a stem's option, name and time reference say: whose it is, its language, where it begins.

Reads no sound; the facts come from `media`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from w2l_studio import inputs
from w2l_studio.errors import UsageError

#: ISO 639-1, and the longer codes that dubbing uses (a free three-letter rule would take "mix" for one).
_CODES = """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de
    dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia
    id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo
    lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl
    ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk
    tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu cmn fil yue
"""
_LANGUAGES = frozenset(_CODES.split())
_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?", re.IGNORECASE)


def parse(option: str) -> tuple[str | None, Path]:
    """Read a ``--stem`` option.

    Args:
        option: ``fr.wav`` or ``ANNA=anna.wav``. An existing file whose path holds ``=`` is a path.

    Returns:
        The character (None = everybody) and the path.

    Raises:
        UsageError: nothing stands before or after the ``=``.
    """
    if "=" not in option or inputs.there(option):
        return None, Path(option)
    character, _, path = (part.strip() for part in option.partition("="))
    if not character or not path:
        raise UsageError(
            f"--stem {option!r} names no {'file' if character else 'character'}", hint="write NAME=FILE"
        )
    return character, Path(path)


def language(path: Path) -> str | None:
    """Return the BCP 47 tag that a stem is named by, None where its name is none.

    The name itself or its last dotted part counts: ``fr.wav``, ``de_de.wav``, ``show.fr.wav``.

    >>> language(Path("show.pt-br.wav")), language(Path("mix.wav"))
    ('pt-BR', None)
    """
    match = _TAG.fullmatch(path.stem.rpartition(".")[2])
    if match is None or match[1].lower() not in _LANGUAGES:
        return None
    script, region = match[2], match[3]
    parts = [match[1].lower(), script.title() if script else "", region.upper() if region else ""]
    return "-".join(part for part in parts if part)


def place(
    time_reference: int | None,
    sample_rate: int,
    start_of_timeline_s: Fraction,
    edit_first_sample_s: Fraction | None,
    day_s: Fraction,
) -> tuple[Fraction, str]:
    """Decide where a stem's first sample lies on the timeline.

    In this order: the time reference that the file carries, an audio clip of the edit that uses the same
    file, the timeline's start. Workstations write a time reference of 0 into files that were never
    placed, so a 0 counts as absent.

    Args:
        time_reference: samples since midnight (BWF ``bext``, EBU Tech 3285), None or 0 where there is none.
        sample_rate: of the file, in Hz.
        start_of_timeline_s: the timeline's start timecode in real seconds (frames / rate).
        edit_first_sample_s: where the edit's own clip puts the first sample, seconds from the
            timeline's first frame; None where it has no such clip.
        day_s: what 24 hours of the timeline's timecode last; where one of both lies behind midnight, the
            stem begins less than half of it away.

    Returns:
        Seconds from the timeline's first frame (negative: before it), and the rule: ``time-reference``,
        ``edit`` or ``timeline-start``.
    """
    if time_reference:
        first_s = Fraction(time_reference, sample_rate) - start_of_timeline_s
        return (first_s + day_s / 2) % day_s - day_s / 2, "time-reference"
    if edit_first_sample_s is not None:
        return edit_first_sample_s, "edit"
    return Fraction(0), "timeline-start"
