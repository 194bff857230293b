"""Takes of a second run, and of strips that changed: what is laid, taken away and muted. No engine works."""

from types import SimpleNamespace

import bpy
import pytest
from conftest import CLIP, TRIM, strips_of, takes


def spans(scene):
    return sorted((take.frame_final_start, take.frame_final_end) for take in takes(scene))


def test_a_run_that_dubs_less_leaves_no_frame_without_a_picture(run, saved, shot):
    run((101, 131))
    assert (spans(saved), shot.mute) == ([(101, 131)], True)
    run((101, 116))
    assert (spans(saved), shot.mute) == ([(101, 116)], False)
    run((101, 116), (116, 131))
    assert (spans(saved), shot.mute) == ([(101, 116), (116, 131)], True)


def test_a_take_is_read_in_the_colours_of_its_strip(run, saved, shot):
    shot.colorspace_settings.name = "Linear Rec.709"
    run((101, 131))
    (take,) = takes(saved)
    assert take.colorspace_settings.name == "Linear Rec.709"


def test_a_take_is_deinterlaced_where_its_strip_is(run, saved, shot):
    shot.use_deinterlace = True
    run((101, 131))
    (take,) = takes(saved)
    assert take.use_deinterlace


def test_takes_that_a_run_does_not_name_go(run, saved, shot):
    run((101, 116))
    run((116, 131))
    assert spans(saved) == [(116, 131)]
    run((101, 131))
    run()
    assert (spans(saved), shot.mute) == ([], False)


@pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this module plays no sound")
def test_a_stem_that_is_heard_elsewhere_than_it_was_dubbed_is_told(run, saved):
    """Where it lies is the user's affair, and lips that follow it are not in time there."""
    run((101, 131))
    assert "is heard from" not in saved.w2l.told
    saved.w2l.stems[0].start = 111
    run((101, 131))
    assert "ANNA.fr.wav was dubbed from frame 111 on and is heard from frame 101 on" in saved.w2l.told
    sounds = [strip for strip in strips_of(saved) if strip.type == "SOUND"]
    assert [strip.frame_start for strip in sounds] == [101]
    sounds[0].frame_start = 111
    run((101, 131))
    assert "is heard from" not in saved.w2l.told


def test_takes_of_a_strip_that_was_renamed_go_too(run, saved, shot):
    run((101, 131))
    shot.name = "Anna, zweiter Versuch"
    run((101, 116))
    assert (spans(saved), shot.mute) == ([(101, 116)], False)


def test_the_other_language_stays_and_so_does_what_it_covers(run, saved, shot):
    run((101, 131))
    run((101, 116), lang="de")
    assert (spans(saved), shot.mute) == ([(101, 116), (101, 131)], True)
    run(lang="fr")
    assert (spans(saved), shot.mute) == ([(101, 116)], False)


def test_what_the_user_muted_stays_muted_and_unasked_nothing_is(run, saved, shot):
    shot.mute = True
    run((101, 131))
    run((101, 116))
    assert shot.mute
    shot.mute = saved.w2l.mute = False
    run((101, 131))
    assert not shot.mute
    saved.w2l.mute = True
    run((101, 131))
    assert shot.mute
    saved.w2l.mute = False
    run((101, 131))
    assert not shot.mute


def test_a_take_that_was_copied_along_with_its_strip_stays(run, saved, shot):
    run((101, 131))
    copy = strips_of(saved).new_movie("Anna spricht.001", str(CLIP), 2, 201 - TRIM)
    copy.frame_offset_start, copy.frame_final_end = TRIM, 231
    copy.mute = copy["w2l_muted"] = True
    along = strips_of(saved).new_movie("take.001", str(CLIP), 3, 201 - TRIM)
    along.frame_offset_start, along.frame_final_end = TRIM, 231
    along["w2l_of"], along["w2l_lang"] = shot.name, "fr"
    run((101, 116))
    assert spans(saved) == [(101, 116), (201, 231)]
    assert (shot.mute, copy.mute) == (False, True)


def test_the_other_half_of_a_cut_strip_is_shown_when_the_take_above_both_goes(run, saved, shot):
    run((101, 131))
    other = strips_of(saved).new_movie("Anna spricht.001", str(CLIP), 2, 101 - TRIM)
    shot.frame_final_end = 116
    other.frame_offset_start, other.frame_final_end, other.channel = TRIM + 15, 131, 2
    other.mute = other["w2l_muted"] = True
    run((101, 116))
    assert spans(saved) == [(101, 116)]
    assert (shot.mute, other.mute) == (True, False)


def test_a_strip_that_was_moved_meanwhile_has_its_take_where_it_is(run, saved, shot):
    def move():
        shot.frame_start += 50

    told = run((101, 131), meanwhile=move)
    assert (spans(saved), shot.mute) == ([(151, 181)], True)
    (take,) = takes(saved)
    assert take.frame_start == shot.frame_start
    assert "Anna spricht lies 50 frames later than it was dubbed" in told
    assert told in saved.w2l.told.replace("\n", "; ")


def test_a_strip_that_was_trimmed_meanwhile_has_no_more_take_than_it_shows(run, saved, shot):
    def trim():
        shot.frame_offset_start, shot.frame_final_end = TRIM + 5, 140

    assert "earlier" not in run((101, 131), meanwhile=trim)
    assert (spans(saved), shot.mute) == ([(106, 131)], False)
    (take,) = takes(saved)
    assert take.frame_start == shot.frame_start


@pytest.mark.parametrize(("goes", "moved"), [(False, 0), (False, 50), (True, 0)])
def test_both_parts_of_a_strip_that_was_cut_meanwhile_have_their_takes(run, saved, shot, goes, moved):
    cut = []

    def split():
        cut.append(shot.split(frame=116, split_method="SOFT"))
        # Neither a copy of what is left nor frames that were not dubbed are parts of it.
        for start, stop in ((101, 106), (131, 140)):
            copy = strips_of(saved).new_movie("Kopie", str(CLIP), 9, 101 - TRIM)
            copy.frame_offset_start, copy.frame_final_end = TRIM + start - 101, stop
        for strip in (shot, *cut):
            strip.frame_start += moved
        if goes:
            strips_of(saved).remove(shot)

    told = run((101, 131), meanwhile=split)
    both = [(101 + moved, 116 + moved), (116 + moved, 131 + moved)]
    # Where what was left is gone, a copy of it lies where it lay as well.
    assert spans(saved) == ([(101, 106), both[1]] if goes else both)
    assert cut[0].mute
    assert told.startswith("2 strips laid")
    assert ("lies 50 frames later" in told) == bool(moved)
    if not goes and not moved:
        assert run((101, 116)).startswith("0 strips laid, 1 were there already")
        assert spans(saved) == both


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda shot: setattr(shot, "frame_offset_start", TRIM + 30), "no longer shows what was dubbed"),
        (lambda shot: setattr(shot, "filepath", str(CLIP.with_name("B001C001.mov"))), "other media"),
        (lambda shot: setattr(shot, "use_reverse_frames", True), "is retimed"),
    ],
)
def test_a_strip_that_its_take_no_longer_fits_stays_as_it_is(run, saved, shot, change, said):
    shot.frame_final_end = 161
    told = run((101, 131), meanwhile=lambda: change(shot))
    assert f"its take is {CLIP}" in told
    assert said in told
    assert (spans(saved), shot.mute) == ([], False)


def test_a_scene_that_was_renamed_meanwhile_is_a_sentence_with_the_place_of_the_takes(
    installed, saved, shot, tmp_path
):
    flows = installed("flows")
    steps = installed("dub").W2L_OT_dub_strips.steps(SimpleNamespace(), bpy.context)
    next(steps)
    assert isinstance(steps.send("0.1.0"), flows.EngineJob)
    report = tmp_path / "report.json"
    report.write_text('{"ranges": [], "lang": "fr"}')
    saved.name = "Other"
    with pytest.raises(flows.Failed, match=r"Straße 7\S* is gone or renamed; the takes are in .*media"):
        steps.send({"report": str(report)})


@pytest.mark.parametrize(
    ("name", "safe"), [("CON", "CON_"), ("nul", "nul_"), ("Lpt9", "Lpt9_"), ("Anna spricht", "Anna_spricht")]
)
def test_folders_have_names_that_every_system_takes(name, safe, installed, saved):
    assert installed("dub").folder_of(name).name == safe
