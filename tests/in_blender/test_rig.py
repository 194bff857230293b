"""Lips on rigs: shape keys, visemes, bones and properties keyed to a real stem by the real engine."""

import json
import subprocess
from pathlib import Path

import bpy
import numpy as np
import pytest
from conftest import EXAMPLE

STEM = EXAMPLE / "stems" / "ANNA.fr.wav"
START = 101
ARKIT = (
    "browInnerUp", "eyeBlinkLeft", "jawOpen", "jawLeft", "mouthClose", "mouthFunnel", "mouthPucker",
    "mouthSmile_L", "mouthSmile_R", "mouthStretch_L", "mouthStretch_R", "mouthPress_L", "mouthPress_R",
    "mouthLowerDown_L", "mouthLowerDown_R", "mouthUpperUp_L", "mouthUpperUp_R", "mouthRollLower",
)  # fmt: skip
OCULUS = tuple(
    f"viseme_{v}"
    for v in ["sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U"]
)


@pytest.fixture(scope="session")
def told(engine):
    """Return what the engine itself tells of the stem at 24 frames a second."""
    said = subprocess.run(
        [str(engine), "lips", str(STEM), "--json", "--rate", "24"], capture_output=True, check=True
    )
    return json.loads(said.stdout)


def head(scene, names):
    """Return a mesh whose shape keys have these names, ready to be keyed by the stem."""
    bpy.ops.mesh.primitive_cube_add()
    made = bpy.context.object
    made.name = "Köpfchen"
    made.shape_key_add(name="Basis")
    for name in names:
        made.shape_key_add(name=name)
    aim(made)
    return made


def aim(character):
    character.w2l.stem.file, character.w2l.stem.start = str(STEM), START


def curves_of(owner):
    """Return the curves of the one strip in our track: path -> curve, and the strip."""
    (track,) = [track for track in owner.animation_data.nla_tracks if track.name.startswith("W2L")]
    (strip,) = track.strips
    action = strip.action
    if not hasattr(action, "slots"):
        return {(c.data_path, c.array_index): c for c in action.fcurves}, strip
    bag = action.layers[0].strips[0].channelbag(strip.action_slot)
    return {(c.data_path, c.array_index): c for c in bag.fcurves}, strip


def played(scene, keys, name, frames):
    """Return a shape key's value as Blender evaluates it in frames of the scene."""
    found = []
    for frame in frames:
        scene.frame_set(int(frame))
        found.append(keys.key_blocks[name].value)
    return np.array(found)


def test_face_units_are_found_shown_keyed_and_play_the_stem(saved, told):
    made = head(saved, ARKIT)
    assert bpy.ops.w2l.find_controls() == {"FINISHED"}
    rows = {row.source: row.control for row in made.w2l.rows}
    assert rows["mouthSmileLeft"] == "mouthSmile_L"
    assert "browInnerUp" not in rows
    keys = made.data.shape_keys
    assert keys.animation_data is None, "nothing is keyed before the list was shown"
    assert bpy.ops.w2l.key_lips() == {"FINISHED"}

    frames = np.arange(told["frames"])
    jaw = played(saved, keys, "jawOpen", START + frames)
    assert np.abs(jaw - told["channels"]["jawOpen"]).max() < 0.0045
    shut = np.flatnonzero(told["closure"])
    assert len(shut) > 10
    assert np.abs(jaw[shut] - np.array(told["channels"]["jawOpen"])[shut]).max() < 1e-6
    silent = np.flatnonzero((np.array(list(told["channels"].values())) == 0).all(axis=0))
    assert len(silent) > 100
    for name in ("jawOpen", "mouthFunnel", "mouthSmile_L"):
        assert played(saved, keys, name, START + silent).max() < 0.0045
    curves, strip = curves_of(keys)
    assert len(curves['key_blocks["jawOpen"].value', 0].keyframe_points) < told["frames"] * 0.6
    assert (strip.frame_start, strip.frame_end) == (START, START + told["frames"] - 1)


def test_keying_again_replaces_only_what_is_ours(saved, told):
    made = head(saved, ARKIT)
    keys = made.data.shape_keys
    keys.key_blocks["browInnerUp"].keyframe_insert("value", frame=1)
    own = keys.animation_data.action
    bpy.ops.w2l.find_controls()
    bpy.ops.w2l.key_lips()
    curves, strip = curves_of(keys)
    before = {path: len(curve.keyframe_points) for path, curve in curves.items()}
    name, action = strip.name, strip.action
    # The user adds a curve of their own to our action, and takes one of our controls off the list.
    layered = hasattr(action, "slots")
    container = action.layers[0].strips[0].channelbag(strip.action_slot) if layered else action
    container.fcurves.new('key_blocks["eyeBlinkLeft"].value', index=0).keyframe_points.insert(5, 1)
    for row in made.w2l.rows:
        row.use = row.control != "mouthFunnel"
    bpy.ops.w2l.key_lips()
    after, strip = curves_of(keys)
    assert strip.action == action
    assert strip.name == name
    assert ('key_blocks["eyeBlinkLeft"].value', 0) in after
    assert ('key_blocks["mouthFunnel"].value', 0) not in after
    assert (
        len(after['key_blocks["jawOpen"].value', 0].keyframe_points)
        == before['key_blocks["jawOpen"].value', 0]
    )
    assert keys.animation_data.action == own
    assert len([a for a in bpy.data.actions if a.name.startswith("W2L")]) == 1


def test_a_second_stem_has_an_action_of_its_own(saved):
    made = head(saved, ARKIT)
    bpy.ops.w2l.find_controls()
    bpy.ops.w2l.key_lips()
    made.w2l.stem.file, made.w2l.stem.start = str(STEM.with_name("BEN.fr.wav")), 900
    bpy.ops.w2l.key_lips()
    data = made.data.shape_keys.animation_data
    strips = [strip for track in data.nla_tracks for strip in track.strips]
    assert sorted(strip.action.name for strip in strips) == ["W2L ANNA.fr.wav", "W2L BEN.fr.wav"]
    assert len({strip.action for strip in strips}) == 2


@pytest.fixture
def keyed(installed, saved):
    """Return ``keyed(folder, sha256, start)``: keys ANNA.fr.wav of a folder, 31 frames long, made-up lips."""
    made = head(saved, ARKIT)
    bpy.ops.w2l.find_controls()
    lips, edit = installed("lips"), installed("edit")
    names = (*lips.FEATURES, "jawOpen")

    def key(folder, sha256, start):
        moved = lips.Lips(24, sha256, {name: np.linspace(0, 1, 31) for name in names})
        sound = edit.Sound(Path(folder) / "ANNA.fr.wav", start, start + 31, 0, True)
        installed("rig").key(made, moved, sound)
        tracks = made.data.shape_keys.animation_data.nla_tracks
        return sorted((s.frame_start, s.action.name) for track in tracks for s in track.strips)

    return key


FIRST, SECOND, THIRD = "W2L ANNA.fr.wav", "W2L ANNA.fr.wav.001", "W2L ANNA.fr.wav.002"


def test_two_stems_of_one_name_keep_their_keys_beside_each_other(keyed):
    assert keyed("/sc1", "aa", 1) == [(1, FIRST)]
    assert keyed("/sc2", "bb", 500) == [(1, FIRST), (500, SECOND)]
    # They may overlap: stems often end in silence.
    assert keyed("/sc3", "cc", 20) == [(1, FIRST), (20, THIRD), (500, SECOND)]


def test_a_line_that_is_said_twice_has_keys_in_both_places(keyed):
    keyed("/sc1", "aa", 1)
    assert keyed("/sc1", "aa", 500) == [(1, FIRST), (500, SECOND)]
    assert keyed("/sc1", "aa", 500) == [(1, FIRST), (500, SECOND)]


def test_a_stem_that_was_moved_a_little_or_exported_again_replaces_its_own_keys(keyed):
    keyed("/sc1", "aa", 1)
    assert keyed("/sc1", "aa", 6) == [(6, FIRST)]
    assert keyed("/sc1", "bb", 6) == [(6, FIRST)]
    assert keyed("/sc1", "bb", 20) == [(20, FIRST)]


def test_an_own_action_that_hides_ours_is_told(saved):
    made = head(saved, ARKIT)
    made.data.shape_keys.key_blocks["jawOpen"].keyframe_insert("value", frame=1)
    bpy.ops.w2l.find_controls()
    bpy.ops.w2l.key_lips()
    assert "your own action keys" in made.w2l.told
    assert "jawOpen" in made.w2l.told


def test_undo_takes_the_keys_away(saved):
    made = head(saved, ARKIT)
    bpy.ops.w2l.find_controls()
    name = made.name
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.w2l.key_lips()
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    keys = bpy.data.objects[name].data.shape_keys
    assert keys.animation_data is None or not len(keys.animation_data.nla_tracks)
    assert not [a for a in bpy.data.actions if a.name.startswith("W2L")]


def test_visemes_press_where_lips_shut_and_rest_in_silence(saved, told):
    made = head(saved, OCULUS)
    bpy.ops.w2l.find_controls()
    assert {row.source for row in made.w2l.rows} >= {"oculus:PP", "oculus:aa", "oculus:ou"}
    bpy.ops.w2l.key_lips()
    keys = made.data.shape_keys
    shut = np.flatnonzero(told["closure"])
    assert played(saved, keys, "viseme_PP", START + shut).min() > 0.8
    silent = np.flatnonzero((np.array(list(told["channels"].values())) == 0).all(axis=0))
    for name in OCULUS[1:]:
        assert played(saved, keys, name, START + silent).max() < 0.02
    frames = START + np.arange(told["frames"])
    opened = sum(played(saved, keys, f"viseme_{v}", frames) for v in ("aa", "E", "O", "I", "U"))
    assert np.corrcoef(opened, told["opening"])[0, 1] > 0.8


def test_visemes_press_where_p_b_and_m_truly_are(saved, truth):
    """The sound's phones are known, which no engine was told."""
    made = head(saved, OCULUS)
    made.w2l.stem.file = str(EXAMPLE / "media" / "production.flac")
    bpy.ops.w2l.find_controls()
    bpy.ops.w2l.key_lips()
    keys, true = made.data.shape_keys, np.array(truth["opening"])
    frames = START + np.arange(len(true))
    pressed = played(saved, keys, "viseme_PP", frames) > 0.5
    hit = [pressed[int(start * 24) - 1 : int(stop * 24) + 2].any() for start, stop in truth["closures"]]
    assert np.mean(hit) >= 0.9
    assert pressed[true > 0.2].mean() <= 0.05
    opened = sum(played(saved, keys, f"viseme_{v}", frames) for v in ("aa", "E", "O", "I", "U"))
    assert np.corrcoef(opened, true)[0, 1] >= 0.75


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ"])
def test_a_jaw_bone_turns_with_the_opening(saved, told, mode):
    armature = bpy.data.armatures.new("rig")
    made = bpy.data.objects.new("Rig", armature)
    saved.collection.objects.link(made)
    bpy.context.view_layer.objects.active = made
    made.select_set(True)
    bpy.ops.object.mode_set(mode="EDIT")
    bone = armature.edit_bones.new("DEF-jaw")
    bone.tail = (0, 0, 1)
    bone = armature.edit_bones.new("jaw_master")
    bone.tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    made.pose.bones["jaw_master"].rotation_mode = mode
    aim(made)
    bpy.ops.w2l.find_controls()
    assert [(row.control, row.kind) for row in made.w2l.rows] == [("jaw_master", "BONE")]
    bpy.ops.w2l.key_lips()
    widest = int(np.argmax(told["channels"]["jawOpen"]))
    saved.frame_set(START + widest)
    pose = made.pose.bones["jaw_master"]
    turned = pose.rotation_quaternion.to_euler().x if mode == "QUATERNION" else pose.rotation_euler.x
    assert turned == pytest.approx(0.3 * told["channels"]["jawOpen"][widest], abs=0.005)


def test_custom_properties_follow_and_a_mapping_survives_its_file(saved, told, tmp_path):
    made = bpy.data.objects.new("Puppe", None)
    saved.collection.objects.link(made)
    bpy.context.view_layer.objects.active = made
    made["mouth_open"], made["note"] = 0.0, "text"
    aim(made)
    bpy.ops.w2l.find_controls()
    assert [(row.source, row.control) for row in made.w2l.rows] == [("opening", "mouth_open")]
    made.w2l.rows[0].scale = 2.0
    path = tmp_path / "Zuordnung für Puppen.json"
    assert bpy.ops.w2l.mapping_save(filepath=str(path)) == {"FINISHED"}
    bpy.ops.w2l.row_remove()
    assert not bpy.ops.w2l.key_lips.poll()
    assert bpy.ops.w2l.mapping_load(filepath=str(path)) == {"FINISHED"}
    bpy.ops.w2l.key_lips()
    widest = int(np.argmax(told["opening"]))
    saved.frame_set(START + widest)
    assert made["mouth_open"] == pytest.approx(2 * min(1, told["opening"][widest] / 0.4), abs=0.01)
    path.write_text("{}")
    with pytest.raises(RuntimeError, match="no mapping of controls"):
        bpy.ops.w2l.mapping_load(filepath=str(path))


def linked(scene, path):
    """Return a local object whose mesh, with its shape keys, is linked from another file."""
    made = head(scene, ARKIT)
    bpy.data.libraries.write(str(path), {made})
    bpy.data.objects.remove(made)
    with bpy.data.libraries.load(str(path), link=True) as (there, wanted):
        wanted.meshes = there.meshes
    (mesh,) = wanted.meshes
    made = bpy.data.objects.new("Kopf", mesh)
    scene.collection.objects.link(made)
    return made


def test_linked_shape_keys_are_refused_wherever_they_hang(installed, saved, tmp_path):
    rig = installed("rig")
    part = linked(saved, tmp_path / "library.blend")
    root = bpy.data.objects.new("Wurzel", None)
    saved.collection.objects.link(root)
    part.parent = root
    for character in (root, part):
        bpy.context.view_layer.objects.active = character
        aim(character)
        assert bpy.ops.w2l.find_controls() == {"FINISHED"}
        assert rig.problem(bpy.context).startswith("the shape keys of Kopf are linked")
        assert not bpy.ops.w2l.key_lips.poll()
    # A property lies on the object, which is of this file.
    part["mouth_open"] = 0.0
    part.w2l.rows.clear()
    row = part.w2l.rows.add()
    row.source, row.kind, row.owner, row.control = "opening", "PROPERTY", part.name, "mouth_open"
    assert rig.problem(bpy.context) == ""
    assert bpy.ops.w2l.key_lips() == {"FINISHED"}


def test_a_linked_part_is_refused_and_its_override_is_not(installed, saved, tmp_path):
    made = bpy.data.objects.new("Kiefer", None)
    made["mouth_open"] = 0.0
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {made})
    bpy.data.objects.remove(made)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (there, wanted):
        wanted.objects = there.objects
    (part,) = wanted.objects
    row = installed("mapping").Row("opening", "PROPERTY", "Kiefer", "mouth_open")
    problem = installed("controls").problem
    assert problem(row) == "Kiefer is linked: make a library override, or key it in its own file"
    part.override_create(remap_local_usages=True)
    assert problem(row) == ""


def test_what_cannot_be_keyed_says_why(installed, saved):
    problem = installed("rig").problem
    made = head(saved, ["smirk", "grin"])
    assert "Find the character's controls first" in problem(bpy.context)
    with pytest.raises(RuntimeError, match="names that are known"):
        bpy.ops.w2l.find_controls()
    bpy.ops.w2l.row_add()
    row = made.w2l.rows[0]
    row.control = "nothing"
    assert "has no shape nothing" in problem(bpy.context)
    row.control, row.source = "grin", "loudness"
    assert problem(bpy.context) == ""
    with pytest.raises(RuntimeError, match="'loudness', which is no unit"):
        bpy.ops.w2l.key_lips()
    assert made.data.shape_keys.animation_data is None
