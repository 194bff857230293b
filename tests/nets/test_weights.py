import errno
import hashlib
import json
import subprocess
import sys
import zipfile
from collections import OrderedDict
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from w2l_studio.config import MouthConfig
from w2l_studio.errors import OutputError, UsageError, WeightsError
from w2l_studio.faces.detect_retinaface import RetinaFace as Detector
from w2l_studio.faces.retinaface_net import RetinaFace
from w2l_studio.nets import checkpoint, public, registry, weights
from w2l_studio.nets.contrast import Contrast
from w2l_studio.nets.critic import Critic
from w2l_studio.nets.expert import Expert
from w2l_studio.nets.generator import Generator
from w2l_studio.nets.listener import Listener
from w2l_studio.nets.meta import KINDS, Meta
from w2l_studio.nets.opening import Opening
from w2l_studio.nets.syncnet import SyncNet

SLIM = Meta(
    "generator", width=0.125, lead_ms=-20.0, recipe="test", steps=7, licence="Apache-2.0", commercial=True
)


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture(scope="module")
def slim():
    torch.manual_seed(0)
    return Generator(0.125).eval()


@pytest.fixture(scope="module")
def published():
    """A published generator's content: DataParallel's prefix, no num_batches_tracked, optimiser beside it."""
    torch.manual_seed(1)
    net = Generator().eval()
    state = OrderedDict(
        (f"module.{key}", value)
        for key, value in net.state_dict().items()
        if not key.endswith("num_batches_tracked")
    )
    return net, {"state_dict": state, "optimizer": None, "global_step": 258000, "global_epoch": 88}


def same(a, b, within=0.0):
    b = b.state_dict()
    for key, value in a.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(value, b[key], atol=within, rtol=within), key


# --- ours -------------------------------------------------------------------------------------


def test_save_and_load(slim, tmp_path):
    path = tmp_path / "slim.safetensors"
    weights.save(slim, path, SLIM)
    net, meta = weights.load_generator(path)
    assert meta == SLIM
    assert not net.training
    same(slim, net, within=1e-3)
    assert all(value.dtype == torch.float32 for value in net.parameters())
    with safe_open(path, framework="pt") as file:
        kinds = {key.rsplit(".", 1)[-1]: str(file.get_tensor(key).dtype) for key in file.keys()}  # noqa: SIM118
    assert kinds["weight"] == "torch.float16"
    assert kinds["running_var"] == "torch.float32"
    assert not list(tmp_path.glob("*.part"))


def test_bf16_is_read_as_fp32(slim, tmp_path):
    path = tmp_path / "slim.safetensors"
    halves = {key: value.bfloat16() for key, value in slim.state_dict().items() if value.is_floating_point()}
    save_file(halves, path, SLIM.to_header())
    net, _ = weights.load_generator(path)
    same(slim, net, within=1e-2)
    assert net.output_block[1].weight.dtype == torch.float32


def test_save_says_where_it_cannot_write(slim, tmp_path):
    with pytest.raises(OutputError, match="nowhere"):
        weights.save(slim, tmp_path / "nowhere" / "slim.safetensors", SLIM)


@pytest.mark.parametrize("net", [Expert(0.125, 3), Contrast()], ids=["paper", "contrast"])
def test_experts(net, tmp_path):
    path = tmp_path / "expert.safetensors"
    weights.save(net, path, Meta("expert", width=0.125, frames=3))
    loaded = weights.load_expert(path)
    assert type(loaded) is type(net)
    same(net, loaded, within=1e-3)


def test_opening_and_syncnet(tmp_path):
    opening = Opening()
    weights.save(opening, tmp_path / "opening.safetensors", Meta("opening"))
    same(opening, weights.load_opening(tmp_path / "opening.safetensors"), within=1e-3)
    syncnet = SyncNet()
    torch.save(syncnet.state_dict(), tmp_path / "syncnet_v2.model")
    same(syncnet, weights.load_syncnet(tmp_path / "syncnet_v2.model"))


# --- published --------------------------------------------------------------------------------


def test_published_generator(published, tmp_path):
    net, content = published
    path = tmp_path / "wav2lip_gan.pth"
    torch.save(content, path)
    loaded, meta = weights.load_generator(path)
    same(net, loaded)
    assert (meta.width, meta.face_px, meta.lead_ms) == (1.0, 96, -40.0)
    assert weights.add(path).name == "wav2lip_gan"


def test_legacy_format_and_parcels(slim, tmp_path):
    """Torch before 1.6 wrote no zip; retinaface-pytorch packs such a file into one."""
    torch.save(slim.state_dict(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(tmp_path / "parcel.zip", "w") as parcel:
        parcel.write(tmp_path / "old.pth", "old.pth")
    for name in ("old.pth", "parcel.zip"):
        state = weights.load_state(tmp_path / name)
        assert torch.equal(state["output_block.1.bias"], slim.output_block[1].bias)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda state: state.pop("module.audio_encoder.3.conv_block.0.bias"),
            "audio_encoder.3.conv_block.0.bias is missing",
        ),
        (
            lambda state: state.update({"module.extra.weight": torch.zeros(1)}),
            "extra.weight belongs to no layer",
        ),
        (
            lambda state: state.update({"module.output_block.1.weight": torch.zeros(3, 16, 1, 1)}),
            r"output_block.1.weight has the shape \[3, 16, 1, 1\] instead of \[3, 32, 1, 1\]",
        ),
    ],
)
def test_first_wrong_key_is_named(published, tmp_path, change, message):
    _, content = published
    content = {**content, "state_dict": dict(content["state_dict"])}
    change(content["state_dict"])
    torch.save(content, tmp_path / "wrong.pth")
    with pytest.raises(WeightsError, match=message):
        weights.load_generator(tmp_path / "wrong.pth")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><html>Sign in", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "LFS pointer"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j", "incomplete"),
        (b"", "incomplete"),
        (b"PK\x03\x04half a zip", "incomplete"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "incomplete or not a torch checkpoint"),
        (b")r\xae\xf0", "incomplete or not a torch checkpoint"),
        (b"\x10\x00\x00\x00\x00\x00\x00\x00{}", "incomplete safetensors"),
    ],
)
def test_what_is_no_checkpoint(tmp_path, content, message):
    path = tmp_path / "wav2lip.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        weights.load_generator(path)
    with pytest.raises(WeightsError, match=message):
        weights.load_state(path)


def test_text_that_is_called_safetensors_is_told(tmp_path):
    path = tmp_path / "junk.safetensors"
    path.write_text("hello\n")
    with pytest.raises(WeightsError, match=r"junk\.safetensors: it is an incomplete safetensors file"):
        weights.load_generator(path)


def test_half_a_safetensors_file_is_told_by_whatever_reads_it(slim, tmp_path):
    path = tmp_path / "half.safetensors"
    weights.save(slim, path, SLIM)
    path.write_bytes(path.read_bytes()[:-1000])
    for read in (weights.load_state, weights.load_generator, weights.add):
        with pytest.raises(WeightsError, match=r"half\.safetensors: it is an incomplete safetensors file"):
            read(path)


def test_a_zip_of_something_else_is_no_checkpoint(tmp_path):
    with zipfile.ZipFile(tmp_path / "small.zip", "w") as parcel:
        parcel.writestr("a", "b")
    with pytest.raises(WeightsError, match="incomplete or not a torch checkpoint"):
        weights.load_state(tmp_path / "small.zip")


def test_a_parcel_of_more_than_weights_have_is_not_unpacked(slim, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "_MOST_UNPACKED", 1000)
    torch.save({"lips.bias": torch.zeros(1000)}, tmp_path / "small.pth")
    with zipfile.ZipFile(tmp_path / "parcel.zip", "w") as parcel:
        parcel.write(tmp_path / "small.pth", "small.pth")
    with pytest.raises(WeightsError, match="too large for weights"):
        weights.load_state(tmp_path / "parcel.zip")


@pytest.mark.filterwarnings("ignore")  # torch calls some of these kinds of tensors unfinished
@pytest.mark.parametrize(
    "odd",
    [
        lambda: {0: torch.zeros(2)},
        lambda: {"lips.bias": torch.zeros(1, dtype=torch.float16).expand(1 << 42)},
        lambda: {"lips.bias": torch.ones(2, 2).to_sparse()},
        lambda: {"lips.bias": torch.ones(2, 2).to_sparse_csr()},
        lambda: {"lips.bias": torch.zeros(2, device="meta")},
        lambda: {"lips.bias": torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.qint8)},
        lambda: {"lips.bias": torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])},
        lambda: {"lips.bias": torch.zeros(2, dtype=torch.complex64)},
        lambda: {"lips.bias": torch.zeros(2, dtype=torch.bool)},
    ],
    ids=["number", "expanded", "sparse", "csr", "meta", "quantized", "nested", "complex", "boolean"],
)
def test_tensors_that_are_no_networks_are_refused(odd, tmp_path):
    torch.save(odd(), tmp_path / "odd.pth")
    for read in (weights.add, weights.load_state, weights.load_lips):
        with pytest.raises(WeightsError, match=r"odd\.pth: it is .*(0|'lips\.bias') is no plain tensor"):
            read(tmp_path / "odd.pth")


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(slim, wrong, tmp_path):
    state = {**slim.state_dict(), "output_block.1.bias": torch.tensor([0, wrong, 0])}
    torch.save(state, tmp_path / "nan.pth")
    for read in (weights.load_generator, weights.load_state):
        with pytest.raises(WeightsError, match=r"output_block\.1\.bias holds infinity or NaN"):
            read(tmp_path / "nan.pth")


def test_a_count_of_another_shape_is_told(slim, tmp_path):
    path, key = tmp_path / "slim.safetensors", "output_block.0.conv_block.1.num_batches_tracked"
    save_file({**slim.state_dict(), key: torch.zeros(3, dtype=torch.int64)}, path, SLIM.to_header())
    with pytest.raises(WeightsError, match="num_batches_tracked has the shape"):
        weights.load_generator(path)


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    torch.save({"state_dict": {"a": torch.zeros(1)}, "epoch": Path("x")}, tmp_path / "evil.pth")
    with pytest.raises(WeightsError, match="more than tensors"):
        weights.load_generator(tmp_path / "evil.pth")


def test_weights_of_another_network(tmp_path):
    torch.save(Expert(0.125).state_dict(), tmp_path / "expert.pth")
    with pytest.raises(WeightsError, match="missing"):
        weights.load_generator(tmp_path / "expert.pth")
    weights.save(Critic(0.125), tmp_path / "critic.safetensors", Meta("critic"))
    with pytest.raises(WeightsError, match="critic, not generator"):
        weights.load_generator(tmp_path / "critic.safetensors")
    with pytest.raises(WeightsError, match="no such file"):
        weights.load_opening(tmp_path / "nothing.pth")


# --- registry ---------------------------------------------------------------------------------


def _user():
    return [entry for entry in weights.entries() if not entry.built_in]


def test_add_find_and_replace(slim, tmp_path):
    path = tmp_path / "my voice.safetensors"
    weights.save(slim, path, SLIM)
    entry = weights.add(path)
    assert (entry.name, entry.kind, entry.licence, entry.commercial) == (
        "my-voice",
        "generator",
        "Apache-2.0",
        True,
    )
    assert entry.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert weights.find("my-voice", "generator") == entry
    assert weights.find(path).sha256 == entry.sha256
    assert json.loads(json.dumps(entry.to_json()))["path"] == str(entry.path)
    weights.save(Expert(0.125), path, Meta("expert", width=0.125))
    other = weights.add(path, "my-voice")
    assert _user() == [other]
    assert not entry.path.exists()


def test_what_was_added_last_is_used_by_its_name_alone(slim, tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    weights.save(slim, path, Meta("expert"))
    weights.add(path, "mine")
    (tmp_path / "expert").write_text("a file of that name is no network either")
    monkeypatch.chdir(tmp_path)
    assert weights.find(MouthConfig().expert, "expert").built_in
    with pytest.raises(WeightsError):
        weights.find("expert", "expert")


@pytest.mark.parametrize("name", ["", "../up", "a b", "-x"])
def test_names_that_are_none(slim, tmp_path, name):
    path = tmp_path / "a.safetensors"
    weights.save(slim, path, SLIM)
    if name == "":
        assert weights.add(path, name).name == "a"
        return
    with pytest.raises(UsageError, match="no name for weights"):
        weights.add(path, name)


def test_altered_weights_are_refused(slim, tmp_path):
    path = tmp_path / "slim.safetensors"
    weights.save(slim, path, SLIM)
    entry = weights.add(path)
    content = bytearray(entry.path.read_bytes())
    content[-1] ^= 1
    entry.path.write_bytes(content)
    with pytest.raises(WeightsError) as caught:
        weights.find("slim")
    assert caught.value.exit_code == 5
    assert str(entry.path) in str(caught.value)
    assert entry.sha256 in str(caught.value)
    assert hashlib.sha256(content).hexdigest() in str(caught.value)
    entry.path.unlink()
    with pytest.raises(WeightsError, match="gone"):
        weights.find("slim")


def test_unknown_names_and_wrong_kinds(slim, tmp_path):
    for name in ("no-such-weights", "x" * 5000, "no\0weights"):
        with pytest.raises(WeightsError, match="weights add FILE"):
            weights.find(name)
    path = tmp_path / "slim.safetensors"
    weights.save(slim, path, SLIM)
    with pytest.raises(WeightsError, match="generator, not expert"):
        weights.find(path, "expert")


ROW = {**dict.fromkeys(("name", "kind", "file", "sha256", "licence", "description"), "x"), "commercial": True}


@pytest.mark.parametrize(
    "text",
    ["[{", "[" * 100_000, "5", json.dumps([{**ROW, "name": 5}]), json.dumps([{**ROW, "kind": []}])],
    ids=["half", "deep", "number", "name", "kind"],
)
def test_damaged_list(text, store):
    store.mkdir()
    (store / "weights.json").write_text(text)
    with pytest.raises(WeightsError, match="damaged"):
        weights.entries()


def test_a_folders_list_has_one_of_each_name_and_the_newest_last(tmp_path):
    assert registry.listed(tmp_path) == []
    one, two = (
        registry.Entry(name, "opening", tmp_path / f"{name}.pth", "0" * 64, "CC0", True, "Ø", built_in=False)
        for name in ("one", "two")
    )
    newer = replace(one, sha256="1" * 64, path=tmp_path / "newer.pth")
    for entry in (one, two, newer):
        registry.enter(tmp_path, entry)
    assert registry.listed(tmp_path) == [two, newer]


def test_what_a_generator_hears_through_is_found_by_content_though_its_name_is_taken(slim, store, tmp_path):
    """A later engine may bring weights of a name that somebody gave to theirs before."""
    taken = next(entry.name for entry in weights.entries() if entry.kind == "lips")
    store.mkdir()
    (store / "old.safetensors").write_bytes(b"those that it was trained with")
    sha256 = hashlib.sha256(b"those that it was trained with").hexdigest()
    old = registry.Entry(taken, "lips", store / "old.safetensors", sha256, "CC0", True, "", built_in=False)
    registry.enter(store, old)
    path = tmp_path / "slim.safetensors"
    weights.save(slim, path, replace(SLIM, listens=sha256))
    assert weights.ears_of(weights.find(path)) == old
    old.path.write_bytes(b"others")
    with pytest.raises(WeightsError, match="was altered"):
        weights.ears_of(weights.find(path))


def test_store_that_cannot_be_written(slim, tmp_path, monkeypatch):
    path = tmp_path / "slim.safetensors"
    weights.save(slim, path, SLIM)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(tmp_path / "file" / "store"))
    with pytest.raises(OutputError):
        weights.add(path)


def test_kinds_are_found_by_keys(tmp_path):
    nets = {
        "expert": Expert(0.125),
        "critic": Critic(0.125),
        "syncnet": SyncNet(),
        "opening": Opening(),
        "generator": Generator(0.125),
    }
    for kind, net in nets.items():
        torch.save(net.state_dict(), tmp_path / f"{kind}.pth")
        assert weights.add(tmp_path / f"{kind}.pth").kind == kind
    torch.save(Contrast().state_dict(), tmp_path / "contrast.pth")
    assert weights.add(tmp_path / "contrast.pth").kind == "expert"
    for body in ("mobilenet", "resnet50"):
        first = "body.conv1.weight" if body == "resnet50" else "body.stage1.0.0.weight"
        state = {f"module.{first}": torch.zeros(1), "module.LandmarkHead.0.conv1x1.weight": torch.zeros(1)}
        torch.save(state, tmp_path / f"{body}.pth")
        entry = weights.add(tmp_path / f"{body}.pth")
        assert (entry.name, entry.kind) == (f"retinaface-{body}", "retinaface")
    torch.save({"conv.weight": torch.zeros(1)}, tmp_path / "stranger.pth")
    with pytest.raises(WeightsError, match=r"conv\.weight"):
        weights.add(tmp_path / "stranger.pth")


def test_a_header_of_an_unknown_kind_is_refused(tmp_path):
    weights.save(Opening(), tmp_path / "w.safetensors", Meta("banana"))
    with pytest.raises(WeightsError, match="header says that it is a 'banana', which is not known here"):
        weights.add(tmp_path / "w.safetensors")


def test_every_kind_that_keys_tell_is_known():
    assert {kind for _, kind in checkpoint._SIGNS} < set(KINDS)


def test_weights_are_for_everybody_to_read(tmp_path):
    weights.save(Opening(), tmp_path / "w.safetensors", Meta("opening"))
    assert (tmp_path / "w.safetensors").stat().st_mode & 0o777 == 0o644


def test_detectors_keep_their_names_by_which_their_families_differ(tmp_path):
    """Keys with ``module.`` want pictures as biubug6 trains on them, others as retinaface-pytorch does."""
    net = RetinaFace(resnet=True).state_dict()
    for name, prefix in (("biubug6", "module."), ("retinaface-pytorch", "")):
        torch.save({f"{prefix}{key}": value for key, value in net.items()}, tmp_path / f"{name}.pth")
    found = [
        Detector(weights.load_state(tmp_path / f"{name}.pth")).imagenet
        for name in ("biubug6", "retinaface-pytorch")
    ]
    assert found == [False, True]


def test_yunet_by_content(tmp_path):
    (tmp_path / "face.onnx").write_bytes(b"\x08\x06pytorch cls_8 obj_16 kps_32")
    entry = weights.add(tmp_path / "face.onnx")
    assert (entry.name, entry.kind) == ("yunet", "yunet")
    (tmp_path / "other.onnx").write_bytes(b"\x08\x06pytorch")
    with pytest.raises(WeightsError, match="not YuNet"):
        weights.add(tmp_path / "other.onnx")


def test_a_detector_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    (tmp_path / "face.onnx").write_bytes(b"")
    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(WeightsError, match=r"face\.onnx: cannot be read \(Permission denied\)"):
        weights.add(tmp_path / "face.onnx")


def test_built_in_weights_are_whole_and_their_names_taken(slim, tmp_path):
    built_in = [entry for entry in weights.entries() if entry.built_in]
    assert built_in
    for entry in built_in:
        assert weights.find(entry.name, entry.kind) == entry
    path = tmp_path / "slim.safetensors"
    weights.save(slim, path, SLIM)
    for entry in built_in:
        with pytest.raises(UsageError, match="built-in"):
            weights.add(path, entry.name)


def test_listing_needs_no_torch(slim, tmp_path):
    path = tmp_path / "slim.safetensors"
    weights.save(slim, path, SLIM)
    weights.add(path)
    code = (
        "import sys; from w2l_studio.nets import weights; assert weights.find('slim').kind == 'generator'; "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


# --- download ---------------------------------------------------------------------------------


def test_fetch(slim, tmp_path, monkeypatch):
    path = tmp_path / "net.safetensors"
    weights.save(slim, path, SLIM)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    known = public.Public(path.as_uri(), digest[:9], "MIT", "a net")
    monkeypatch.setitem(public.PUBLIC, "net", known)
    entry = weights.fetch("net")
    assert (entry.name, entry.licence, entry.description, entry.sha256) == ("net", "MIT", "a net", digest)
    assert weights.fetch("net", "mine").name == weights.find("mine").name == "mine"
    with pytest.raises(UsageError, match="built-in"):
        weights.fetch("net", "w2l-192")
    monkeypatch.setitem(public.PUBLIC, "net", public.Public(path.as_uri(), "0" * 64, "MIT", ""))
    with pytest.raises(WeightsError, match="another file came"):
        weights.fetch("net")


def test_a_folder_is_called_one(tmp_path):
    for read in (weights.add, weights.load_state):
        with pytest.raises(WeightsError, match="a folder, not a weights file"):
            read(tmp_path)


def test_fetch_offline_and_unknown(tmp_path, monkeypatch):
    gone = public.Public((tmp_path / "gone.pth").as_uri(), "0", "MIT", "")
    monkeypatch.setitem(public.PUBLIC, "gone", gone)
    with pytest.raises(WeightsError, match="weights add FILE"):
        weights.fetch("gone")
    with pytest.raises(WeightsError, match="retinaface-resnet50"):
        weights.fetch("nonsense")


# --- what the shared folder holds -------------------------------------------------------------

SHARED = Path(__file__).resolve().parents[3] / "shared" / "weights"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared folder's detector weights")
def test_published_detectors_are_recognised():
    found = {
        path.name: weights.add(path).kind
        for path in sorted(SHARED.glob("*.onnx")) + sorted(SHARED.glob("*.pth"))
    }
    assert set(found.values()) == {"yunet", "retinaface"}
    assert {entry.name for entry in registry.entries() if not entry.built_in} == {
        "yunet",
        "retinaface-mobilenet",
    }


def test_header_keeps_every_field():
    told = {
        "kind": "expert",
        "width": 0.5,
        "face_px": 128,
        "frames": 3,
        "from_reference": True,
        "warps": True,
    }
    told |= {
        "sub_pixels": 2,
        "columns": 28,
        "listens": "ef" * 32,
        "base": "cd" * 32,
        "lead_ms": -40.0,
        "recipe": "r",
        "steps": 12,
        "licence": "CC0",
        "commercial": True,
    }
    meta = Meta(**told, manifest="ab" * 32, description="what it is")
    plain = Meta("generator")
    assert all(getattr(meta, field.name) != getattr(plain, field.name) for field in fields(Meta))
    assert Meta.from_header(meta.to_header()) == meta
    with pytest.raises(ValueError, match="kind"):
        Meta.from_header({"width": "1"})
    assert np.isclose(Meta.from_header({"kind": "generator", "width": "0.5", "stranger": "x"}).width, 0.5)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("width", value) for value in ("30", "1e5", "inf", "nan", "0", "-1")),
        *(("sub_pixels", value) for value in ("0", "-2", "5")),
        *(("columns", value) for value in ("0", "-6", "1000000000")),
        *(("lead_ms", value) for value in ("nan", "inf", "-inf", "1e300")),
    ],
)
def test_a_header_out_of_range_is_refused_before_layers_are_made(slim, field, value, tmp_path):
    path = tmp_path / "g.safetensors"
    floats = {key: tensor for key, tensor in slim.state_dict().items() if tensor.is_floating_point()}
    save_file(floats, path, {**SLIM.to_header(), field: value})
    with pytest.raises(
        WeightsError, match=f"g.safetensors: its header cannot be read .{field} is .*, must be"
    ):
        weights.load_generator(path)


@pytest.mark.parametrize("frames", ["2", "0", "-1"])
def test_an_expert_of_no_window_of_the_papers_is_refused(frames, tmp_path):
    path = tmp_path / "e.safetensors"
    weights.save(Expert(0.0625), path, Meta("expert", width=0.0625))
    with pytest.raises(ValueError, match=f"frames is {frames}, must be 1, 3 or 5"):
        Meta.from_header({**Meta("expert").to_header(), "frames": frames})
    save_file(load_file(path), path, {**Meta("expert", width=0.0625).to_header(), "frames": frames})
    with pytest.raises(WeightsError, match="its header cannot be read"):
        weights.load_expert(path)


def test_a_generator_that_listens_needs_columns_for_every_moment():
    Listener(17, 8)(torch.zeros(1, 1, 112, 17))
    with pytest.raises(ValueError, match="17 columns, not 16"):
        Listener(16, 8)
