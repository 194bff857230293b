"""Which sounds of the edit are the production's, and where they lie, where only their files tell it.

Looks at files and reads no sound.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from w2l_studio.errors import StemError
from w2l_studio.media.sound import SoundInfo, probe_sound
from w2l_studio.terms import SoundUse, Stem


def counted(uses: Sequence[SoundUse]) -> tuple[SoundUse, ...]:
    """Return uses of sounds with their true first samples where the edit does not tell from where it counts.

    Such a clip counts from 0 where its file holds that, else from the file's time reference (EBU Tech 3285).
    One that fits neither is left out, since its place is unknown; so is a file that cannot be read.
    """
    infos = {media: _info(media) for media in {use.media for use in uses if use.source_start_s is not None}}
    settled = (use if use.source_start_s is None else _settled(use, infos[use.media]) for use in uses)
    return tuple(use for use in settled if use is not None)


def without_stems(uses: Sequence[SoundUse], stems: Sequence[Stem]) -> tuple[SoundUse, ...]:
    """Return the uses that may tell whose lips moved: all but stems, which follow no lips of a plate.

    Stems are the job's own, those that hosts place, and those that an earlier dub laid, in whatever language.
    """
    own = {stem.path for stem in stems}
    return tuple(use for use in uses if not (use.binding or use.laid or _real(use.media) in own))


def placing(uses: Sequence[SoundUse], stem: Path) -> tuple[SoundUse, ...]:
    """Return the uses that may tell where a stem begins, the first of which does: only binding ones, if any.

    Args:
        stem: its file, without links.
    """
    own = tuple(use for use in uses if _real(use.media) == stem)
    return tuple(use for use in own if use.binding) or own


def _real(path: Path) -> Path:
    """Return a path without links; one that leads nowhere, too."""
    return Path(os.path.realpath(path))


def _info(media: Path) -> SoundInfo | None:
    with suppress(StemError):
        return probe_sound(media)
    return None


def _settled(use: SoundUse, info: SoundInfo | None) -> SoundUse | None:
    if info is None or use.source_start_s is None:
        return None
    bases = (Fraction(samples, info.rate) for samples in (0, info.time_reference or 0))
    held = (base for base in bases if 0 <= use.source_start_s - base < Fraction(info.samples, info.rate))
    base_s = next(held, None)
    if base_s is None:
        return None
    return replace(use, first_sample_s=use.first_sample_s + base_s, source_start_s=None)
