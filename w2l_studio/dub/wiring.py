"""Config -> detector, networks, encoder: the only place that constructs them.

Loads weights; opens no edit and no media.
"""

from __future__ import annotations

from dataclasses import dataclass

from w2l_studio.config import DubConfig, FaceConfig
from w2l_studio.faces.detect_mtcnn import Mtcnn
from w2l_studio.judge.sync import ExpertJudge
from w2l_studio.media.encode import ProRes
from w2l_studio.mouths.openness import Openness
from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets import weights
from w2l_studio.protocols import Detector, Encoder, Generator


@dataclass(frozen=True, slots=True, eq=False)
class Studio:
    """What a job works with.

    Args:
        sha256: of every weights file, by kind.
    """

    detector: Detector
    generator: Generator
    judge: ExpertJudge
    openness: Openness
    encoder: Encoder
    sha256: dict[str, str]


def identify(config: DubConfig) -> dict[str, str]:
    """Return the SHA-256 of the networks that a job would use, without loading them.

    Raises:
        WeightsError: missing or altered.
    """
    mouths = config.mouths
    names = {"generator": mouths.weights, "expert": mouths.expert, "opening": mouths.opening}
    return {kind: weights.find(name, kind).sha256 for kind, name in names.items()}


def build(config: DubConfig) -> Studio:
    """Construct everything that a job needs.

    Raises:
        WeightsError: weights are missing, altered, or not what their name says.
    """
    mouths = config.mouths
    entries = {
        kind: weights.find(name, kind)
        for kind, name in (
            ("generator", mouths.weights),
            ("expert", mouths.expert),
            ("opening", mouths.opening),
        )
    }
    net, meta = weights.load_generator(entries["generator"].path)
    generator = Wav2Lip(
        net,
        name=entries["generator"].name,
        lead_ms=meta.lead_ms,
        precision=mouths.precision,
        device=mouths.device,
        batch=mouths.batch,
    )
    return Studio(
        detector(config.faces),
        generator,
        ExpertJudge(weights.load_expert(entries["expert"].path), name=entries["expert"].name),
        Openness(weights.load_opening(entries["opening"].path)),
        ProRes(),
        {kind: entry.sha256 for kind, entry in entries.items()},
    )


def detector(config: FaceConfig) -> Detector:
    """Construct the chosen face detector.

    Raises:
        WeightsError: its weights have not been added.
    """
    if config.detector == "retinaface":
        from w2l_studio.faces.detect_retinaface import RetinaFace

        return RetinaFace(weights.load_state(weights.find("retinaface", "retinaface").path))
    if config.detector == "yunet":
        from w2l_studio.faces.detect_yunet import YuNet

        return YuNet(weights.find("yunet", "yunet").path)
    return Mtcnn()
