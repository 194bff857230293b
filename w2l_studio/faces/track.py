"""Follows faces through one shot: detections every few pictures, optical flow in between.

Decides which detection belongs to which face; positions are fused in `fuse`. Never crosses a shot and holds
only the pictures since the last detection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import cv2
import numpy as np

from w2l_studio.faces import crop, flow, recheck
from w2l_studio.faces.fuse import Sightings, fuse
from w2l_studio.faces.overlap import iou
from w2l_studio.protocols import Detector
from w2l_studio.terms import Faces, FaceTrack, Floats, FramesBGR, Plane, Shot

#: Longest time without a detection that is bridged.
_GAP_S = Fraction(1, 2)
#: How much of a detection moves the carried points (the rest is flow).
_MIX = 0.2
#: Carried points further than this from their detection, in eye-mouth distances, begin anew at it.
_LOST = 0.25
#: A detection belongs to a face when its points lie within this many eye-mouth distances (mean) ...
_NEAR = 0.6
#: ... and a face that was away comes back within this many, at a size within this factor.
_BACK, _BACK_SIZE = 1.5, 1.6
#: Tracks shorter than this that do not fill half of their shot, or seen in fewer than this part of the
#: detections, are no faces.
_SHORTEST_S = Fraction(1, 4)
_SEEN = 0.35
#: Nor are those of which too little is left after all doubts: part of the detections that saw it, times part
#: of the second looks that found it again. Real faces have 0.32 and more, vases and hands up to 0.10.
_TRUST = 0.2
#: Second looks are taken at these hits.
_DOUBTED = frozenset((1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987))


@dataclass(slots=True, eq=False)
class _Face:
    """A face while it is followed."""

    seen: Sightings
    points: Floats
    box: Floats
    last: int
    looked: int = 0
    hits: int = 0
    doubted: int = 0
    mirrored: int = 0
    tilted: int = 0
    open: bool = True


@dataclass(slots=True, eq=False)
class _Picture:
    number: int
    bgr: FramesBGR
    grey: Plane


@dataclass(slots=True, eq=False)
class _Follower:
    detector: Detector
    gap: int
    faces: list[_Face] = field(default_factory=list)

    def active(self) -> list[_Face]:
        return [face for face in self.faces if face.open]

    def carry(self, before: _Picture, now: _Picture) -> bool:
        """Carry all faces on; tell whether one was lost."""
        lost = False
        for face in self.active():
            moved, held = flow.carry(before.grey, now.grey, face.points)
            if held:
                step = moved - face.points
                face.seen.steps[now.number] = step
                face.points, face.box = moved, face.box + np.tile(step.mean(0), 2)
            lost |= not held
        return lost

    def look(self, now: _Picture, past: list[_Picture]) -> None:
        """Detect in a picture; go back to the last detection where faces came or went."""
        found = self.detector.detect(now.bgr[None])[0]
        active = self.active()
        pairs = _pair(active, found)
        for index, face in enumerate(active):
            face.looked += 1
            if index in pairs:
                self._hit(face, now, found, pairs[index])
            else:
                self._missed(face, now, past)
            if now.number - face.last > self.gap:
                face.open = False
        for row in sorted(set(range(len(found.scores))) - set(pairs.values())):
            self._born(now, found, row, past)

    def _missed(self, face: _Face, now: _Picture, past: list[_Picture]) -> None:
        face.seen.missed.add(now.number)
        if face.last + len(past) + 1 == now.number:
            self._last_sight(face, past)

    def _hit(self, face: _Face, now: _Picture, found: Faces, row: int) -> None:
        face.seen.add(now.number, found.boxes[row], found.points[row], float(found.scores[row]))
        face.hits, face.last, face.box = face.hits + 1, now.number, found.boxes[row]
        if face.hits in _DOUBTED:
            mirrored, tilted = recheck.again(self.detector, now.bgr, found.points[row])
            face.doubted += 1
            face.mirrored += mirrored
            face.tilted += tilted
        apart = np.linalg.norm(found.points[row] - face.points, axis=1).mean()
        mix = _MIX if apart <= _LOST * _length(face.points) else 1.0
        if mix == 1.0:
            face.seen.steps.pop(now.number, None)
        face.points = (1 - mix) * face.points + mix * found.points[row]

    def _born(self, now: _Picture, found: Faces, row: int, past: list[_Picture]) -> None:
        face = self._returning(found, row)
        if face is None:
            face = _Face(Sightings(), found.points[row], found.boxes[row], now.number)
            self.faces.append(face)
        face.open, face.points, face.looked = True, found.points[row], face.looked + 1
        self._hit(face, now, found, row)
        self._back(face, past)

    def _returning(self, found: Faces, row: int) -> _Face | None:
        """Return the closed face that this one continues: like place, like size."""
        for face in reversed(self.faces):
            if face.open:
                continue
            here, there = _length(found.points[row]), _length(face.points)
            apart = float(np.linalg.norm(found.points[row].mean(0) - face.points.mean(0)))
            if apart <= _BACK * max(here, there) and max(here, there) <= _BACK_SIZE * min(here, there):
                return face
        return None

    def _back(self, face: _Face, past: list[_Picture]) -> None:
        """Look for a new face in the pictures since the last detection, backwards while it is there."""
        points, box = face.points, face.box
        for picture in reversed(past):
            found = self.detector.detect(picture.bgr[None])[0]
            row = _nearest(points, box, found)
            if row is None or picture.number in face.seen.points:
                return
            points, box = found.points[row], found.boxes[row]
            face.seen.add(picture.number, box, points, float(found.scores[row]))

    def _last_sight(self, face: _Face, past: list[_Picture]) -> None:
        """Look for a face that is gone in the pictures since the last detection, latest first."""
        for picture in reversed(past):
            found = self.detector.detect(picture.bgr[None])[0]
            row = _nearest(face.points, face.box, found)
            if row is not None:
                face.seen.add(picture.number, found.boxes[row], found.points[row], float(found.scores[row]))
                face.last = picture.number
                return


def link(frames: Iterable[FramesBGR], detector: Detector, *, shot: Shot, every: int) -> tuple[FaceTrack, ...]:
    """Follow all faces of a shot.

    Points are detections and flow fused without lag; `smooth.steady_windows` makes crops calm.

    Args:
        frames: the shot's pictures ``uint8[H, W, 3]`` BGR in order, read once; boxes and points come back
            in their pixels.
        detector: asked every ``every`` frames, in the first and the last one, where flow loses a face and
            where one comes or goes.
        shot: numbers of the pictures.
        every: frames between detections, >= 1.

    Returns:
        Tracks of frames from the first to the last sighting, the longest first. Gaps of up to half a
        second are bridged (score 0 where nothing held the face), in longer ones it is not present.
    """
    gap = max(every, int(_GAP_S * shot.frames.rate))
    follower = _Follower(detector, gap)
    past: list[_Picture] = []  # since the last detection, that one's picture first
    for now, is_last in _pictures(frames, shot.frames.start):
        lost = follower.carry(past[-1], now) if past else True
        if lost or is_last or now.number - past[0].number >= every:
            follower.look(now, past[1:])
            past = []
        past.append(now)
    tracks = [fuse(face.seen, shot.frames.rate, gap) for face in follower.faces if _is_face(face, shot)]
    return tuple(sorted(tracks, key=lambda track: (-int(track.present.sum()), float(track.boxes[0, 0]))))


def _pictures(frames: Iterable[FramesBGR], first: int) -> Iterator[tuple[_Picture, bool]]:
    """Number pictures and tell which one is the last."""
    held: _Picture | None = None
    for number, bgr in enumerate(frames, first):
        if held is not None:
            yield held, False
        held = _Picture(number, bgr, cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY))
    if held is not None:
        yield held, True


def _is_face(face: _Face, shot: Shot) -> bool:
    numbers = sorted(face.seen.points)
    length = numbers[-1] + 1 - numbers[0]
    long_enough = length >= _SHORTEST_S * shot.frames.rate or 2 * length >= len(shot.frames)
    seen = face.hits / face.looked
    again = min(face.mirrored, face.tilted) / face.doubted
    return long_enough and seen >= _SEEN and seen * again >= _TRUST


def _length(points: Floats) -> float:
    """Return the distance from eyes to mouth in pixels."""
    return float(crop.length(points[None])[0])


def _pair(faces: list[_Face], found: Faces) -> dict[int, int]:
    """Pair faces with detections, closest first: face index -> detection row."""
    if not faces or not len(found.scores):
        return {}
    apart = np.stack([_apart(face.points, face.box, found) for face in faces])
    pairs: dict[int, int] = {}
    while np.isfinite(apart).any():
        index, row = np.unravel_index(int(np.argmin(apart)), apart.shape)
        pairs[int(index)] = int(row)
        apart[index, :] = apart[:, row] = np.inf
    return pairs


def _nearest(points: Floats, box: Floats, found: Faces) -> int | None:
    apart = _apart(points, box, found)
    return int(np.argmin(apart)) if np.isfinite(apart).any() else None


def _apart(points: Floats, box: Floats, found: Faces) -> Floats:
    """Return ``float32[N]``, how unlike detections are to a face: distance less overlap, inf = another."""
    if not len(found.scores):
        return np.zeros(0, np.float32)
    distance = np.linalg.norm(found.points - points, axis=2).mean(1) / max(_length(points), 1.0)
    overlap = iou(box[None], found.boxes)[0]
    return np.where(distance <= _NEAR, distance - overlap, np.inf).astype(np.float32)
