"""Public weights that can be asked for by name, and their download.

Downloads nothing unless `registry.fetch` was asked to; keeps nothing.
"""

from __future__ import annotations

import http.client
import shutil
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from w2l_studio.errors import WeightsError
from w2l_studio.nets import checkpoint

_RETINAFACE = "https://github.com/ternaus/retinaface/releases/download/0.01"
_ZOO = "https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet"
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Public:
    """A file that somebody publishes.

    Args:
        sha256: or its beginning, where the publisher tells no more.
    """

    url: str
    sha256: str
    licence: str
    description: str


PUBLIC = {
    "retinaface-resnet50": Public(
        f"{_RETINAFACE}/retinaface_resnet50_2020-07-20-f168fae3c.zip",
        "f168fae3c",
        "MIT (code); trained on WIDER FACE, research data",
        "RetinaFace, ResNet-50 (ternaus/retinaface)",
    ),
    "yunet": Public(
        f"{_ZOO}/face_detection_yunet_2023mar.onnx",
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        "MIT",
        "YuNet 2023mar (OpenCV Zoo)",
    ),
}


def known(name: str) -> Public:
    """Return what is known of public weights.

    Raises:
        WeightsError: the name is not known.
    """
    if name not in PUBLIC:
        names = ", ".join(sorted(PUBLIC))
        raise WeightsError(f"{name!r} is neither a file nor public weights ({names})", hint="check the path")
    return PUBLIC[name]


def download(public: Public, path: Path) -> None:
    """Download a file and check that it is the known one.

    Raises:
        WeightsError: no connection, or another file came.
    """
    try:
        with urllib.request.urlopen(public.url, timeout=_TIMEOUT_S) as answer, path.open("wb") as file:
            shutil.copyfileobj(answer, file)
    except (OSError, http.client.HTTPException) as error:
        raise WeightsError(
            f"the download failed ({error})",
            hint=f"fetch {public.url} on another machine and run `w2l-studio weights add FILE`",
        ) from error
    actual = checkpoint.sha256(path)
    if not actual.startswith(public.sha256):
        raise WeightsError(
            f"another file came: its SHA-256 is {actual}, known is {public.sha256}",
            hint="get the file from a source that you trust and run `w2l-studio weights add FILE`",
            where=public.url,
        )
