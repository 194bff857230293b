"""Edit + stems -> what will be touched, how much, and what is missing. No picture is decoded, no torch.

Renders nothing and writes nothing; `dub.run` walks the plan.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from w2l_studio import atomic, inputs, timing
from w2l_studio.config import DubConfig
from w2l_studio.dub import production, sounds
from w2l_studio.edit import cues, marks, segments, timeline
from w2l_studio.edit.conform import Plates
from w2l_studio.edit.segments import Refused
from w2l_studio.edit.timeline import Edit
from w2l_studio.edit.turns import Turn
from w2l_studio.errors import (
    MediaError,
    NoStem,
    NothingMarked,
    ShotError,
    StemOutside,
    UsageError,
)
from w2l_studio.media import takes
from w2l_studio.media.probe import probe
from w2l_studio.media.sound import probe_sound
from w2l_studio.sound import stem as stem_rules
from w2l_studio.terms import Line, Mark, Plate, Segment, SoundUse, Stem, folded, sequence_of


@dataclass(frozen=True, slots=True, eq=False)
class DubPlan:
    """What a job will do.

    Args:
        stems: placed on the timeline.
        segments: what becomes a take; every line of them has a stem.
        refused: marks, or parts of them, in which the plate stays.
        lang: tag of the language, e.g. ``fr``.
    """

    edit: Edit
    stems: tuple[Stem, ...]
    segments: tuple[Segment, ...]
    refused: tuple[Refused, ...]
    lang: str

    def stem(self, line: Line) -> Stem:
        """Return the stem of a line."""
        return sounds.stem_for(line.mark.character, self.stems)

    @property
    def production(self) -> tuple[SoundUse, ...]:
        """Sounds of the edit that may tell the speaker."""
        return production.without_stems(self.edit.sounds, self.stems)

    @property
    def unused(self) -> tuple[Stem, ...]:
        """Stems of characters whom no mark means: they are laid into the edit, and no lips follow them."""
        marks = [line.mark for segment in self.segments for line in segment.lines]
        marks += [refused.mark for refused in self.refused]
        heard = []
        for character in {mark.character for mark in marks}:
            with suppress(NoStem):
                heard.append(sounds.stem_for(character, self.stems))
        return tuple(stem for stem in self.stems if stem.character and stem not in heard)

    def silent(self) -> tuple[Stem, ...]:
        """Return the stems in which nobody is heard under any mark of theirs; their sound is decoded."""
        heard: dict[Stem, bool] = {}
        for segment in self.segments:
            for line in segment.lines:
                stem, shown = self.stem(line), line.plate_range
                when = segment.record_s(shown.start), len(shown), shown.rate
                heard[stem] = heard.get(stem, False) or sounds.speaks(stem, *when)
        return tuple(stem for stem, spoken in heard.items() if not spoken)

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of the languages that the stems are named by."""
        return _tags(self.stems)

    @property
    def frames(self) -> int:
        """Frames of all takes, handles included."""
        return sum(len(segment.render_range) for segment in self.segments)


def make(
    path: Path, stem_options: Sequence[str], config: DubConfig, bundle_dir: Path | None = None
) -> DubPlan:
    """Read an edit and its stems and work out what to dub.

    Args:
        path: .otio, .otioz or .otiod.
        stem_options: ``FILE`` or ``CHARACTER=FILE``, as on the command line.
        bundle_dir: where the media of an .otioz are unpacked.

    Raises:
        EditError, StemError: unreadable.
        NothingMarked: no mark, no cue.
        UsageError: two stems for one character.
    """
    edit = timeline.read(path, config.media_roots, bundle_dir)
    edit = replace(edit, sounds=production.counted(edit.sounds))
    stems = place_stems(edit, stem_options)
    found = _marks(edit, stems, config)
    plates = _probe_all(edit, found, config.log)
    cut, refused = segments.cut(edit, found, plates, config.edit.handles, config.edit.whole_clip_share)
    kept, unheard = _with_stems(cut, stems)
    return DubPlan(edit, stems, kept, (*refused, *unheard), _language(stems, config))


def place_stems(edit: Edit, options: Sequence[str]) -> tuple[Stem, ...]:
    """Read the stem options and place every stem on the timeline.

    Raises:
        StemError: a stem cannot be read.
        UsageError: no stem, or two for one character.
    """
    if not options:
        raise UsageError(
            "no stem was given", hint="add --stem fr.wav, or --stem ANNA=anna.wav for each character"
        )
    placed = [_place(edit, *stem_rules.parse(option)) for option in options]
    names = [folded(stem.character) if stem.character else None for stem in placed]
    for i, name in enumerate(names):
        if name in names[:i]:
            whom = placed[i].character or "everybody"
            raise UsageError(
                f"two stems for {whom}", hint="mix them, or name the characters: --stem ANNA=FILE"
            )
    return tuple(placed)


def _place(edit: Edit, character: str | None, path: Path) -> Stem:
    info = probe_sound(path)
    start_s = Fraction(edit.start_frame) / edit.rate
    own = Path(os.path.realpath(path))
    used = production.placing(edit.sounds, own)
    reference = None if used and used[0].binding else info.time_reference
    edit_s = used[0].first_sample_s if used else None
    day_s = timing.day_s(edit.rate, drop=edit.drop)
    first_s, rule = stem_rules.place(reference, info.rate, start_s, edit_s, day_s)
    duration_s = Fraction(info.samples, info.rate)
    return Stem(own, character, first_s, duration_s, rule, atomic.sha256(path))


def _marks(edit: Edit, stems: Sequence[Stem], config: DubConfig) -> tuple[Mark, ...]:
    found = list(marks.find(edit, config.marker_color))
    if config.cues:
        found += cues.to_marks(cues.read(config.cues), edit)
    if config.mark_all:
        found += marks.everywhere(edit, _spoken(stems))
    if not found:
        raise NothingMarked(
            "nothing is marked",
            hint="name a marker on a clip, track or timeline `w2l` or `w2l ANNA`, "
            "or use --marker-color, --cues or --all",
            where=str(edit.path),
        )
    return tuple(found)


def _spoken(stems: Sequence[Stem]) -> list[Turn]:
    """Return where stems speak, and who; nobody is named where one of them is for everybody, or alone."""
    named = len(stems) > 1 and all(stem.character for stem in stems)
    return [(*span, stem.character if named else None) for stem in stems for span in sounds.spans(stem)]


def _probe_all(edit: Edit, found: Sequence[Mark], log: str) -> Plates:
    """Probe the media of clips that a mark touches; nobody waits for the rest of a long edit."""
    plates: dict[Path, Plate | ShotError | MediaError] = {}
    for clip in edit.clips:
        if clip.media is None or clip.media in plates:
            continue
        touched = any(mark.record.intersect(clip.record) for mark in found)
        if not touched or not _there(clip.media):
            continue
        try:
            plates[clip.media] = _dubbable(probe(clip.media, clip.source.rate).in_log(log))
        except (ShotError, MediaError) as error:
            plates[clip.media] = error
    return plates


def _there(media: Path) -> bool:
    """Tell whether a file is there, or the folder of an image sequence."""
    sequence = sequence_of(media)
    return inputs.there(media if sequence is None else sequence.folder)


def _dubbable(plate: Plate) -> Plate:
    """Return the plate, or raise Unsupported where no take can be made of it."""
    takes.check(plate)
    return plate


def _with_stems(
    cut: Sequence[Segment], stems: Sequence[Stem]
) -> tuple[tuple[Segment, ...], tuple[Refused, ...]]:
    """Keep the lines that have something to say; a segment without any is not rendered."""
    kept, refused = [], []
    for segment in cut:
        lines = []
        for line in segment.lines:
            try:
                _check_stem(segment, line, stems)
            except ShotError as error:
                refused.append(Refused(line.mark, segment.clip, error))
            else:
                lines.append(line)
        if lines:
            kept.append(replace(segment, lines=tuple(lines)))
    return tuple(kept), tuple(refused)


def _check_stem(segment: Segment, line: Line, stems: Sequence[Stem]) -> None:
    stem = sounds.stem_for(line.mark.character, stems)
    if not sounds.covers(stem, *_when(segment, line)):
        raise StemOutside(
            f"the stem {stem.path.name} has no sound in this range (placed by {stem.placed_by})",
            hint="check where the stem begins",
        )


def _when(segment: Segment, line: Line) -> tuple[Fraction, Fraction]:
    """Return the seconds of the timeline in which a line is said."""
    return segment.record_s(line.plate_range.start), segment.record_s(line.plate_range.stop)


def _language(stems: Sequence[Stem], config: DubConfig) -> str:
    return config.lang or next(iter(_tags(stems)), "dub")


def _tags(stems: Sequence[Stem]) -> tuple[str, ...]:
    tags = [stem_rules.language(stem.path) for stem in stems]
    return tuple(dict.fromkeys(tag for tag in tags if tag))
