"""Names, visemes, curves and mappings of the extension, without Blender."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from plugins.blender import curves, lips, mapping, naming, visemes
from plugins.blender.mapping import Row


def told(frames=4, **more):
    zeros = [0.0] * frames
    made = {
        "schema": "w2l.lips/1", "fps": "24000/1001", "sha256": "ab", "frames": frames,
        "channels": {"jawOpen": zeros},
        "opening": zeros, "width": [1.0] * frames, "rounding": zeros, "closure": [0] * frames,
    }  # fmt: skip
    return json.dumps({**made, **more})


def test_the_engines_measures_become_parts_of_a_full_movement():
    read = lips.read(told(opening=[0, 0.2, 0.4, 0.9], width=[1, 1.05, 1.2, 0.8]))
    assert read.curves["opening"].tolist() == pytest.approx([0, 0.5, 1, 1])
    assert read.curves["width"].tolist() == pytest.approx([0, 0.5, 1, 0])
    assert read.frames == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "is no lips"),
        ("[]", "is no lips"),
        (told(schema="w2l.lips/2"), "w2l.lips/2, this extension reads w2l.lips/1"),
        (told(rounding=[0.0]), "different lengths"),
    ],
)
def test_an_answer_of_another_form_is_one_sentence(text, said):
    with pytest.raises(lips.LipsError, match=said):
        lips.read(text)


@given(
    arrays.arrays(np.float64, st.integers(2, 60), elements=st.floats(0, 1)),
    st.lists(st.integers(0, 59), max_size=4),
)
def test_a_simplified_curve_is_nowhere_further_off_than_allowed(values, keep):
    keep = np.array([frame for frame in keep if frame < len(values)], int)
    frames = curves.simplify(values, keep)
    joined = np.interp(np.arange(len(values)), frames, values[frames])
    assert np.abs(joined - values).max() <= curves.TOLERANCE + 1e-9
    assert set(keep) <= set(frames)


def test_every_frame_of_shut_lips_keeps_its_key():
    closure = np.array([0, 1, 1, 1, 0, 0, 1, 0.0])
    assert curves.shut(closure).tolist() == [1, 2, 3, 6]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["jawOpen", "mouthFunnel", "MouthSmile_L"], "arkit"),
        (["vrc.v_sil", "vrc.v_pp", "vrc.v_ff", "vrc.v_th", "vrc.v_dd", "vrc.v_kk", "vrc.v_ch", "vrc.v_ss",
          "vrc.v_nn", "vrc.v_rr", "vrc.v_aa", "vrc.v_e", "vrc.v_ih", "vrc.v_oh", "vrc.v_ou", "vrc.blink"],
         "oculus"),
        (["Fcl_MTH_A", "Fcl_MTH_I", "Fcl_MTH_U", "Fcl_MTH_E", "Fcl_MTH_O", "Fcl_EYE_Close"], "vrm"),
        (["mouth.A", "mouth.B", "mouth.C", "mouth.D", "mouth.E", "mouth.F", "mouth.G", "mouth.H", "mouth.X"],
         "rhubarb"),
        (["rest", "MBP", "FV", "L", "etc", "AI", "E", "O", "U", "WQ"], "preston-blair"),
    ],
)  # fmt: skip
def test_sets_are_recognised_by_their_names(names, kind):
    found = naming.shapes(names)
    assert found.kind == kind
    assert set(found.names.values()) <= set(names)


@pytest.mark.parametrize(
    "names", [[], ["smile", "frown"], ["A", "B"], ["mouthFunnel", "mouthPucker", "mouthLeft"]]
)
def test_names_that_say_nothing_are_no_set(names):
    assert naming.shapes(names) is None


@pytest.mark.parametrize(
    ("bones", "jaw"),
    [
        (["DEF-jaw", "ORG-jaw", "MCH-jaw_master", "jaw_master", "jaw_master_mouth", "DEF-jaw.L", "jaw.L.001"],
         "jaw_master"),  # Rigify
        (["DEF-jaw", "DEF-jaw.L", "DEF-jaw.R", "DEF-chin"], "DEF-jaw"),  # Rigify, deforming bones alone
        (["jawbone.x", "c_jawbone.x", "c_teeth_bot.x", "jaw_ref.x"], "c_jawbone.x"),  # Auto-Rig Pro
        (["head", "jaw", "tongue00", "levator05.L"], "jaw"),  # MPFB, MakeHuman
        (["CC_Base_Head", "CC_Base_UpperJaw", "CC_Base_JawRoot", "CC_Base_Teeth02"], "CC_Base_JawRoot"),  # CC
        (["upperJaw", "lowerJaw", "lowerJaw(drv)", "upperTeeth", "lowerTeeth"], "lowerJaw"),  # Daz Genesis 8
        (["lowerjaw", "upperjaw", "lowerteeth"], "lowerjaw"),  # Daz Genesis 9
        (["mixamorig:Head", "mixamorig:HeadTop_End", "mixamorig:Jaw", "mixamorig:Jaw_End"], "mixamorig:Jaw"),
        (["J_Bip_C_Head", "J_Bip_C_Jaw"], "J_Bip_C_Jaw"),  # VRM
        (["FACIAL_C_FacialRoot", "FACIAL_C_Jaw", "FACIAL_L_JawBulge"], "FACIAL_C_Jaw"),  # MetaHuman
        (["Head_M", "Jaw_M", "JawEnd_M"], "Jaw_M"),  # Advanced Skeleton
        (["Bip01 Head", "Bip01 Jaw", "Bip01 JawNub"], "Bip01 Jaw"),  # 3ds Max
        (["Jaw.Bone"], "Jaw.Bone"),
        (["JawBone"], "JawBone"),
        (["JAW_CTRL", "jaw_jnt"], "JAW_CTRL"),
        (["Mandible.001", "Maxilla"], "Mandible.001"),
        (["cjaw"], "cjaw"),
        (["head", "neck", "jaw.L", "jaw.R", "upper_jaw", "jawline", "jaw_end", "c_jaw_retract"], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_jaw_of_common_rigs_is_recognised_by_its_name(bones, jaw):
    assert naming.jaw(bones) == jaw
    assert naming.jaw(bones[::-1]) == jaw


def motion(**values):
    length = len(next(iter(values.values())))
    zero = dict.fromkeys(lips.FEATURES, np.zeros(length))
    return {**zero, **{name: np.array(value, float) for name, value in values.items()}}


@pytest.mark.parametrize(("kind", "shut"), [("oculus", "PP"), ("preston-blair", "MBP"), ("rhubarb", "A")])
def test_visemes_shut_exactly_rest_in_silence_and_never_exceed_one(kind, shut):
    found = visemes.weights(
        kind,
        tuple(visemes.SETS[kind]),
        motion(opening=[0, 1, 0.3, 0], closure=[1, 0, 0, 0], rounding=[0, 0, 1, 0]),
    )
    total = sum(found.values())
    assert total == pytest.approx(np.ones(4))
    assert min(curve.min() for curve in found.values()) >= 0
    assert found[shut][0] > 0.95
    assert found[shut][1:].max() < 0.02
    rest = next(name for name, viseme in visemes.SETS[kind].items() if not any(viseme.look))
    assert found[rest][3] > 0.9999


def test_five_vowels_are_enough_for_a_character():
    found = visemes.weights(
        "vrm", ("aa", "ih", "ou"), motion(opening=[1, 0.25], rounding=[0, 1], width=[0, 0])
    )
    assert found["aa"][0] > 0.9
    assert found["ou"][1] > 0.9


def test_rows_scale_offset_and_survive_their_file():
    rows = (
        Row("jawOpen", mapping.BONE, "Rig", "jaw", "ROT_X", 0.3, 0.1),
        Row("oculus:PP", mapping.SHAPE, "Kopf", "PP"),
    )
    assert mapping.from_json(mapping.to_json(rows), "f.json") == rows
    read = lips.read(told(channels={"jawOpen": [0, 0.5, 1, 0]}, closure=[1, 0, 0, 0]))
    jaw, pressed = mapping.values(rows, read)
    assert jaw.tolist() == pytest.approx([0.1, 0.25, 0.4, 0.1])
    assert pressed[0] == pytest.approx(1, abs=0.01)
    # A unit that the engine never moves is a control at rest, no error.
    assert not mapping.values([Row("tongueOut", mapping.SHAPE, "Kopf", "t")], read)[0].any()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"source": "loud", "kind": "SHAPE", "owner": "a", "control": "b"}], "'loud'"),
        ([{"source": "jawOpen", "kind": "SPRING", "owner": "a", "control": "b"}], "SPRING"),
        ([{"source": "jawOpen", "kind": "SHAPE", "owner": "a", "control": "b", "scale": "x"}], "numbers"),
        ([{"colour": "red"}], "no mapping"),
    ],
)
def test_a_file_that_cannot_be_meant_is_named(rows, said):
    with pytest.raises(mapping.MappingError, match=said) as raised:
        mapping.from_json(json.dumps({"schema": mapping.SCHEMA, "rows": rows}), "/a/f.json")
    assert "/a/f.json" in str(raised.value)
