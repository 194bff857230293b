"""What a generator's lips did in clips that are dubbed with their own sound, from shut lips.

Measured by our networks, `w2l-opening` and `w2l-judge`; neither taught what `w2l-judge` judges.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks import lag, mouths
from benchmarks.arms import Row
from training.generators.recipe import Recipe
from training.measure import tables
from training.packs.data import Clip, hear
from training.variety import augment
from w2l_studio.faces import reference
from w2l_studio.judge.slim import SlimJudge
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets import weights
from w2l_studio.nets.generator import Generator
from w2l_studio.terms import Crops, FramesBGR, Voice
from w2l_studio.terms.sound import SILENCE

#: Pictures of a clip that are dubbed at most; every so many of them are drawn in silence too.
_LONGEST, _SPARSE = 100, 5
#: Clips of a split on a sheet.
_SHOWN = 2

#: Draws mouths from true crops, the references chosen for them, and mel windows with the recipe's lead.
Draw = Callable[[FramesBGR, FramesBGR, Voice], FramesBGR]

MEASURES = {
    "correlation": "opening: correlation",
    "in_time": "lag within 1",
    "amplitude": "amplitude",
    "distance": "distance",
    "confidence": "confidence",
    "levels": "error, levels",
    "detail": "detail",
    "silent": "open in silence",
}


def true(pixels: FramesBGR, _references: FramesBGR, _voice: Voice) -> FramesBGR:
    """Draw what was filmed."""
    return pixels


def shut(_pixels: FramesBGR, references: FramesBGR, _voice: Voice) -> FramesBGR:
    """Draw shut lips."""
    return references


def by(net: Generator, recipe: Recipe) -> Draw:
    """Draw by a network, on a GPU where there is one."""
    generator = Wav2Lip(net.eval().cpu(), name=recipe.name, lead_ms=recipe.lead_ms)

    def draw(pixels: FramesBGR, references: FramesBGR, voice: Voice) -> FramesBGR:
        return generator.speak(Crops(pixels, np.zeros((len(pixels), 2, 3))), references, voice)

    return draw


def lips(
    clips: Sequence[Clip], draw: Draw, sheet: Path | None = None, recipe: Recipe | None = None
) -> list[Row]:
    """Draw every clip's mouths and measure them.

    Args:
        sheet: where a few clips' true and drawn faces are written, a JPEG.
        recipe: of what draws; its lead and columns are heard.

    Returns:
        A row for each clip with the figures of `MEASURES`: ``correlation`` of the lips' opening with the true
        one's (0 where they never move), ``lag`` by how many pictures they are late where that is largest,
        ``in_time`` = 1 where that is 0 to within a picture, ``amplitude`` of their opening in parts of the
        true one's; ``distance`` (1 - cosine at the best offset) and ``confidence`` by the judge; ``levels``
        of 255 between drawn and true lips, and their ``detail`` in parts of the true ones'; how far they are
        open while nothing is heard (``silent``, in parts of the mouth's width).
    """
    judge = SlimJudge(weights.load_judge(weights.find("w2l-judge", "judge").path), name="w2l-judge")
    opening = Openness(weights.load_opening(weights.find("w2l-opening", "opening").path))
    recipe = recipe or Recipe()
    rows, shown = [], list[dict[str, FramesBGR]]()
    for clip in clips:
        filmed = augment.faces(clip.frames, recipe.face_px)[:_LONGEST]
        seen = tables.small(filmed)
        measured = opening(seen)
        still = np.zeros(len(filmed), np.float32)
        references = filmed[reference.closed(reference.uppers_of(filmed), measured, still)]
        voice = mouths.voice(hear(clip.mel, np.arange(len(filmed)), recipe.lead_ms, recipe.columns))
        drawn = draw(filmed, references, voice)
        quiet = Voice(np.full_like(voice.windows, SILENCE)[::_SPARSE], np.zeros_like(voice.voiced)[::_SPARSE])
        small = tables.small(drawn)
        opened = opening(small)
        silent = draw(filmed[::_SPARSE], references[::_SPARSE], quiet)
        at = lag.correlations(opened, measured)
        late = max(at, key=lambda n: at[n])
        said = judge.score(small, tables.pcm(clip))
        figures = {
            "correlation": float(np.nan_to_num(at[0])),
            "lag": late,
            "in_time": float(abs(late) <= 1),
            "amplitude": float(opened.std() / max(measured.std(), 1e-6)),
            "distance": said.distance,
            "confidence": said.confidence,
            "levels": float(np.abs(mouths.lips(drawn).astype(float) - mouths.lips(filmed)).mean()),
            "detail": mouths.detail(drawn) / mouths.detail(filmed),
            "silent": float(opening(tables.small(silent)).mean()),
        }
        rows.append(Row(clip.speaker, clip.split, figures))
        if sheet and sum(row.split == clip.split for row in rows) <= _SHOWN:
            shown.append({"true": seen, "drawn": small})
    if sheet:
        mouths.sheet(shown, sheet)
    return rows
