"""``w2l-studio doctor``: checks an installation the way a support call would."""

from __future__ import annotations

import importlib
import sys
import tempfile
from fractions import Fraction
from importlib import metadata
from pathlib import Path

import click

from w2l_studio import bridge
from w2l_studio.cli import options

#: What has to be installed besides OpenCV, which comes as several packages, and click, which runs this.
_LIBRARIES = (
    *("torch", "numpy", "av", "opentimelineio", "pysubs2", "scenedetect-headless", "safetensors", "soxr"),
    *("openimageio", "rich", "platformdirs"),
)
#: Names of modules that are not those of their packages.
_MODULES = {"scenedetect-headless": "scenedetect", "openimageio": "OpenImageIO"}


@click.command("doctor")
def command() -> int:
    """Check this installation: libraries and weights; try the detector on a face, the encoder on a frame."""
    # What is tried after them loads them.
    problems = _libraries() or _loaded()
    return options.print_problems(problems or [*_weights(), *_media()])


def _libraries() -> list[str]:
    click.echo(f"python {sys.version.split()[0]}")
    for name in _LIBRARIES:
        try:
            click.echo(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            return [f"{name} is not installed; install it again with {bridge.PIP}"]
    carriers = sorted(d.name for d in metadata.distributions() if d.name.startswith("opencv-"))
    if len(set(carriers)) > 1:
        # Both write into the same folder, and removing one breaks the other.
        return [
            f"several OpenCV packages are installed ({', '.join(carriers)}); uninstall them all and "
            "install opencv-python-headless"
        ]
    return [] if carriers else ["OpenCV is not installed; run `pip install opencv-python-headless`"]


def _loaded() -> list[str]:
    for name in ("cv2", *(_MODULES.get(name, name) for name in _LIBRARIES)):
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:
            # torch says by an OSError that the system lacks a library of its own.
            return [f"{name} is installed and does not load ({error}); install it again with {bridge.PIP}"]
    return []


def _weights() -> list[str]:
    from w2l_studio.config import DubConfig
    from w2l_studio.dub import wiring
    from w2l_studio.errors import WeightsError
    from w2l_studio.faces import known

    try:
        studio = wiring.build(DubConfig(), wiring.identify(DubConfig()))
    except WeightsError as error:
        return [str(error)]
    click.echo(
        f"generator {studio.generator.name} ({studio.generator.face_px} px), detector {studio.detector.name}"
    )
    if not known.found_by(studio.detector):
        return [f"the detector {studio.detector.name} does not find the face in a picture that shows one"]
    click.echo("the detector finds the face in a known picture")
    return []


def _media() -> list[str]:
    import numpy as np

    from w2l_studio.errors import StudioError
    from w2l_studio.media import encode
    from w2l_studio.terms import Planes, Plate

    if not encode.available():
        return ["PyAV has no ProRes encoders; install the wheel from PyPI"]
    plate = Plate(Path("grey.mov"), 64, 64, Fraction(24), 1, "prores", "yuv422p10le", 10)
    grey = Planes(tuple(np.full((64, width), 512, "<u2") for width in (64, 32, 32)), plate.pix_fmt)
    with tempfile.TemporaryDirectory(prefix="w2l-") as folder:
        try:
            with encode.ProRes().open(Path(folder) / "one.mov", plate, 0, {}) as sink:
                sink.write(grey)
        except StudioError as error:
            return [f"the ProRes encoder writes no frame ({error.message})"]
    click.echo("the ProRes encoder writes a frame")
    return []
