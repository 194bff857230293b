"""What lies above a dubbed strip stays above its take, and shows it; how a take looks. No engine works.

Takes are another movie here, so that a rendered frame tells which of the two is seen.
"""

import bpy
import numpy as np
import pytest
from conftest import CLIP, TRIM, effect, strips_of, takes

OTHER = CLIP.with_name("B001C001.mov")


def movie(scene, name, channel, start, stop, path=CLIP):
    """Lay a movie that is seen from one frame to another; the first shows frame TRIM."""
    strip = strips_of(scene).new_movie(name, str(path), channel, start - TRIM)
    strip.frame_offset_start, strip.frame_final_end = TRIM, stop
    return strip


def span(strip):
    return strip.frame_final_start, strip.frame_final_end


def close(one, other):
    return np.abs(one - other).max() < 0.02


def channels(scene):
    return {strip.name: strip.channel for strip in strips_of(scene)}


def test_titles_and_adjustments_stay_above_the_take(run, saved, shot, seen):
    """They lay on the channel that the take is laid on; what lies higher or elsewhere stays where it is."""
    text = effect(saved, "Titel", "TEXT", 3)
    text.frame_final_start, text.frame_final_end = 101, 120
    grade = effect(saved, "Grade", "ADJUSTMENT", 4)
    grade.frame_final_start, grade.frame_final_end = 110, 140
    grade.color_multiply = 0.5
    later = movie(saved, "später", 3, 140, 150)
    run((101, 131), take=OTHER)
    (take,) = takes(saved)
    named = channels(saved)
    assert [named[name] for name in ("Anna spricht", take.name, "Titel", "Grade")] == [2, 3, 4, 5]
    assert later.channel == 3
    graded = seen(125)
    grade.mute = True
    assert graded.mean() < 0.7 * seen(125).mean()
    assert run((101, 131), take=OTHER).startswith("0 strips laid")
    assert channels(saved) == named


def test_a_second_language_lies_above_the_first_and_below_the_title(run, saved, shot):
    effect(saved, "Titel", "TEXT", 3)
    run((101, 131))
    run((101, 131), lang="de")
    assert [channels(saved)[name] for name in ("Anna spricht fr", "Anna spricht de", "Titel")] == [3, 4, 5]


def test_a_take_goes_onto_a_free_channel_below_what_lies_higher(run, saved, shot):
    effect(saved, "Titel", "TEXT", 6)
    run((101, 131))
    assert [channels(saved)[name] for name in ("Anna spricht fr", "Titel")] == [3, 6]


@pytest.mark.parametrize("mute", [True, False])
def test_a_fade_shows_the_take(run, saved, shot, seen, mute):
    """By hand the take would be put into the fade; muted strips fade as well."""
    saved.w2l.mute = mute
    fade = effect(saved, "Blende", "GAMMA_CROSS", 5, shot, movie(saved, "danach", 4, 121, 151))
    before = seen(125)
    run((101, 131), take=OTHER)
    (take,) = (strip for strip in takes(saved) if strip.type == "MOVIE")
    assert (shot.mute, fade.mute) == (mute, mute)
    shown = seen(125)
    fade.input_1 = take
    strips_of(saved).remove(strips_of(saved)["Blende fr"])
    fade.mute = False
    assert close(seen(125), shown)
    assert not close(shown, before)
    fade.input_1, shot.mute = shot, True
    assert close(seen(125), before)


def test_the_fade_of_the_second_language_lies_above_that_of_the_first(run, saved, shot):
    effect(saved, "Blende", "CROSS", 5, shot, movie(saved, "danach", 4, 121, 151))
    run((101, 131))
    run((101, 131), lang="de")
    named = channels(saved)
    assert named["Blende"] < named["Blende fr"] < named["Blende de"]
    assert named["Anna spricht fr"] < named["Anna spricht de"] < named["Blende"]


def test_an_effect_of_one_strip_is_repeated_for_each_take_and_shown_again_without_them(
    run, saved, shot, seen
):
    blur = effect(saved, "Weich", "GAUSSIAN_BLUR", 3, shot)
    blur.size_x = 40
    glow = effect(saved, "Glanz", "GLOW", 4, blur)
    before = [seen(frame) for frame in (105, 118, 128)]
    run((101, 111), (121, 131), take=OTHER)
    assert [not close(seen(f), was) for f, was in zip((105, 118, 128), before, strict=True)] == [
        True,
        False,
        True,
    ]
    ours = [strip for strip in takes(saved) if strip.type in ("GAUSSIAN_BLUR", "GLOW")]
    assert sorted(map(span, ours)) == [(101, 111), (101, 111), (121, 131), (121, 131)]
    assert {strip.size_x for strip in ours if strip.type == "GAUSSIAN_BLUR"} == {40}
    assert (blur.mute, glow.mute) == (False, False)
    run((101, 131), take=OTHER)
    assert (shot.mute, blur.mute, glow.mute) == (True, True, True)
    assert [span(strip) for strip in takes(saved)] == [(101, 131)] * 3
    run()
    assert (shot.mute, blur.mute, glow.mute) == (False, False, False)
    assert not takes(saved)
    assert all(close(seen(f), was) for f, was in zip((105, 118, 128), before, strict=True))


def test_a_second_run_leaves_repeated_effects_and_what_the_user_laid_on_them(run, saved, shot):
    """Blender removes effects together with what they take in."""
    blur = effect(saved, "Weich", "GAUSSIAN_BLUR", 3, shot)
    effect(saved, "Glanz", "GLOW", 4, blur)
    run((101, 131))
    there = strips_of(saved)
    there["Weich fr"].blend_alpha = 0.5
    effect(saved, "Eigenes", "GLOW", 9, there["Glanz fr"])
    named = channels(saved)
    run((101, 131))
    assert channels(saved) == named
    assert there["Weich fr"].blend_alpha == 0.5
    run((101, 121))
    assert [strip.name for strip in takes(saved)] == ["Anna spricht fr", "Weich fr", "Glanz fr"]
    assert "Eigenes" not in channels(saved)
    there.remove(blur)
    run((101, 121))
    assert [strip.type for strip in takes(saved)] == ["MOVIE"]


def test_a_take_that_the_user_muted_is_not_seen_in_a_fade(run, saved, shot, seen):
    fade = effect(saved, "Blende", "CROSS", 5, shot, movie(saved, "danach", 4, 121, 151))
    before = seen(125)
    run((101, 131), take=OTHER)
    strips_of(saved)["Anna spricht fr"].mute = True
    run((101, 131), take=OTHER)
    assert (shot.mute, fade.mute) == (False, False)
    assert close(seen(125), before)


def test_what_was_copied_together_stays_together(run, saved, shot):
    """A copy of a take, and of an effect of ours, is named after the strip that was copied."""
    fade = effect(saved, "Blende", "CROSS", 5, shot, movie(saved, "danach", 4, 121, 151))
    run((101, 131))
    take, ours = takes(saved)
    copy = movie(saved, "Anna spricht.001", 2, 201, 231)
    after = movie(saved, "danach.001", 4, 221, 251)
    again = movie(saved, "Anna spricht fr.001", take.channel, 201, 231)
    fades = [
        effect(saved, "Blende.001", "CROSS", fade.channel, copy, after),
        effect(saved, "Blende fr.001", "CROSS", ours.channel, again, after),
    ]
    for one, of in ((again, take), (fades[1], ours)):
        for name in ("w2l_of", "w2l_lang", "w2l_plate"):
            if name in of:
                one[name] = of[name]
    for one in (copy, fades[0]):
        one.mute = one["w2l_muted"] = True
    run((101, 131))
    assert fades[0].mute
    (laid,) = (strip for strip in takes(saved) if strip.get("w2l_of") == "Blende.001")
    assert (laid.input_1, laid.input_2) == (again, after)


def test_nothing_is_laid_or_lifted_onto_a_muted_channel(run, saved, shot):
    """What lies there is not seen."""
    text = effect(saved, "Titel", "TEXT", 3)
    hidden = movie(saved, "beiseite", 4, 101, 131)
    saved.sequence_editor.channels[4].mute = True
    run((101, 131))
    (take,) = takes(saved)
    assert (take.channel, text.channel, hidden.channel) == (3, 5, 4)
    saved.sequence_editor.channels[3].mute = True
    run((101, 131), lang="de")
    assert channels(saved)["Anna spricht de"] == 5
    assert text.channel == 6


def test_an_effect_on_a_muted_channel_is_not_repeated(run, saved, shot):
    effect(saved, "Weich", "GAUSSIAN_BLUR", 5, shot)
    saved.sequence_editor.channels[5].mute = True
    run((101, 131))
    assert [strip.type for strip in takes(saved)] == ["MOVIE"]


def test_a_take_shows_its_frames_whatever_lies_on_the_highest_channel(run, saved, shot):
    mark = effect(saved, "Wasserzeichen", "TEXT", 128)
    mark.frame_final_start, mark.frame_final_end = 1, 500
    run((101, 131))
    (take,) = takes(saved)
    assert (*span(take), take.frame_start) == (101, 131, 101 - TRIM)
    assert (*span(mark), mark.channel) == (1, 500, 128)


def test_a_multicam_selector_goes_on_to_show_its_camera(run, saved, shot, seen):
    """It goes by channels: it follows what goes up, and where a take lies too high for it, that is told."""
    other = movie(saved, "Kamera 2", 3, 101, 131, OTHER)
    selector = effect(saved, "Auswahl", "MULTICAM", 6)
    selector.frame_final_start, selector.frame_final_end, selector.multicam_source = 101, 131, 3
    before = seen(110)
    assert "Auswahl" not in run((101, 131))
    assert (other.channel, selector.multicam_source) == (4, 4)
    assert close(seen(110), before)
    selector.multicam_source = 2
    assert "Auswahl shows channel 2: the new lips lie on channel 3" in run((101, 131))


def test_a_fade_of_which_a_take_has_a_part_is_told_and_stays_above_it(run, saved, shot, seen):
    effect(saved, "Blende", "CROSS", 5, shot, movie(saved, "danach", 4, 121, 151))
    before = seen(123)
    told = run((101, 126), take=OTHER)
    assert "Blende shows the old lips: no take lasts from its beginning to its end" in told
    assert [strip.type for strip in takes(saved)] == ["MOVIE"]
    assert close(seen(123), before)


def test_a_take_looks_as_its_strip_in_every_frame(run, saved, shot, seen):
    """It shows the same frames here, so nothing may change."""
    for frame, size in ((101, 0.5), (125, 1.5)):
        shot.transform.scale_x = size
        shot.transform.keyframe_insert("scale_x", frame=frame)
        shot.transform.rotation = size
        shot.transform.keyframe_insert("rotation", frame=frame)
    curves = bpy.data.actions[0]
    held = curves.fcurves if hasattr(curves, "fcurves") else curves.layers[0].strips[0].channelbags[0].fcurves
    held[1].modifiers.new("NOISE").strength = 0.5
    editor = saved.sequence_editor
    # From 5.0 on the Sequencer has a scene of its own, which a script without a window has to name.
    with bpy.context.temp_override(scene=saved, sequencer_scene=saved):
        levels = shot.modifiers.new("Stufen", "CURVES")
        tint = shot.modifiers.new("Tönung", "COLOR_BALANCE")
    levels.curve_mapping.curves[3].points.new(0.3, 0.6)
    tint.color_balance.gain = (1.3, 1, 0.7)
    tint.color_balance.keyframe_insert("gain", frame=101)
    tint.color_balance.gain = (0.7, 1, 1.3)
    tint.color_balance.keyframe_insert("gain", frame=125)
    other = movie(saved, "anderes", 9, 301, 311)
    other.select, editor.active_strip = False, other
    frames = (103, 112, 121)
    before = [seen(frame) for frame in frames]
    assert not any(close(before[0], picture) for picture in before[1:])
    run((101, 131))
    assert shot.mute
    assert all(close(seen(frame), was) for frame, was in zip(frames, before, strict=True))
    assert (shot.select, other.select, editor.active_strip == other) == (True, False, True)
    count = len(held)
    run()
    assert len(held) == count // 2
