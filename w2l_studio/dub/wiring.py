"""Config -> detector, networks, encoder: the only place that constructs them.

Loads weights; opens no edit and no media.
"""

from __future__ import annotations

from dataclasses import dataclass

from w2l_studio.config import DubConfig, FaceConfig
from w2l_studio.dub.figures import FilmJudge
from w2l_studio.errors import WeightsError
from w2l_studio.faces import known
from w2l_studio.faces.points import Pointed
from w2l_studio.judge.slim import SlimJudge
from w2l_studio.judge.sync import ExpertJudge
from w2l_studio.judge.syncnet import SyncNetJudge
from w2l_studio.media.credentials import Seal
from w2l_studio.media.takes import AsPlate
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.sharp import Sharp
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets import weights
from w2l_studio.nets.registry import Entry
from w2l_studio.protocols import Detector, Encoder, Generator, Judge

#: Kinds of weights that find faces.
_DETECTORS = ("retinaface", "yunet")


@dataclass(frozen=True, slots=True, eq=False)
class Studio:
    """What a job works with."""

    detector: Detector
    generator: Generator
    judge: Judge
    openness: Openness
    sharp: Sharp
    encoder: Encoder


def identify(config: DubConfig) -> dict[str, Entry]:
    """Return the weights that a job uses, by what they are for, without loading them.

    Raises:
        WeightsError: missing or altered.
    """
    mouths, points = config.mouths, config.faces.points
    names = {
        "generator": mouths.weights,
        "expert": mouths.expert,
        "opening": mouths.opening,
        "sharpener": mouths.sharpener,
        "points": points,
    }
    found = {kind: weights.find(name, kind) for kind, name in names.items()}
    found["detector"] = _finder(config.faces.detector)
    ears = weights.ears_of(found["generator"])
    return {**found, "lips": ears} if ears else found


def build(config: DubConfig, entries: dict[str, Entry]) -> Studio:
    """Construct everything that a job needs.

    Args:
        entries: as `identify` finds them.

    Raises:
        WeightsError: weights are unreadable or not what their name says.
    """
    mouths = config.mouths
    net, meta = weights.load_generator(entries["generator"].path)
    ears = entries.get("lips")
    generator = Wav2Lip(
        net,
        name=entries["generator"].name,
        lead_ms=meta.lead_ms,
        precision=mouths.precision,
        device=mouths.device,
        ear=weights.load_lips(ears.path) if ears else None,
    )
    return Studio(
        _pointed(entries["detector"], entries["points"]),
        generator,
        ExpertJudge(weights.load_expert(entries["expert"].path), name=entries["expert"].name),
        Openness(weights.load_opening(entries["opening"].path)),
        Sharp(
            weights.load_sharpener(entries["sharpener"].path),
            device=mouths.device,
            precision=mouths.precision,
        ),
        AsPlate(),
    )


def seal(config: DubConfig) -> Seal | None:
    """Construct what signs takes, where that is asked for.

    Raises:
        UsageError: certificate and key do not sign, or c2pa-python is missing.
    """
    return Seal(config.sign.certificate, config.sign.private_key) if config.sign else None


def judge(name_or_path: str) -> FilmJudge:
    """Construct what scores films: our own judge, a sync expert, or SyncNet.

    Raises:
        WeightsError: missing, altered, or for another network.
    """
    entry = weights.find(name_or_path)
    if entry.kind == "syncnet":
        return SyncNetJudge(weights.load_syncnet(entry.path), name=entry.name)
    if entry.kind == "judge":
        return SlimJudge(weights.load_judge(entry.path), name=entry.name)
    if entry.kind == "expert":
        return ExpertJudge(weights.load_expert(entry.path), name=entry.name)
    raise WeightsError(
        f"{entry.name} is no judge: {entry.kind}",
        hint="w2l-judge is, an expert, and SyncNet",
        where=str(entry.path),
    )


def detector(config: FaceConfig) -> Detector:
    """Construct the chosen face detector; where the points of what it finds are, our network says.

    Raises:
        WeightsError: missing, altered, or for another network.
    """
    return _pointed(_finder(config.detector), weights.find(config.points, "points"))


def try_on(entry: Entry) -> None:
    """Try a face detector's weights on a known picture; weights for anything else pass.

    A file of one family of RetinaFace's loads into the other's network and finds nothing.

    Raises:
        WeightsError: they are not loaded, or the face is not found where it is.
    """
    if entry.kind in _DETECTORS and not known.found_by(_detector_of(entry)):
        raise WeightsError(
            f"these {entry.kind} weights do not find the face in a picture that shows one",
            hint="get the file as its publisher offers it, or keep to w2l-faces",
            where=entry.path.name,
        )


def _finder(name_or_path: str) -> Entry:
    entry = weights.find(name_or_path)
    if entry.kind not in _DETECTORS:
        raise WeightsError(
            f"{entry.name} finds no faces: {entry.kind}",
            hint="give w2l-faces, or weights of RetinaFace or YuNet",
            where=str(entry.path),
        )
    return entry


def _pointed(finder: Entry, points: Entry) -> Detector:
    return Pointed(_detector_of(finder), weights.load_points(points.path))


def _detector_of(entry: Entry) -> Detector:
    if entry.kind == "yunet":
        from w2l_studio.faces.detect_yunet import YuNet

        return YuNet(entry.path, name=entry.name)
    from w2l_studio.faces.detect_retinaface import RetinaFace

    return RetinaFace(weights.load_state(entry.path), name=entry.name)
