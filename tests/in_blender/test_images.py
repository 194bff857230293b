"""Image strips: handed to the engine by the name of their files, dubbed by image strips.

No engine works but once. The red of every picture tells its frame, and its blue whether it is a take's.
"""

from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from conftest import CLIP, STEM, TRIM, effect, strips_of, takes

COUNT, SIZE = 60, (96, 54)


def write(folder, prefix, numbers, *, ending="png", blue=0.0):
    """Write one picture for each number; frame 0 bears 1001."""
    folder.mkdir(exist_ok=True)
    picture = bpy.data.images.new("picture", *SIZE, float_buffer=ending == "exr")
    picture.file_format = {"png": "PNG", "exr": "OPEN_EXR"}[ending]
    for number in numbers:
        colour = [(number - 1001) / COUNT, 0.5, blue, 1.0]
        picture.pixels.foreach_set(np.tile(np.float32(colour), SIZE[0] * SIZE[1]))
        picture.filepath_raw = str(folder / f"{prefix}{number}.{ending}")
        picture.save()
    bpy.data.images.remove(picture)
    return folder / f"{prefix}[{numbers[0]}-{numbers[-1]}].{ending}"


def lay(scene, name, files, channel, start):
    strip = strips_of(scene).new_image(name, str(files[0]), channel, start)
    for file in files[1:]:
        strip.elements.append(file.name)
    return strip


@pytest.fixture
def ending():
    return "png"


@pytest.fixture
def shot(saved, tmp_path, ending):
    """Return an image strip whose frames 16..45 are seen at 101..130, with a stem that is a file."""
    saved.sequence_editor_create()
    saved.view_settings.view_transform = "Standard"
    folder = tmp_path / "Bilder"
    write(folder, "sh010.", range(1001, 1001 + COUNT), ending=ending)
    strip = lay(saved, "Anna spricht", sorted(folder.iterdir()), 2, 101 - TRIM)
    strip.frame_offset_start, strip.frame_final_end = TRIM, 131
    strip.select = True
    stem = saved.w2l.stems.add()
    stem.character, stem.file, stem.start = "ANNA", str(STEM), 101
    return strip


@pytest.fixture
def take(shot, tmp_path):
    """Return what stands for a take of the strip that begins four frames before it, and its first frame."""
    path = write(tmp_path / "sh.fr.ab12", "sh.fr.ab12.", range(1013, 1049), blue=1.0)
    return {"take": path, "take_start": 12}


def frame(picture):
    return round(float(picture[0, 0, 0]) * COUNT)


@pytest.mark.parametrize(
    ("offset", "end", "animated", "found"),
    [
        (TRIM, 131, (0, 0), (101, 131, 16)),
        (TRIM, 131, (7, 0), (101, 131, 23)),
        (TRIM, 131, (7, 9), (101, 129, 23)),
        (-5, 190, (0, 0), (85, 145, 0)),
        (-5, 190, (3, 4), (85, 138, 3)),
    ],
)
def test_an_image_strip_is_handed_on_as_the_frames_that_it_shows(
    installed, saved, shot, seen, offset, end, animated, found
):
    """Frames that are trimmed off for good count as well; those that are held do not."""
    shot.animation_offset_start, shot.animation_offset_end = animated
    shot.frame_offset_start = offset
    shot.frame_final_end = end
    picture = installed("strips").picture(saved, shot)
    assert installed("strips").problem(saved, shot) == ""
    assert picture.path.name == f"sh010.[1001-{1000 + COUNT}].png"
    assert (picture.start, picture.stop, picture.media_first, picture.media_frames) == (*found, COUNT)
    assert frame(seen(picture.start)) == picture.media_first
    last = picture.stop - 1
    assert frame(seen(last)) == picture.media_first + last - picture.start


def test_the_take_is_an_image_strip_that_shows_the_same_frames(run, saved, shot, seen, take):
    shot.color_multiply = 0.5
    before = [seen(number) for number in (100, 101, 130, 131)]
    assert run((101, 131), **take).startswith("1 strips laid")
    (laid,) = takes(saved)
    assert (laid.type, laid.channel, laid.name) == ("IMAGE", 3, "Anna spricht fr")
    assert (laid.frame_final_start, laid.frame_final_end, laid.frame_start) == (101, 131, 97)
    assert [one.filename for one in laid.elements] == [f"sh.fr.ab12.{n}.png" for n in range(1013, 1049)]
    assert shot.mute
    after = [seen(number) for number in (100, 101, 130, 131)]
    for old, new in zip(before, after, strict=True):
        assert np.abs(old - new)[..., :2].max() < 0.01
    assert [round(float(picture[0, 0, 2]), 1) for picture in (*before, *after)] == [0.0] * 5 + [0.5, 0.5, 0.0]


def test_a_second_run_lays_nothing_twice_and_replaces_what_it_made_anew(run, saved, shot, take, tmp_path):
    run((101, 131), **take)
    shot.name = "Anna, umbenannt"
    assert run((101, 131), **take).startswith("0 strips laid, 1 were there already")
    other = write(tmp_path / "sh.fr.cd34", "sh.fr.cd34.", range(1017, 1018), blue=1.0)
    assert run((101, 102), take=other, take_start=16).startswith("1 strips laid")
    (laid,) = takes(saved)
    assert [one.filename for one in laid.elements] == ["sh.fr.cd34.1017.png"]
    assert not shot.mute
    assert run((101, 102), take=other, take_start=16).startswith("0 strips laid, 1 were there already")
    run()
    assert not takes(saved)


@pytest.mark.parametrize("ending", ["exr"])
def test_light_is_shown_as_the_plates_is(run, saved, shot, seen, tmp_path):
    """Blender guesses what files hold by their ending, each version otherwise; the user may know better."""
    shot.colorspace_settings.name = "ACEScg"
    before = seen(125)
    run(
        (101, 131),
        take=write(tmp_path / "sh.fr.ab12", "sh.fr.ab12.", range(1013, 1049), ending="exr"),
        take_start=12,
    )
    assert shot.mute
    assert np.abs(seen(125) - before).max() < 0.01
    takes(saved)[0].colorspace_settings.name = "sRGB"
    assert np.abs(seen(125) - before).max() > 0.05


def test_both_parts_of_a_strip_that_was_cut_meanwhile_have_their_takes(run, saved, shot, take):
    cut = []
    told = run((101, 131), meanwhile=lambda: cut.append(shot.split(frame=116, split_method="SOFT")), **take)
    assert told.startswith("2 strips laid")
    spans = [(one.frame_final_start, one.frame_final_end, one.frame_start) for one in takes(saved)]
    assert sorted(spans) == [(101, 116, 97), (116, 131, 97)]
    assert (shot.mute, cut[0].mute) == (True, True)
    assert run((101, 116), **take).startswith("0 strips laid, 1 were there already")


def test_a_strip_that_shows_other_files_meanwhile_stays_as_it_is(run, saved, shot, take):
    told = run((101, 131), meanwhile=lambda: shot.elements.pop(index=COUNT - 1), **take)
    assert f"shows other media than what was dubbed; its take is {take['take']}" in told
    assert not takes(saved)


def test_a_fade_shows_the_take(run, saved, shot, seen, take, tmp_path):
    other = lay(saved, "danach", [tmp_path / "Bilder" / "sh010.1001.png"], 4, 121)
    other.frame_final_end = 151
    fade = effect(saved, "Blende", "CROSS", 5, shot, other)
    assert seen(124)[0, 0, 2] < 0.01
    run((101, 131), **take)
    assert [strip.type for strip in takes(saved)] == ["IMAGE", "CROSS"]
    assert (shot.mute, fade.mute, other.mute) == (True, True, False)
    assert seen(124)[0, 0, 2] > 0.4


def still(scene, shot):
    for index in range(COUNT - 1, 0, -1):
        shot.elements.pop(index=index)
    shot.frame_final_end = 131


def held(scene, shot):
    shot.frame_final_end, shot.frame_offset_start = 190, COUNT + 5


REFUSED = [
    (still, "is a still picture; deselect it"),
    (held, "shows only a held picture; deselect it"),
    (
        lambda scene, shot: shot.elements.pop(index=3),
        "shows sh010.1005.png where sh010.1004.png is to follow",
    ),
    (
        lambda scene, shot: setattr(shot.elements[3], "filename", "../b/sh010.1004.png"),
        "shows ../b/sh010.1004.png where sh010.1004.png is to follow",
    ),
    (
        lambda scene, shot: [setattr(one, "filename", f"{one.filename[:-4]}.jpg") for one in shot.elements],
        "shows sh010.1001.jpg; only numbered files of .exr .dpx .tif .tiff .png are dubbed",
    ),
    (lambda scene, shot: setattr(shot, "use_multiview", True), "is Multi-View"),
    (
        lambda scene, shot: setattr(shot, "directory", "/nowhere/"),
        "picture /nowhere/sh010.1017.png is not there",
    ),
    (lambda scene, shot: Path(shot.directory, "sh010.1046.png").unlink(), "sh010.1046.png is not there"),
    (lambda scene, shot: setattr(shot, "use_reverse_frames", True), "is retimed"),
    (lambda scene, shot: setattr(shot, "strobe", 2), "is retimed"),
    (lambda scene, shot: effect(scene, "schneller", "SPEED", 3, shot), "is retimed"),
]


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_what_is_no_image_sequence_is_refused_in_a_sentence(installed, saved, shot, change, said):
    assert installed("dub").problem(saved) == ""
    change(saved, shot)
    told = installed("dub").problem(saved)
    assert told.startswith("Anna spricht")
    assert said in told


def test_missing_pictures_that_are_not_seen_are_none_of_its_affair(installed, saved, shot):
    Path(shot.directory, "sh010.1001.png").unlink()
    assert installed("strips").problem(saved, shot) == ""


@pytest.mark.parametrize("frames", [30, 45])
def test_of_images_blender_4_2_tells_no_keys_but_how_long_they_last(installed, saved, shot, frames):
    """Keys cannot be added in the module: it ends with its process."""
    told = ("frame_start", "frame_duration", "frame_offset_end")
    retimed = SimpleNamespace(**{name: getattr(shot, name) for name in told}, frame_final_end=101 + frames)
    assert installed("strips")._keyed(retimed) == (frames != 30)


def film_over(scene, shot):
    """Write the pictures of Anna's clip over those of a strip, as light in EXR."""
    render, clip = scene.render, strips_of(scene).new_movie("clip", str(CLIP), 9, 1001)
    wide, high = clip.elements[0].orig_width, clip.elements[0].orig_height
    render.resolution_x, render.resolution_y, render.image_settings.file_format = wide, high, "OPEN_EXR"
    render.filepath = str(Path(shot.directory, "sh010.####.exr"))
    scene.frame_start, scene.frame_end = 1001, 1000 + COUNT
    bpy.ops.render.render(animation=True)
    strips_of(scene).remove(clip)
    render.resolution_x, render.resolution_y, render.image_settings.file_format = *SIZE, "PNG"
    shot.transform.scale_x = shot.transform.scale_y = SIZE[0] / wide


@pytest.mark.parametrize("ending", ["exr"])
def test_the_engine_dubs_an_image_strip(saved, shot, seen):
    film_over(saved, shot)
    before = seen(120)
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.w2l.dub_strips() == {"FINISHED"}
    (laid,) = takes(saved)
    assert (laid.type, laid.channel, laid.frame_final_start, laid.frame_final_end) == ("IMAGE", 3, 101, 131)
    names = [one.filename for one in laid.elements]
    assert all(Path(laid.directory, name).is_file() for name in names)
    assert names[int(101 - laid.frame_start)].endswith(f".{1001 + TRIM}.exr")
    assert shot.mute
    changed = np.abs(seen(120) - before).max(axis=2) > 0.02
    assert 0 < changed.mean() < 0.3
    assert bpy.ops.w2l.dub_strips() == {"FINISHED"}
    assert [strip.name for strip in takes(saved)] == [laid.name]
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert not takes(bpy.context.scene)
    assert not strips_of(bpy.context.scene)["Anna spricht"].mute
