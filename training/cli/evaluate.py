"""``python -m training evaluate``: sync experts on people unseen, and the paper's tables for generators."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from training.cli.run import check_splits, needs_folder, of_splits, pack_option
from w2l_studio import atomic
from w2l_studio.config import MouthConfig, ScoreConfig
from w2l_studio.errors import UsageError

if TYPE_CHECKING:
    from training.measure.tables import Row
    from training.packs.data import Clip
    from w2l_studio.mouths.wav2lip import Wav2Lip

_FILE = click.Path(path_type=Path, dir_okay=False)
#: What is measured without --split: an expert split by split, generators on all of them together.
_OF_EXPERTS, _OF_GENERATORS = ("heldout", "unseen", "wild"), ("unseen",)


@click.command()
@click.argument("networks", nargs=-1)
@pack_option
@click.option(
    "--split",
    "splits",
    multiple=True,
    help=f"May be repeated; else {', '.join(_OF_EXPERTS)} for experts, {_OF_GENERATORS[0]} for generators.",
)
@click.option("--json", "out", type=_FILE, help="Write the figures.")
@click.option("--list", "listed", type=_FILE, help="Pairs of sound and video; else drawn.")
@click.option("--form", type=click.Choice(["lrs", "resynced"]), default="lrs", help="Of the list.")
@click.option("--write", type=_FILE, help="Write the pairs in this form.")
@click.option("--count", type=click.IntRange(1), default=30, help="Pairs that are drawn.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the pairs.")
@click.option("--judge", default=ScoreConfig().judge, help="Our judge of dubs: a name or a file.")
@click.option("--inception", type=_FILE, help="Weights for FID: pytorch-fid's pt_inception-2015-12-05 file.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option("--threads", type=click.IntRange(1), default=1, help="For the networks.")
def evaluate(
    networks: tuple[str, ...],
    packs: tuple[Path, ...],
    splits: tuple[str, ...],
    out: Path | None,
    device: str,
    threads: int,
    **options: Any,
) -> None:
    """Measure NETWORKS (names, files, runs' folders) on people they have not seen.

    Of a sync expert or our judge: how well it tells lips from sound. Of generators: the paper's tables 1 and
    3, by its protocol and by ours, beside the real video, the unsynced original and shut lips; these three
    alone where no network is given. The options from --list to --inception are for generators.
    """
    import torch

    from training.measure import evaluate as measure
    from training.measure import tables
    from training.packs.data import read_pack
    from training.run.machine import started
    from training.weights import export
    from w2l_studio.mouths.wav2lip import Wav2Lip
    from w2l_studio.nets import weights as known
    from w2l_studio.nets.generator import Generator

    check_splits(splits)
    for written in (out, options["write"]):
        needs_folder(written)
    torch.set_num_threads(threads)
    titles = _titles(networks)
    hands, experts = [], {}
    with started(device, "fp32") as machine:
        for name in networks:
            net, meta = export.named(name)
            if isinstance(net, Generator):
                where, ear = machine.device.type, known.load_ear(meta, Path(name))
                hands.append(Wav2Lip(net, name=titles[name], lead_ms=meta.lead_ms, device=where, ear=ear))
            elif meta.kind in ("expert", "judge"):
                experts[name] = machine.ready(net)
            else:
                raise UsageError(
                    f"experts, judges and generators are evaluated, and this is for {meta.kind}", where=name
                )
        clips = read_pack(packs)
        dubs = bool(hands) or not experts
        heard = of_splits(clips, splits or _OF_EXPERTS) if experts else []
        spoken = of_splits(clips, splits or _OF_GENERATORS) if dubs else []
        figures = {}
        for name, net in experts.items():
            figures[name], _ = measure.evaluate(net, heard)
            click.echo(f"{name}\n{measure.table(figures[name])}")
        rows: list[Row] = []
        if dubs:
            rows = _dubbed(spoken, hands, **options)
            click.echo(tables.table(rows, options["judge"]))
    if out:
        of_pairs = [{k: v for k, v in asdict(row).items() if k != "features"} for row in rows]
        told = {"experts": figures, "generators": of_pairs}
        _write(out, json.dumps(told, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    """Write what a user named: a device or a link, too, which a file that is renamed there would replace."""
    with atomic.refusals(path, "give a file in another folder"):
        path.write_text(text, encoding="utf-8")


def _titles(networks: Sequence[str]) -> dict[str, str]:
    """Return each network's name in a table: its file's or folder's, the whole way where two share that.

    >>> _titles(["runs/a", "b.safetensors", "old/b.pth"])
    {'runs/a': 'a', 'b.safetensors': 'b.safetensors', 'old/b.pth': 'old/b.pth'}
    """
    bare = {
        name: Path(name).stem if Path(name).suffix in (".safetensors", ".pth", ".pt") else Path(name).name
        for name in networks
    }
    return {name: title if list(bare.values()).count(title) == 1 else name for name, title in bare.items()}


def _dubbed(
    clips: Sequence[Clip],
    hands: Sequence[Wav2Lip],
    *,
    listed: Path | None,
    form: Literal["lrs", "resynced"],
    write: Path | None,
    count: int,
    seed: int,
    judge: str,
    inception: Path | None,
) -> list[Row]:
    """Dub pairs of clips by every generator, and judge them."""
    from training.measure import inception as networks
    from training.measure import lists, tables
    from w2l_studio.judge.slim import SlimJudge
    from w2l_studio.mouths.openness import Openness
    from w2l_studio.nets import weights

    lengths = {clip.name: len(clip.frames) for clip in clips}
    pairs = lists.read(listed, form) if listed else lists.draw(lengths, count, seed)
    if write:
        _write(write, lists.written(pairs, form))
    opening = Openness(weights.load_opening(weights.find(MouthConfig().opening, "opening").path))
    chosen = weights.find(judge, "judge")
    faces = networks.load(inception) if inception else None
    told = SlimJudge(weights.load_judge(chosen.path), name=chosen.name)
    return list(tables.rows(clips, pairs, hands, told, opening, faces))
