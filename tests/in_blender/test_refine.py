"""Render and refine: a second Blender renders the shot, the engine dubs it, a strip or pictures come back."""

import json
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
from conftest import EXAMPLE

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


def test_the_render_and_its_take_come_back_as_strips(shot):
    shot.frame_step = 5
    kept = (shot.render.filepath, shot.render.image_settings.file_format, bpy.data.filepath)
    assert bpy.ops.w2l.refine_render() == {"FINISHED"}
    assert (shot.render.filepath, shot.render.image_settings.file_format, bpy.data.filepath) == kept
    assert shot.frame_step == 5
    found = getattr(shot.sequence_editor, "strips", None)
    strips = shot.sequence_editor.sequences if found is None else found
    (take,) = [strip for strip in strips if strip.get("w2l_of")]
    (render,) = [strip for strip in strips if strip.type == "MOVIE" and not strip.get("w2l_of")]
    assert (render.frame_final_start, render.frame_final_end) == (101, 101 + FRAMES)
    assert (take.frame_final_start, take.frame_final_end) == (101, 101 + FRAMES)
    assert take.channel > render.channel
    bpy.ops.w2l.refine_render()
    assert len(strips) == 2


def test_the_take_comes_back_as_an_image_sequence_numbered_like_the_scene(shot):
    bpy.context.object.w2l.deliver = "TEXTURE"
    assert bpy.ops.w2l.refine_render() == {"FINISHED"}
    (image,) = [image for image in bpy.data.images if image.name.startswith("W2L")]
    assert image.source == "SEQUENCE"
    assert (image["w2l_start"], image["w2l_frames"]) == (101, FRAMES)
    written = sorted(path.name for path in Path(image.filepath).parent.iterdir())
    assert written == [f"lips_{frame:04d}.png" for frame in range(101, 101 + FRAMES)]
    picture = bpy.data.images.load(str(Path(image.filepath)), check_existing=False)
    assert tuple(picture.size) == (480, 270)


def test_a_movie_that_an_engine_still_reads_is_not_rendered_over(installed, orphan, shot):
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


def test_a_take_lies_above_its_render_wherever_that_was_moved(installed, shot):
    refine, placing, edit = (installed(name) for name in ("refine", "placing", "edit"))
    movie = EXAMPLE / "media" / "A001C001.mov"
    picture = edit.Picture("Leinwand", movie, 101, 101 + FRAMES, 0, FRAMES, ())
    take = placing.Placement(0, movie, 101, 101 + FRAMES, 101, "ANNA")
    render = installed("strips").lay_movie(shot, movie, 61, "Leinwand")
    told = refine._as_strips(shot, picture, [take], "fr")
    (laid,) = [strip for strip in installed("strips").collection(shot) if strip.get("w2l_of")]
    assert (laid.frame_final_start, laid.frame_start) == (61, render.frame_start)
    assert "Leinwand lies 40 frames earlier than it was dubbed" in told


def test_a_render_of_other_frames_takes_the_place_of_the_one_before(installed, shot):
    refine, placing, edit = (installed(name) for name in ("refine", "placing", "edit"))
    movie = EXAMPLE / "media" / "A001C001.mov"

    def bring(start, language):
        picture = edit.Picture("Leinwand", movie, start, start + FRAMES, 0, FRAMES, ())
        take = placing.Placement(0, movie, start, start + FRAMES, start, "ANNA")
        refine._as_strips(shot, picture, [take], language)
        return sorted(
            (int(strip.frame_start), bool(strip.get("w2l_of")))
            for strip in installed("strips").collection(shot)
        )

    assert bring(101, "fr") == [(101, False), (101, True)]
    assert bring(101, "de") == [(101, False), (101, True), (101, True)]
    assert bring(151, "fr") == [(151, False), (151, True)]


def test_without_a_camera_the_button_says_so(installed, shot):
    assert bpy.ops.w2l.refine_render.poll()
    shot.camera = None
    assert installed("refine").problem(bpy.context) == "The scene has no camera"
    assert not bpy.ops.w2l.refine_render.poll()
