"""``w2l-studio doctor``: checks an installation the way a support call would."""

from __future__ import annotations

import sys
from importlib import metadata

import click


@click.command("doctor")
def command() -> int:
    """Check this installation: libraries, weights, detector, encoders."""
    problems = [*_libraries(), *_weights(), *_media()]
    for problem in problems:
        click.echo(f"PROBLEM {problem}")
    click.echo("all is well" if not problems else f"{len(problems)} problems found")
    return 1 if problems else 0


def _libraries() -> list[str]:
    click.echo(f"python {sys.version.split()[0]}")
    for name in ("torch", "numpy", "av", "opentimelineio", "pysubs2", "scenedetect-headless", "mtcnn"):
        try:
            click.echo(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            return [f"{name} is not installed; run `pip install w2l-studio` again"]
    carriers = sorted(d.name for d in metadata.distributions() if d.name.startswith("opencv-"))
    if len(set(carriers)) > 1:
        # Both write into the same folder, and removing one breaks the other.
        return [
            f"several OpenCV packages are installed ({', '.join(carriers)}); uninstall them all and "
            "install opencv-python-headless"
        ]
    return [] if carriers else ["OpenCV is not installed; run `pip install opencv-python-headless`"]


def _weights() -> list[str]:
    from w2l_studio.config import DubConfig
    from w2l_studio.dub import wiring
    from w2l_studio.errors import WeightsError

    try:
        studio = wiring.build(DubConfig(), wiring.identify(DubConfig()))
    except WeightsError as error:
        return [str(error)]
    click.echo(
        f"generator {studio.generator.name} ({studio.generator.face_px} px), detector {studio.detector.name}"
    )
    return []


def _media() -> list[str]:
    import av

    from w2l_studio.media import encode

    missing = [name for name in (encode.CODEC,) if name not in av.codecs_available]
    return [f"PyAV has no {name} encoder; install the wheel from PyPI" for name in missing]
