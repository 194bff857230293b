"""Render and refine: a second Blender renders the shot, the engine dubs it, strips or a texture come back."""

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from conftest import CLIP, EXAMPLE, strips_of

FRAMES = 14


@pytest.fixture
def shot(saved):
    """Return a scene that films a face: the example's Anna on a screen before the camera."""
    saved.render.engine = "CYCLES"
    saved.cycles.samples, saved.cycles.use_denoising = 1, False
    saved.render.resolution_x, saved.render.resolution_y = 480, 270
    saved.view_settings.view_transform = "Standard"
    saved.frame_start, saved.frame_end = 101, 100 + FRAMES
    bpy.ops.mesh.primitive_plane_add()
    screen = bpy.context.object
    screen.name, screen.scale = "Leinwand", (16 / 9, 1, 1)
    material = bpy.data.materials.new("Bild")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    texture = nodes.new("ShaderNodeTexImage")
    texture.image = bpy.data.images.load(str(EXAMPLE / "media" / "A001C001.mov"))
    texture.image_user.frame_duration, texture.image_user.frame_offset = 300, 20
    light, out = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
    links.new(texture.outputs["Color"], light.inputs["Color"])
    links.new(light.outputs["Emission"], out.inputs["Surface"])
    screen.data.materials.append(material)
    camera = bpy.data.objects.new("Kamera", bpy.data.cameras.new("Kamera"))
    camera.data.type, camera.data.ortho_scale, camera.location.z = "ORTHO", 2 * 16 / 9, 3
    saved.collection.objects.link(camera)
    saved.camera = camera
    screen.w2l.stem.file = str(EXAMPLE / "stems" / "ANNA.fr.wav")
    screen.w2l.stem.character, screen.w2l.stem.start = "ANNA", 101
    bpy.context.view_layer.objects.active = screen
    return saved


def test_a_folder_that_cannot_be_written_is_a_sentence(shot):
    blend = Path(bpy.data.filepath)
    blend.with_name(f"{blend.stem}.w2l").write_text("a file is in the way")
    with pytest.raises(RuntimeError, match=r"scene\.blend cannot be written \(") as told:
        bpy.ops.w2l.refine_render()
    assert "Traceback" not in str(told.value)


def pixels(path):
    """Return a picture as it is stored, ``float[rows, columns, 3]`` in 0..1."""
    image = bpy.data.images.load(str(path), check_existing=False)
    image.colorspace_settings.name = "Non-Color"
    columns, rows = image.size
    found = np.array(image.pixels[:]).reshape(rows, columns, 4)[..., :3]
    bpy.data.images.remove(image)
    return found


def files(strip):
    return [Path(bpy.path.abspath(strip.directory), element.filename) for element in strip.elements]


def test_the_render_and_its_take_come_back_as_strips(shot):
    # The movie on the screen has 8 bits, and the render more.
    shot.view_settings.exposure = 0.2
    shot.frame_step = 5
    kept = (shot.render.filepath, shot.render.image_settings.file_format, bpy.data.filepath)
    assert bpy.ops.w2l.refine_render() == {"FINISHED"}
    assert (shot.render.filepath, shot.render.image_settings.file_format, bpy.data.filepath) == kept
    assert shot.frame_step == 5
    (take,) = [strip for strip in strips_of(shot) if strip.get("w2l_of")]
    (render,) = [strip for strip in strips_of(shot) if not strip.get("w2l_of")]
    for strip in (render, take):
        assert strip.type == "IMAGE"
        assert (strip.frame_final_start, strip.frame_final_end) == (101, 101 + FRAMES)
        assert strip.colorspace_settings.name == "sRGB"
    assert take.channel > render.channel
    assert [path.name for path in files(render)] == [f"Leinwand.{n:04}.png" for n in range(101, 101 + FRAMES)]
    assert sorted(files(render)[0].parent.iterdir()) == files(render)
    plain, dubbed = pixels(files(render)[6]), pixels(files(take)[6])
    steps = plain * 65535 % 257
    assert (np.minimum(steps, 257 - steps) > 2).mean() > 0.5, "16 bits, not 8 that were spread"
    assert 0 < (plain != dubbed).any(axis=2).mean() < 0.3, "lips alone"
    bpy.ops.w2l.refine_render()
    assert len(strips_of(shot)) == 2


def test_the_takes_own_files_come_back_as_an_image_sequence_numbered_like_the_scene(shot):
    bpy.context.object.w2l.deliver = "TEXTURE"
    assert bpy.ops.w2l.refine_render() == {"FINISHED"}
    (image,) = [image for image in bpy.data.images if image.name.startswith("W2L")]
    assert image.source == "SEQUENCE"
    assert (image["w2l_start"], image["w2l_frames"]) == (101, FRAMES)
    first = Path(image.filepath)
    assert first.parts[-4:-2] == ("render", "media")
    written = sorted(path.name for path in first.parent.iterdir())
    assert written == [f"{first.parent.name}.{frame:04}.png" for frame in range(101, 101 + FRAMES)]
    assert written[0] == first.name
    assert pixels(first).shape == (270, 480, 3)


def write(installed, path, green=0.0):
    """Write the pictures that a path stands for; the red of each tells its place among them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = bpy.data.images.new("picture", 8, 8)
    picture.file_format = "PNG"
    for place, name in enumerate(installed("image_sequence").files(path.name)):
        picture.pixels.foreach_set(np.tile(np.float32([place / 20, green, 0, 1]), 64))
        picture.filepath_raw = str(path.with_name(name))
        picture.save()
    bpy.data.images.remove(picture)


@pytest.fixture
def shown(shot, tmp_path):
    """Return ``shown(frame)``: the colour in the middle of a frame, as Blender renders it now."""
    render = shot.render
    render.resolution_x, render.resolution_y, render.image_settings.file_format = 32, 18, "PNG"
    render.filepath = str(tmp_path / "shown.png")

    def show(frame):
        shot.frame_set(frame)
        bpy.ops.render.render(write_still=True)
        return pixels(render.filepath)[9, 16]

    return show


@pytest.mark.parametrize("start", [101, 0])
@pytest.mark.parametrize("hidden", [0, 4])
def test_what_is_told_of_the_texture_node_shows_frame_n_in_frame_n(
    installed, shot, shown, tmp_path, start, hidden
):
    refine, placing, sequence = (installed(name) for name in ("refine", "placing", "image_sequence"))
    path = tmp_path / "a.fr.ab12" / sequence.numbered("a.fr.ab12", start, FRAMES)
    write(installed, path)
    take = placing.Placement(0, path, start + hidden, start + FRAMES, start, "ANNA")
    told = refine._as_texture(take, "Leinwand")
    frames, first, offset = map(int, re.search(r"Frames (.+), Start (.+), Offset (.+), Auto", told).groups())
    nodes = shot.objects["Leinwand"].active_material.node_tree.nodes
    node = next(node for node in nodes if node.type == "TEX_IMAGE")
    node.image = bpy.data.images["W2L Leinwand"]
    node.image_user.frame_duration, node.image_user.frame_start = frames, first
    node.image_user.frame_offset, node.image_user.use_auto_refresh = offset, True
    for frame in (start + hidden, start + hidden + 3, start + FRAMES - 1):
        assert shown(frame)[0] * 20 == pytest.approx(frame - start, abs=0.1)


def rendered(installed, scene, folder, start, stop):
    """Render frames of a scene as the button does; return what stands for the pictures."""
    refine, flows = installed("refine"), installed("flows")
    scene.frame_start, scene.frame_end = start, stop - 1
    pictures = refine._pictures(folder, "Leinwand", start, stop - start)
    child = flows.Child(refine._render(folder, scene.name, pictures), folder / "log", "W2L: rendering")
    flows.Flow(one for one in [child]).wait()
    return pictures


def test_a_render_leaves_nothing_of_the_one_before(installed, shot, tmp_path):
    for frame in (9, 11):
        shot.view_settings.exposure = frame - 10
        shot.view_settings.keyframe_insert("exposure", frame=frame)
    folder = tmp_path / "render"
    first = rendered(installed, shot, folder, 7, 9)
    assert sorted(path.name for path in first.parent.iterdir()) == ["Leinwand.0007.png", "Leinwand.0008.png"]
    again = rendered(installed, shot, folder, 9, 12)
    made = sorted(again.parent.iterdir())
    assert [path.name for path in made] == installed("image_sequence").files(again.name)
    light = [pixels(path).mean() for path in made]
    assert light == sorted(light)
    assert light[2] > 1.5 * light[0], "through the scene's view transform"
    assert not (folder / "part").exists()


def test_no_scene_begins_below_frame_0_where_the_engine_counts_no_files(shot):
    bpy.context.preferences.edit.use_negative_frames = True
    shot.frame_start = -5
    assert shot.frame_start == 0


def test_pictures_that_an_engine_still_reads_are_not_rendered_over(installed, orphan, shot):
    folder = installed("dub").folder_of(shot.name) / "render"
    orphan(folder / "job")
    with pytest.raises(RuntimeError, match="an engine that was started earlier is still at work in"):
        bpy.ops.w2l.refine_render()
    assert [path.name for path in folder.iterdir()] == ["job"]


def test_a_scene_that_was_renamed_meanwhile_is_a_sentence_with_the_place_of_the_take(
    installed, shot, tmp_path
):
    flows = installed("flows")
    steps = installed("refine").W2L_OT_refine_render.steps(SimpleNamespace(), bpy.context)
    next(steps)
    assert isinstance(steps.send("0.1.0"), flows.Child)
    assert isinstance(steps.send(None), flows.EngineJob)
    told = {
        "mark": "0.0#0", "character": "ANNA", "clip": "Leinwand", "take": "/takes/a.mov", "synced": FRAMES,
        "record_start": 0, "frames": FRAMES, "media_start": 0, "take_start": 0, "passed": [],
    }  # fmt: skip
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"ranges": [told], "lang": "fr"}))
    shot.name = "Other"
    with pytest.raises(flows.Failed, match=r"Straße 7\S* is gone or renamed; the takes are in .*media"):
        steps.send({"report": str(report)})


@pytest.fixture
def bring(installed, shot, tmp_path):
    """Return ``bring(start, ...)``: lays a render and its take, and tells where strips lie then."""
    refine, placing, edit = (installed(name) for name in ("refine", "placing", "edit"))

    def lay(start, language="fr", green=0.0):
        path = refine._pictures(tmp_path / "render", "Leinwand", start, FRAMES)
        made = refine._pictures(tmp_path / "media", f"Leinwand.{language}", start, FRAMES)
        for one in (path, made):
            write(installed, one, green)
        picture = edit.Picture("Leinwand", path, start, start + FRAMES, 0, FRAMES, ())
        take = placing.Placement(0, made, start, start + FRAMES, start, "ANNA")
        lay.told = refine._as_strips(shot, picture, [take], language)
        return sorted(
            (strip.type, int(strip.frame_start), bool(strip.get("w2l_of"))) for strip in strips_of(shot)
        )

    return lay


def test_a_take_lies_above_its_render_wherever_that_was_moved(bring, shot):
    bring(101)
    render = next(strip for strip in strips_of(shot) if not strip.get("w2l_of"))
    render.frame_start = 61
    assert bring(101) == [("IMAGE", 61, False), ("IMAGE", 61, True)]
    assert "Leinwand lies 40 frames earlier than it was dubbed" in bring.told


def test_a_render_of_other_frames_takes_the_place_of_the_one_before(bring, shot):
    assert bring(101) == [("IMAGE", 101, False), ("IMAGE", 101, True)]
    assert bring(101, "de") == [("IMAGE", 101, False), ("IMAGE", 101, True), ("IMAGE", 101, True)]
    assert bring(151) == [("IMAGE", 151, False), ("IMAGE", 151, True)]


def test_a_strip_whose_pictures_were_rendered_anew_shows_them(bring, shot, shown):
    bring(101)
    for strip in strips_of(shot):
        strip.mute = bool(strip.get("w2l_of"))
    assert shown(104)[1] < 0.1
    bring(101, green=1.0)
    assert shown(104)[1] > 0.9


def test_a_movie_that_an_older_version_laid_gives_place_to_the_pictures(bring, installed, shot, tmp_path):
    movie = tmp_path / "render" / "Leinwand.mov"
    movie.parent.mkdir()
    shutil.copy(CLIP, movie)
    old = installed("strips").lay_media(shot, movie, 101, "Leinwand")
    over = installed("strips").lay_media(shot, CLIP, 101, "Leinwand fr")
    over["w2l_of"], over["w2l_lang"] = old.name, "fr"
    assert bring(101) == [("IMAGE", 101, False), ("IMAGE", 101, True)]


def test_a_picture_of_the_render_that_the_user_laid_stays(bring, shot, tmp_path):
    shot.sequence_editor_create()
    own = tmp_path / "render" / "plates" / "Leinwand" / "Leinwand.0101.png"
    bring(101)
    strips_of(shot).new_image("Poster", str(own), 5, 1)
    assert len(bring(101)) == len(bring(151)) == 3
    assert strips_of(shot)["Poster"].channel == 5


def test_without_a_camera_the_button_says_so(installed, shot):
    assert bpy.ops.w2l.refine_render.poll()
    shot.camera = None
    assert installed("refine").problem(bpy.context) == "The scene has no camera"
    assert not bpy.ops.w2l.refine_render.poll()
