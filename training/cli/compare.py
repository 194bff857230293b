"""``python -m training compare``: the paper's tables for generators of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from training.cli.run import pack_option


@click.command()
@click.argument("generators", nargs=-1)
@pack_option
@click.option("--split", "splits", multiple=True, default=("unseen",), help="May be repeated.")
@click.option("--list", "listed", type=click.Path(path_type=Path, dir_okay=False), help="Pairs; else drawn.")
@click.option("--form", type=click.Choice(["lrs", "resynced"]), default="lrs", help="Of the list.")
@click.option(
    "--write", type=click.Path(path_type=Path, dir_okay=False), help="Write the pairs in this form."
)
@click.option("--count", default=30, help="Pairs that are drawn.")
@click.option("--seed", default=0)
@click.option("--judge", default="w2l-judge", help="Our judge: a name or a file.")
@click.option(
    "--inception",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Weights for FID: pytorch-fid's pt_inception-2015-12-05 file.",
)
@click.option("--threads", default=1, help="For the networks.")
def compare(
    generators: tuple[str, ...],
    packs: tuple[Path, ...],
    splits: tuple[str, ...],
    listed: Path | None,
    form: Literal["lrs", "resynced"],
    write: Path | None,
    judge: str,
    inception: Path | None,
    **options: int,
) -> None:
    """Print the paper's tables for GENERATORS (names, files, runs' folders), by its protocol and by ours."""
    import torch

    from training import export, lists, tables
    from training import inception as networks
    from training.data import read_pack
    from w2l_studio.judge.slim import SlimJudge
    from w2l_studio.mouths.openness import Openness
    from w2l_studio.mouths.wav2lip import Wav2Lip
    from w2l_studio.nets import weights

    torch.set_num_threads(options["threads"])
    clips = [clip for clip in read_pack(packs) if clip.split in splits]
    lengths = {clip.name: len(clip.frames) for clip in clips}
    pairs = lists.read(listed, form) if listed else lists.draw(lengths, options["count"], options["seed"])
    if write:
        write.write_text(lists.written(pairs, form), encoding="utf-8")
    nets = [(name, *export.generator(name)) for name in generators]
    opening = Openness(weights.load_opening(weights.find("opening", "opening").path))
    chosen = weights.find(judge, "judge")
    faces = networks.load(inception) if inception else None
    found = tables.rows(
        clips,
        pairs,
        [Wav2Lip(net, name=Path(name).stem, lead_ms=meta.lead_ms) for name, net, meta in nets],
        SlimJudge(weights.load_judge(chosen.path), name=chosen.name),
        opening,
        faces,
    )
    click.echo(tables.table(list(found), chosen.name))
