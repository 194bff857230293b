"""Content Credentials: every kind of key, a changed byte, the take as it was, and what does not sign."""

from __future__ import annotations

import datetime
import hashlib
import json
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import c2pa
import cv2
import opentimelineio as otio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from w2l_studio.cli import options
from w2l_studio.config import DubConfig, EditConfig, MouthConfig, SignConfig
from w2l_studio.dub import run
from w2l_studio.errors import OutputError, UsageError
from w2l_studio.events import TakeReady
from w2l_studio.media.credentials import Seal
from w2l_studio.media.decode import open_plate
from w2l_studio.media.encode import ProRes
from w2l_studio.media.probe import probe
from w2l_studio.terms import Slate, sequence_of

KEYS = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}
SLATE = Slate("seg", "a" * 64, "0.1.0", "w2l-192", "b" * 64, {"fr.wav": "c" * 64}, "fr")


def named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test Studio"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def certificate(key: Any, days: int = 30) -> bytes:
    """Return a chain in PEM: a signer valid for so many days, and the authority that vouches for it."""
    authority = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    usage = {
        "digital_signature": False, "content_commitment": False, "key_encipherment": False,
        "data_encipherment": False, "key_agreement": False, "key_cert_sign": False, "crl_sign": False,
        "encipher_only": False, "decipher_only": False,
    }  # fmt: skip

    def begun(subject: str, of: Any, until: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(named(subject))
            .issuer_name(named("Authority"))
            .public_key(of)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=60))
            .not_valid_after(now + datetime.timedelta(days=until))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(of), critical=False)
        )

    root = (
        begun("Authority", authority.public_key(), 90)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**{**usage, "key_cert_sign": True, "crl_sign": True}), critical=True)
        .sign(authority, hashes.SHA256())
    )
    leaf = (
        begun("Signer", key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{**usage, "digital_signature": True}), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
        )
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return leaf.public_bytes(pem) + root.public_bytes(pem)


def files(folder: Path, key: Any, chain: bytes) -> tuple[Path, Path]:
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "studio.pem").write_bytes(chain)
    (folder / "studio.key").write_bytes(secret)
    return folder / "studio.pem", folder / "studio.key"


def told(take: Path) -> dict[str, Any]:
    with take.open("rb") as file, c2pa.Reader("video/quicktime", file) as reader:
        value: dict[str, Any] = json.loads(reader.json())
    return value


@pytest.fixture
def take(film: Any, tmp_path: Path) -> Path:
    """Return a take as the encoder leaves it."""
    plate = replace(probe(film(frames=6)), timecode="01:00:00:00")
    path = tmp_path / "take.mov"
    with open_plate(plate) as reader, ProRes().open(path, plate, 0, {}) as sink:
        for picture in reader.read(0, plate.frames):
            sink.write(picture)
    return path


def pictures(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(video=0) if packet.size]


@pytest.mark.parametrize("kind", KEYS)
def test_a_take_is_signed_by_any_kind_of_key_and_is_otherwise_what_it_was(
    kind: str, take: Path, tmp_path: Path
) -> None:
    key = KEYS[kind]()
    before, plate = pictures(take), probe(take)
    Seal(*files(tmp_path, key, certificate(key))).sign(take, SLATE)
    found = told(take)
    # Nobody but the test vouches for its authority: that is all that may be said against it.
    assert found["validation_state"] == "Valid"
    assert [status["code"] for status in found["validation_status"]] == ["signingCredential.untrusted"]
    manifest = found["manifests"][found["active_manifest"]]
    assert manifest["signature_info"]["issuer"] == "Test Studio"
    said = {assertion["label"]: assertion["data"] for assertion in manifest["assertions"]}
    (action,) = said["c2pa.actions.v2"]["actions"]
    assert action["digitalSourceType"].endswith("compositeWithTrainedAlgorithmicMedia")
    assert said["w2l_studio.slate"] == SLATE.to_json()
    after = probe(take)
    assert pictures(take) == before
    assert (after.frames, after.rate, after.timecode) == (plate.frames, plate.rate, "01:00:00:00")
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".part") == []


def test_one_changed_byte_shows(take: Path, tmp_path: Path) -> None:
    key = KEYS["P-256"]()
    Seal(*files(tmp_path, key, certificate(key))).sign(take, SLATE)
    data = bytearray(take.read_bytes())
    data[data.find(b"mdat") + 400] ^= 1
    take.write_bytes(data)
    assert told(take)["validation_state"] == "Invalid"


def test_what_does_not_sign_is_told_before_there_is_a_take(tmp_path: Path) -> None:
    key, other = KEYS["P-256"](), KEYS["P-256"]()
    with pytest.raises(UsageError, match="the certificate does not sign"):
        Seal(*files(tmp_path, other, certificate(key)))
    with pytest.raises(UsageError, match=r"not valid at time of signing.*It has to be valid today"):
        Seal(*files(tmp_path, key, certificate(key, days=-1)))
    chain, secret = files(tmp_path, key, certificate(key))
    secret.write_text("no key")
    with pytest.raises(UsageError, match=r"studio\.key: no key that can sign"):
        Seal(chain, secret)
    with pytest.raises(UsageError, match=r"gone\.pem: cannot be read"):
        Seal(tmp_path / "gone.pem", secret)


def test_a_take_that_cannot_be_signed_stays_and_the_reason_is_told(take: Path, tmp_path: Path) -> None:
    key = KEYS["P-256"]()
    seal = Seal(*files(tmp_path, key, certificate(key)))
    take.write_bytes(b"no film at all")
    with pytest.raises(OutputError, match=r"take\.mov: cannot be signed"):
        seal.sign(take, SLATE)
    assert take.read_bytes() == b"no film at all"
    assert not list(take.parent.glob("*.part"))


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(UsageError, match=r"c2pa-python>=0\.38"):
        Seal(tmp_path / "a.pem", tmp_path / "a.key")


def test_a_job_signs_its_takes_and_says_by_what(
    tmp_path: Path, talking_film: Any, spoken_stem: Any, stand_ins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(stand_ins))
    film = talking_film(tmp_path / "a.mov", rate=Fraction(24), frames=24)
    stem = spoken_stem(tmp_path / "fr.wav", 2)
    edit = marked(tmp_path / "scene.otio", film)
    key = KEYS["P-256"]()
    chain, secret = files(tmp_path, key, certificate(key))
    names = {"weights": "stand-in", "expert": "stand-in-expert", "opening": "stand-in-opening"}
    plain = DubConfig(edit=EditConfig(handles=3), mouths=MouthConfig(**names))
    signed = replace(plain, sign=SignConfig(chain, secret))
    out = tmp_path / "out"

    def dubbed(config: DubConfig) -> dict[str, Any]:
        assert run.dub(edit, [str(stem)], out, config, lambda _: None) == 0
        value: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
        return value

    first = dubbed(plain)
    assert first["certificate"] is None
    report = dubbed(signed)
    assert report["certificate"] == hashlib.sha256(chain.read_bytes()).hexdigest()
    assert "studio.key" not in (out / "report.json").read_text(encoding="utf-8")
    take = Path(report["ranges"][0]["take"])
    assert take != Path(first["ranges"][0]["take"])
    found = told(take)
    assert found["validation_state"] == "Valid"
    said = {one["label"]: one["data"] for one in found["manifests"][found["active_manifest"]]["assertions"]}
    assert said["w2l_studio.slate"]["stems"] == {"fr.wav": hashlib.sha256(stem.read_bytes()).hexdigest()}
    before = take.read_bytes()
    dubbed(signed)
    assert take.read_bytes() == before


def test_image_sequences_are_not_signed_which_is_told_beforehand(
    tmp_path: Path, talking_film: Any, spoken_stem: Any, stand_ins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("W2L_STUDIO_WEIGHTS", str(stand_ins))
    film = talking_film(tmp_path / "a.mov", rate=Fraction(24), frames=24)
    with av.open(str(film)) as pictures:
        for n, picture in enumerate(pictures.decode(video=0)):
            cv2.imwrite(str(tmp_path / f"a.{n:04}.png"), picture.to_ndarray(format="bgr24"))
    edit = marked(tmp_path / "scene.otio", tmp_path / "a.[0000-0023].png")
    key = KEYS["P-256"]()
    names = {"weights": "stand-in", "expert": "stand-in-expert", "opening": "stand-in-opening"}
    signed = DubConfig(mouths=MouthConfig(**names), sign=SignConfig(*files(tmp_path, key, certificate(key))))
    events: list[Any] = []
    stem = spoken_stem(tmp_path / "fr.wav", 2)
    assert run.dub(edit, [str(stem)], tmp_path / "out", signed, events.append) == 0
    kinds = [getattr(event, "code", type(event).__name__) for event in events]
    assert kinds.index("unsigned") < kinds.index("SegmentStarted")
    (warned,) = (event for event in events if getattr(event, "code", "") == "unsigned")
    assert warned.message == "takes of image sequences are not signed (a): each file says what it is"
    (ready,) = (event for event in events if isinstance(event, TakeReady))
    take = sequence_of(Path(ready.path))
    assert take is not None
    assert all(file.exists() for file in take.files())


def marked(path: Path, film: Path) -> Path:
    """Write an edit of one marked clip."""
    length = otio.opentime.TimeRange(otio.opentime.RationalTime(3, 24), otio.opentime.RationalTime(18, 24))
    clip = otio.schema.Clip("a", otio.schema.ExternalReference(str(film)), length)
    clip.markers.append(otio.schema.Marker("w2l", length))
    timeline = otio.schema.Timeline("scene")
    timeline.tracks.append(otio.schema.Track("V1", kind="Video", children=[clip]))
    otio.adapters.write_to_file(timeline, str(path))
    return path


def test_half_a_signature_is_refused(tmp_path: Path) -> None:
    given = {"sign_cert": tmp_path / "studio.pem"}
    with pytest.raises(UsageError, match="Give --sign-cert and --sign-key"):
        options.config(given)
