"""The exported head: glTF that holds what it says, lips that open with the jaw, a face free of hair."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

if importlib.util.find_spec("anny") is None:
    pytest.skip("needs the extra [performers]", allow_module_level=True)

sys.path.insert(0, str(ROOT))
try:
    from examples.talking_head import export, sheet
    from examples.two_voices import cast
finally:
    sys.path.remove(str(ROOT))

FLOAT, UINT = 5126, 5125


@pytest.fixture(scope="module")
def surfaces():
    return export.surfaces(cast.ACTORS["ANNA"])


def read(content):
    """Return a glb's JSON, and a function that reads an accessor."""
    header = np.frombuffer(content, "<u4", 5)
    assert header[:2].tolist() == [0x46546C67, 2]
    assert header[2] == len(content)
    told = json.loads(content[20 : 20 + header[3]])
    body = content[28 + header[3] :]
    assert len(body) == told["buffers"][0]["byteLength"]

    def accessor(number):
        row = told["accessors"][number]
        view = told["bufferViews"][row["bufferView"]]
        dtype = {FLOAT: "<f4", UINT: "<u4"}[row["componentType"]]
        values = np.frombuffer(body, dtype, view["byteLength"] // 4, view["byteOffset"])
        return values.reshape(-1, 3) if row["type"] == "VEC3" else values

    return told, accessor


def test_the_glb_holds_the_surfaces_and_the_units_by_name(surfaces):
    told, accessor = read(export.glb(surfaces, "Anna"))
    head = told["meshes"][0]
    names, primitive = head["extras"]["targetNames"], head["primitives"][0]
    assert len(names) == len(primitive["targets"]) == 52
    assert {"jawOpen", "mouthPucker", "mouthSmileLeft", "eyeBlinkRight"} <= set(names)
    assert [node["name"] for node in told["nodes"]] == ["Head", "Hair", "Clothes", "Anna"]
    places = accessor(primitive["attributes"]["POSITION"])
    np.testing.assert_allclose(places, surfaces[0].places, atol=1e-6)
    assert accessor(primitive["indices"]).max() == len(places) - 1
    moves = accessor(primitive["targets"][names.index("jawOpen")]["POSITION"])
    np.testing.assert_allclose(moves, surfaces[0].morphs["jawOpen"], atol=1e-6)
    colours = accessor(primitive["attributes"]["COLOR_0"])
    assert colours.min() >= 0
    assert colours.max() <= 1


def test_the_jaw_opens_the_lips_and_lowers_the_chin_by_centimetres(surfaces):
    head = surfaces[0]
    moves = head.morphs["jawOpen"]
    front = head.places[:, 2] > 0.12
    assert -0.05 < moves[front, 1].min() < -0.015
    brow = head.places[:, 1] > 0.73
    assert np.abs(moves[brow]).max() < 0.002


def test_hair_leaves_the_face_free(surfaces):
    hair = surfaces[1].places
    before_the_eyes = (np.abs(hair[:, 0]) < 0.04) & (hair[:, 2] > 0.08)
    assert hair[before_the_eyes, 1].min() > 0.74


def test_halving_keeps_the_surface_and_averages_what_it_carries():
    table = np.array([[0, 0, 0, 1.0], [2, 0, 0, 3], [0, 2, 0, 5], [2, 2, 0, 7]])
    finer, triangles = export.halved(table, np.array([[0, 1, 2], [1, 3, 2]]))
    assert (len(finer), len(triangles)) == (9, 8)
    a, b, c = (finer[triangles[:, i], :3] for i in range(3))
    np.testing.assert_allclose(np.cross(b - a, c - a)[:, 2], 1.0)
    assert 4.0 in finer[4:, 3]


def test_the_sheet_finds_the_pictures_of_both_ways_by_the_scenes_frames(tmp_path):
    take = tmp_path / "media" / "Head.en.ab12" / "Head.en.ab12.[0220-0268].png"
    report = tmp_path / "anna.w2l" / "Scene" / "render" / "report.json"
    report.parent.mkdir(parents=True)
    report.write_text(json.dumps({"ranges": [{"take": str(take)}]}))
    shown = [way.file(231 - way.first) for way in sheet.ways(tmp_path)]
    assert shown == [tmp_path / "rig" / "lips_0231.png", take.with_name("Head.en.ab12.0231.png")]
