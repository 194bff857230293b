"""The paper's recipes and those of its tables, as functions that return frozen values. Holds numbers only.

Where paper and published code differ, the code counts, for its weights are what everybody compares with; but
the weight of the sync loss is the paper's. Each such place names both. Paper: Prajwal et al.,
A Lip Sync Expert Is All You Need, ACM MM 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

#: Pictures that a generator learns from in a step: 16 windows of 5 (code), which is the paper's batch of 80.
_PICTURES = 80


@dataclass(frozen=True, slots=True)
class ExpertRecipe:
    """What the sync expert learns by (section 3.3.1).

    Args:
        frames: pictures in its window, the paper's Tv; mel window and input channels follow.
        width: channel multiplier.
        pairs: windows with the right or the wrong sound of the same clip in a step, with even chance.
        rate: of Adam, constant unless `cosine` (code; paper: 1e-3, at which others stayed at chance).
        cosine: the rate rises and falls over the run instead.
        far, near: least pictures between a window and a wrong sound, at the first and the last step.
            Published: any other moment, also one whose window overlaps by 4 of 5 pictures.
        crossed: each window is asked of the sounds of all eight moments that are drawn of its clip; right and
            wrong ones weigh alike, as by even chance. Published: one sound, so eight times as many clips.
        contrast: share of the steps that ask which of a clip's eight sounds belongs to which window, first:
            helps off chance on few people; needs `crossed`. Published: 0.
        moved: pictures are moved, turned and lit differently. Published: no.
        limit: largest norm of a gradient; None = as it is, which is published.
        name: by which the command line, and the header of what is exported, know it.
    """

    frames: int = 5
    width: float = 1.0
    pairs: int = 64
    rate: float = 1e-4
    cosine: bool = False
    far: int = 1
    near: int = 1
    crossed: bool = False
    contrast: float = 0.0
    moved: bool = False
    limit: float | None = None
    name: str = "published"


def published_expert(frames: int = 5, width: float = 1.0) -> ExpertRecipe:
    """Return the expert as published."""
    return ExpertRecipe(frames, width)


def expert(frames: int = 5, width: float = 1.0) -> ExpertRecipe:
    """Return the paper's network, taught so that it leaves chance on little footage of few people."""
    return ExpertRecipe(
        frames,
        width,
        rate=2e-3,
        cosine=True,
        far=8,
        near=5,
        crossed=True,
        contrast=0.6,
        moved=True,
        limit=1.0,
        name="paper",
    )


@dataclass(frozen=True, slots=True)
class GeneratorRecipe:
    """What a generator learns by (sections 3.4, 4.3).

    Loss: ``sync * S + adversarial * A + (1 - sync - adversarial) * L1``, with the weight of S 0 until the
        switch.

    Args:
        width: channel multiplier of all networks but a given expert.
        face_px: side of the faces: 96 as published, 128 or 192.
        frames: pictures in a window, as many as the expert reads.
        windows: windows in a step.
        rate, betas: of Adam, for all networks.
        lead_ms: where a mel window begins relative to its picture: one picture earlier (code).
        gap: least pictures between the first of the target and the first of the reference window.
        prior: show the upper half of the target; without it the network has reference and sound alone.
        sync: weight of the expert's loss, once switched on (code without critic: 0.01; paper: 0.03).
        gate: the switch goes on, for good, when the sync loss on held-out clips is measured below this
            (code).
        tuned: the expert goes on learning, with generated lips as wrong ones (Table 3's other half).
        norms: ``eval`` = the expert's batch norms are frozen, those of a tuned one too: in small batches of
            true and drawn lips by turns they forget what true ones look like; ``batch`` = they use and follow
            the batch (code).
        critic: ``quality`` = the paper's (3.4.2); ``sync`` = LipGAN's, which judges one picture with its
            sound and is trained along; empty = none. LipGAN's code shows it generated faces or sounds of
            ten rows on, by chance; here it sees both in each step at half weight, an eighth of a batch on.
        adversarial: weight of the critic's loss.
        name: by which the command line, and the header of what is exported, know it.
    """

    width: float = 1.0
    face_px: int = 96
    frames: int = 5
    windows: int = _PICTURES // 5
    rate: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    lead_ms: int = -40
    gap: int = 1
    prior: bool = True
    sync: float = 0.0
    gate: float = 0.75
    tuned: bool = False
    norms: str = "eval"
    critic: str = ""
    adversarial: float = 0.0
    name: str = ""


def wav2lip(width: float = 1.0, face_px: int = 96) -> GeneratorRecipe:
    """Return L1 and the expert's sync loss: the paper's best lips (Table 1)."""
    return GeneratorRecipe(width, face_px, sync=0.03, name="wav2lip")


def wav2lip_gan(width: float = 1.0, face_px: int = 96) -> GeneratorRecipe:
    """Return the same with the quality critic: the paper's best pictures (Table 1)."""
    return GeneratorRecipe(
        width,
        face_px,
        sync=0.03,
        critic="quality",
        adversarial=0.07,
        betas=(0.5, 0.999),
        name="wav2lip_gan",
    )


def lipgan(width: float = 1.0, face_px: int = 96) -> GeneratorRecipe:
    """Return LipGAN by our network: a critic of single pictures and their sound, trained along (Table 1)."""
    return GeneratorRecipe(width, face_px, 1, 96, gap=6, critic="sync", adversarial=0.01, name="lipgan")


def speech2vid(width: float = 1.0, face_px: int = 96) -> GeneratorRecipe:
    """Return Speech2Vid by our network: reference and sound, no pose, L1 alone (Table 1)."""
    return GeneratorRecipe(width, face_px, 1, _PICTURES, prior=False, name="speech2vid")


def table3(frames: int, width: float = 1.0, face_px: int = 96, *, tuned: bool) -> GeneratorRecipe:
    """Return a row of Table 3: Tv of the expert, and whether it is tuned on generated faces."""
    name = f"tv{frames}_{'tuned' if tuned else 'frozen'}"
    return GeneratorRecipe(width, face_px, frames, _PICTURES // frames, sync=0.03, tuned=tuned, name=name)


#: By the names of the command line.
RECIPES: dict[str, Callable[[float, int], GeneratorRecipe]] = {
    "wav2lip": wav2lip,
    "wav2lip_gan": wav2lip_gan,
    "lipgan": lipgan,
    "speech2vid": speech2vid,
    **{
        f"tv{frames}_{kind}": partial(table3, frames, tuned=kind == "tuned")
        for frames in (1, 3, 5)
        for kind in ("frozen", "tuned")
    },
}
