from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from w2l_studio.config import DubConfig
from w2l_studio.dub import geometry, pieces
from w2l_studio.terms import ClipUse, FaceHint, FaceTrack, Line, Mark, Plate, Segment, Shot
from w2l_studio.timing import FrameRange

RATE = Fraction(24)
PLATE = Plate(Path("a.mov"), 640, 360, RATE, 100, "prores", "yuv422p10le", 10)
INTERLACED = replace(PLATE, field_order="top")
FACE = np.array([[-20, -20], [20, -20], [0, 0], [-14, 24], [14, 24]], np.float32)


def frames(start: int, stop: int) -> FrameRange:
    return FrameRange(start, stop, RATE)


def segment(mark: Mark, plate_range: FrameRange, line: FrameRange) -> Segment:
    clip = ClipUse((0, 0), "shot", frames(0, 60), frames(20, 80), None, PLATE.path)
    lines = (Line(mark, line, (mark.record.start == 0, mark.record.stop == 60)),)
    return Segment("0.0", clip, PLATE, plate_range, frames(8, 92), Fraction(0), True, lines)


def track(shot: FrameRange, x: float, present: Sequence[int] | None = None, size: float = 1.0) -> FaceTrack:
    count = len(shot)
    points = np.tile(FACE * size + [x, 180], (count, 1, 1)).astype(np.float32)
    boxes = np.tile(np.array([x - 40, 120, x + 40, 240], np.float32), (count, 1))
    there = np.ones(count, np.bool_)
    if present is not None:
        there[:] = False
        there[list(present)] = True
    return FaceTrack(shot, boxes, points, there.astype(np.float32), there)


def cutter(
    one: Segment, shot: FrameRange, tracks: Sequence[FaceTrack], scores: list[float] | None = None
) -> pieces.Cutter:
    view = geometry.view(PLATE, 640)
    return pieces.Cutter(one, Shot(0, shot), tracks, view, lambda _: scores, DubConfig(), 96)


def test_a_line_that_ends_at_cuts_is_dubbed_into_the_handles_at_full_strength() -> None:
    one = segment(Mark("m", frames(0, 60)), frames(20, 80), frames(20, 80))
    piece, passed = cutter(one, frames(8, 92), [track(frames(8, 92), 300)]).cut(0)
    assert piece is not None
    assert (piece.frames, passed) == (frames(8, 92), [])
    assert (piece.gain == 1).all()
    assert piece.rule == "only-face"


def test_the_end_of_what_is_rendered_is_no_cut() -> None:
    """Without handles a marked part is all that is looked at, and its shot ends with it."""
    inside = frames(30, 60)
    clip = ClipUse((0, 0), "shot", frames(0, 60), frames(20, 80), None, PLATE.path)
    line = Line(Mark("m", frames(10, 40)), inside, (False, False))
    one = Segment("0.0", clip, PLATE, inside, inside, Fraction(0), False, (line,))
    piece, _ = cutter(one, inside, [track(inside, 300)]).cut(0)
    assert piece is not None
    assert piece.gain[0] < 1
    np.testing.assert_allclose(piece.gain, piece.gain[::-1])


def test_a_line_inside_a_clip_fades_and_touches_nothing_outside_its_mark() -> None:
    one = segment(Mark("m", frames(10, 40)), frames(20, 80), frames(30, 60))
    piece, _ = cutter(one, frames(8, 92), [track(frames(8, 92), 300)]).cut(0)
    assert piece is not None
    assert piece.frames == frames(30, 60)
    np.testing.assert_allclose(piece.gain[:5], [0.2, 0.4, 0.6, 0.8, 1.0])
    np.testing.assert_allclose(piece.gain, piece.gain[::-1])


def test_a_cut_inside_the_clip_is_hard_and_a_lost_face_fades() -> None:
    one = segment(Mark("m", frames(0, 60)), frames(20, 80), frames(20, 80))
    shot = frames(50, 92)
    lost = track(shot, 300, [i for i in range(42) if not 20 <= i < 30])
    piece, passed = cutter(one, shot, [lost]).cut(0)
    assert piece is not None
    assert piece.gain[0] == 1
    assert (piece.gain[20:30] == 0).all()
    assert piece.gain[19] == pytest.approx(0.2)
    assert [(why.code, why.frames) for why in passed] == [("no-face", 10)]


def test_strength_scales_the_whole() -> None:
    one = segment(Mark("m", frames(0, 60), strength=0.5), frames(20, 80), frames(20, 80))
    piece, _ = cutter(one, frames(8, 92), [track(frames(8, 92), 300)]).cut(0)
    assert piece is not None
    assert (piece.gain == 0.5).all()


@pytest.mark.parametrize(("size", "code"), [(0.3, "face-too-small"), (1.0, None)])
def test_faces_too_small_pass_through(size: float, code: str | None) -> None:
    one = segment(Mark("m", frames(0, 60)), frames(20, 80), frames(20, 80))
    piece, passed = cutter(one, frames(8, 92), [track(frames(8, 92), 300, size=size)]).cut(0)
    assert piece is not None
    assert [why.code for why in passed] == ([code] if code else [])
    assert piece.dubbed.any() == (code is None)


def test_no_face_and_unclear_speakers_pass_through_with_the_marked_frames_counted() -> None:
    one = segment(Mark("m", frames(0, 60)), frames(20, 80), frames(20, 80))
    shot = frames(8, 92)
    two = [track(shot, 150), track(shot, 450)]
    assert cutter(one, shot, []).cut(0)[1][0].code == "no-face"
    piece, passed = cutter(one, shot, two, None).cut(0)
    assert piece is None
    assert [(why.code, why.frames) for why in passed] == [("speaker-unclear", 60)]


def test_the_hint_or_the_production_sound_chooses() -> None:
    shot = frames(8, 92)
    two = [track(shot, 150), track(shot, 450)]
    hinted = segment(
        Mark("m", frames(0, 60), hint=FaceHint(0.7, 0.5, 0.7, 0.5)), frames(20, 80), frames(20, 80)
    )
    piece, _ = cutter(hinted, shot, two).cut(0)
    assert piece is not None
    assert piece.rule == "hint"
    centre = np.linalg.inv(np.vstack([piece.maps[0], [0, 0, 1]])) @ [47.5, 47.5, 1]
    assert abs(centre[0] - 450) < 5
    plain = segment(Mark("m", frames(0, 60)), frames(20, 80), frames(20, 80))
    piece, _ = cutter(plain, shot, two, [0.3, 0.05]).cut(0)
    assert piece is not None
    assert piece.rule == "lips-follow-sound"


def test_lines_outside_the_shot_are_not_its_affair() -> None:
    one = segment(Mark("m", frames(10, 40)), frames(20, 80), frames(30, 60))
    assert cutter(one, frames(60, 92), []).cut(0) == (None, [])


def test_a_frame_is_dubbed_with_both_fields_or_not_at_all() -> None:
    """Counted by fields; a face that is found in one field alone leaves the frame to the plate."""
    one = replace(
        segment(Mark("m", frames(0, 60)), frames(20, 80), frames(20, 80)), plate=INTERLACED
    ).in_fields
    shot = one.render_range
    there = [n for n in range(len(shot)) if n not in (61, 62)]
    piece, (missing,) = cutter(one, shot, [track(shot, 300, there)]).cut(0)
    assert piece is not None
    assert (piece.frames, missing.code, missing.frames) == (shot, "no-face", 2)
    assert np.flatnonzero(~piece.dubbed).tolist() == [60, 61, 62, 63]


def test_fades_last_as_long_by_fields_as_by_frames() -> None:
    whole = segment(Mark("m", frames(10, 40)), frames(20, 80), frames(30, 60))
    by_frames, _ = cutter(whole, frames(8, 92), [track(frames(8, 92), 300)]).cut(0)
    one = replace(whole, plate=INTERLACED).in_fields
    by_fields, _ = cutter(one, one.render_range, [track(one.render_range, 300)]).cut(0)
    assert by_frames is not None
    assert by_fields is not None
    assert int((by_fields.gain < 1).sum()) == 2 * int((by_frames.gain < 1).sum()) == 16
