"""Who is dubbed where: each line of a segment cut at shots, with its face, windows and strength.

Decides what passes through and why; makes no mouth and touches no plate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from w2l_studio.config import DubConfig, FaceConfig
from w2l_studio.dub.geometry import View
from w2l_studio.dub.scan import within
from w2l_studio.errors import FaceTooSmall, FaceTurned, NoFace, ShotError
from w2l_studio.faces import crop, pose, smooth, speaker
from w2l_studio.terms import Bools, Doubles, FaceTrack, Floats, Line, Passed, Segment, Shot
from w2l_studio.timing import FrameRange

#: Scores tracks against the production sound; None where there is no sound to ask.
SpeakerScores = Callable[[Sequence[FaceTrack]], Sequence[float] | None]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One line within one shot.

    Args:
        line: index in ``segment.lines``.
        frames: plate frames.
        maps: ``float64[T, 2, 3]`` plate -> crop.
        corners: ``float32[T, 2, 2]``: the plate's mouth corners in crop pixels.
        yaw_deg: ``float32[T]``, > 0 = towards the right of the picture.
        gain: ``float32[T]`` in 0..1; 0 = the plate stays.
        side_px: median side of the window in plate pixels.
        rule: what chose the face.
        face: its track over the same frames, in view pixels.
    """

    line: int
    frames: FrameRange
    maps: Doubles
    corners: Floats
    yaw_deg: Floats
    gain: Floats
    side_px: float
    rule: str
    face: FaceTrack

    @property
    def dubbed(self) -> Bools:
        """``bool[T]``: frames that get a new mouth."""
        return self.gain > 0


def reach(segment: Segment, line: Line) -> FrameRange:
    """Return the frames to dub for a line: its own, and the handles where it ends at its clip's cut.

    What lies under a clip that covers the rest belongs to the line behind that, if there is one.
    """
    (head, tail), record, clip = line.cuts, line.mark.record, segment.clip.record
    return FrameRange(
        segment.render_range.start if head and record.start == clip.start else line.plate_range.start,
        segment.render_range.stop if tail and record.stop == clip.stop else line.plate_range.stop,
        line.plate_range.rate,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Cutter:
    """Cuts lines of a segment to one of its shots.

    Args:
        tracks: faces of the shot, in view pixels.
        listen: asked only where neither number nor hint tells the speaker.
        face_px: side of the generator's crops.
    """

    segment: Segment
    shot: Shot
    tracks: Sequence[FaceTrack]
    view: View
    listen: SpeakerScores
    config: DubConfig
    face_px: int

    def cut(self, index: int) -> tuple[Piece | None, list[Passed]]:
        """Cut one line to the shot and choose its face.

        Returns:
            The piece (None where nothing is dubbed) and what is passed through.
        """
        line = self.segment.lines[index]
        frames = reach(self.segment, line).intersect(self.shot.frames)
        if frames is None:
            return None, []
        parts = [within(track, frames) for track in self.tracks]
        try:
            chosen, rule = self._choose(parts, line)
        except ShotError as error:
            unseen = _visible(np.ones(len(frames), np.bool_), frames, line)
            return None, _passed(error, unseen // self.segment.plate.per_frame)
        part = parts[chosen]
        window = smooth.windows(part.points, part.present, frames.rate)
        side_px = window[:, 2] * _plate_scale(self.view)
        yaw = pose.yaw(part.points)
        per_frame = self.segment.plate.per_frame
        keep, passed = _gates(part, side_px, yaw, line, self.config.faces, per_frame)
        fade = self.config.composite.fade_frames * per_frame
        gain = _ramps(keep, self.segment, frames, self.shot, line, fade) * np.float32(line.mark.gain)
        to_crop = crop.affines(window, self.face_px)
        corners = np.einsum("tij,tkj->tki", to_crop[:, :, :2], part.points[:, 3:5]) + to_crop[:, None, :, 2]
        middle = float(np.median(side_px[part.present])) if part.present.any() else 0.0
        piece = Piece(
            index,
            frames,
            self.view.crop_maps(to_crop),
            corners.astype(np.float32),
            yaw,
            gain.astype(np.float32),
            middle,
            rule,
            part,
        )
        return piece, passed

    def _choose(self, parts: Sequence[FaceTrack], line: Line) -> tuple[int, str]:
        hint = line.mark.hint
        scores = self.listen(parts) if len(parts) > 1 and hint is None else None
        return speaker.choose(parts, hint, self.view.size_px, scores, margin=self.config.faces.speaker_margin)


def refused(piece: Piece, segment: Segment, error: ShotError) -> list[Passed]:
    """Return what passes through where a piece is not dubbed after all."""
    visible = _visible(piece.dubbed, piece.frames, segment.lines[piece.line])
    return _passed(error, visible // segment.plate.per_frame)


def _gates(
    part: FaceTrack, side_px: Doubles, yaw: Floats, line: Line, faces: FaceConfig, per_frame: int
) -> tuple[Bools, list[Passed]]:
    """Return which pictures are dubbed, and the other frames by reason; fields of a frame are alike."""
    frames = part.frames
    missing = _in_frame(~part.present, per_frame)
    small = ~missing & _in_frame(side_px < faces.min_face_px, per_frame)
    turned = ~missing & ~small & _in_frame(np.abs(yaw) > faces.yaw_limit_deg, per_frame)
    reasons: list[tuple[ShotError, Bools]] = [
        (NoFace("no face was found in these frames", hint="check the mark, or skip it"), missing),
        (
            FaceTooSmall(
                f"the face is smaller than {faces.min_face_px} pixels", hint="such lips cannot be seen"
            ),
            small,
        ),
        (
            FaceTurned(
                f"the face is turned by more than {faces.yaw_limit_deg:g} degrees",
                hint="profiles cannot be dubbed",
            ),
            turned,
        ),
    ]
    passed = [
        entry
        for error, which in reasons
        for entry in _passed(error, _visible(which, frames, line) // per_frame)
    ]
    return ~(missing | small | turned), passed


def _in_frame(which: Bools, per_frame: int) -> Bools:
    """Return what holds for any picture of a frame for all of them; frames begin with the first one."""
    return which.reshape(-1, per_frame).any(1).repeat(per_frame)


def _ramps(
    keep: Bools, segment: Segment, frames: FrameRange, shot: Shot, line: Line, fade_frames: int
) -> Floats:
    """Return the strength per frame: full inside, ramps at every end that is not a cut.

    Ends at a cut of the edit, at a cut inside the clip or at the end of the file stay hard.
    """
    whole, rendered, (head, tail) = reach(segment, line), segment.render_range, line.cuts
    # What is rendered ends somewhere, too, and a shot with it: that is no cut inside the clip.
    cut_in = frames.start == shot.frames.start and (frames.start > rendered.start or frames.start == 0)
    cut_out = frames.stop == shot.frames.stop and (
        frames.stop < rendered.stop or frames.stop == segment.plate.frames
    )
    hard_head = head or frames.start > whole.start or cut_in
    hard_tail = tail or frames.stop < whole.stop or cut_out
    gain = np.minimum(_distance(keep, hard_head), _distance(keep[::-1], hard_tail)[::-1])
    return np.minimum(gain / (fade_frames + 1), 1).astype(np.float32)


def _distance(keep: Bools, hard: bool) -> Floats:
    """Return how many frames each kept frame lies after the last one that is not kept."""
    run = np.inf if hard else 0.0
    out = np.zeros(len(keep), np.float32)
    for i, kept in enumerate(keep):
        run = run + 1 if kept else 0.0
        out[i] = run
    return out


def _visible(which: Bools, frames: FrameRange, line: Line) -> int:
    """Count the pictures of ``which`` that lie inside the mark (handles do not count)."""
    inside = [n in line.plate_range for n in range(frames.start, frames.stop)]
    return int((which & np.array(inside)).sum())


def _passed(error: ShotError, frames: int) -> list[Passed]:
    return [Passed(frames, error.code, error.message, error.hint)] if frames else []


def _plate_scale(view: View) -> float:
    """Return plate pixels per view pixel (the larger of both directions)."""
    return float(max(np.linalg.norm(view.to_plate[0, :2]), np.linalg.norm(view.to_plate[1, :2])))
