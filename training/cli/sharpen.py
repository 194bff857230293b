"""``python -m training sharpener``: what makes a generator's lips crisp."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from training.cli.run import run_options, train
from w2l_studio.errors import UsageError

if TYPE_CHECKING:
    from training.cli.run import Given
    from training.run.loop import Trainee


@click.command()
@run_options
@click.option("--generator", "hand", required=True, help="Whose lips: weights, a name or a file.")
@click.option("--opening", "lips", required=True, help="Lip-opening network: a name or a file.")
@click.option("--start", help="Begin with what these weights have learned: a name or a file.")
def sharpener(
    packs: tuple[Path, ...],
    shares: tuple[str, ...],
    out: Path,
    hand: str,
    lips: str,
    start: str | None,
    **options: Any,
) -> None:
    """Train what makes a generator's lips as crisp as filmed ones."""
    from training.generators.sharpening import DrawnLips, SharpenerTrainee
    from training.speech.hearing import heard_through
    from w2l_studio.mouths.wav2lip import Wav2Lip
    from w2l_studio.nets import weights
    from w2l_studio.nets.sharpener import FACE_PX

    entry = weights.find(hand, "generator")
    net, meta = weights.load_generator(entry.path)
    if net.face_px != FACE_PX:
        raise UsageError(
            f"{entry.name} draws faces of {net.face_px} px, and a sharpener learns from {FACE_PX}",
            hint="give --generator one of these; it serves others as well",
        )

    def make(given: Given) -> Trainee:
        opening = weights.load_opening(weights.find(lips, "opening").path)
        learned = weights.load_sharpener(weights.find(start, "sharpener").path) if start else None
        draws = Wav2Lip(net, name=entry.name, lead_ms=meta.lead_ms, device="cpu")
        source = DrawnLips(given.sampler, draws, heard_through(entry), opening, given.machine)
        return SharpenerTrainee(source, opening, learned, given.machine)

    train(make, packs, shares, out, **options)
