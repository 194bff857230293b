"""A person: a seeded head with its own shape, colours, hair and manner of moving the lips.

Draws all chance from the generator it is handed; renders nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from training.performers import mesh, wardrobe, whiskers
from training.performers.mesh import EYE, SKIN, TEETH, TONGUE, Mesh
from training.performers.surface import Surface, nothing
from w2l_studio.terms import Doubles, Floats

#: Albedo of skin in linear light, from light to dark (after published spectra, rounded).
_TONES = np.array(
    [
        [0.58, 0.37, 0.27],
        [0.52, 0.31, 0.21],
        [0.42, 0.24, 0.15],
        [0.31, 0.17, 0.10],
        [0.20, 0.105, 0.06],
        [0.11, 0.06, 0.037],
    ]
)
_HAIR = np.array(
    [[0.012, 0.009, 0.008], [0.05, 0.025, 0.013], [0.12, 0.06, 0.028], [0.32, 0.19, 0.08], [0.35, 0.33, 0.31]]
)
_IRIS = np.array(
    [[0.10, 0.045, 0.02], [0.16, 0.10, 0.04], [0.10, 0.17, 0.08], [0.12, 0.2, 0.32], [0.18, 0.2, 0.22]]
)
#: Folders of shape targets that make faces differ.
_SHAPES = ("nose", "mouth", "chin", "cheek", "head", "eyes", "forehead", "ears", "eyebrows")
_SHAPES_PER_PERSON = 20
#: What is left of the scalp's own volume under hats and long hair.
_UNDER = 0.12


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One head.

    Args:
        rest: ``float32[N, 3]``, lips shut, eyes open.
        units: name -> ``float32[N, 3]`` at full strength of this person.
        look: uniforms of the shader.
        gain: how far this person moves the lips (1 = as captured).
        asymmetry: left side's share, about 1.
        worn: glasses, hat, long hair, moustache.
    """

    rest: Floats
    units: dict[str, Floats]
    look: dict[str, float | tuple[float, ...]] = field(repr=False)
    gain: float
    asymmetry: float
    worn: Surface = field(default_factory=nothing, repr=False)


def draw(random: np.random.Generator, *, child: bool = False) -> Person:
    """Draw a person by chance, grown up or a child."""
    head = mesh.load()
    male = bool(random.random() < 0.5)
    rest = head.rest + _build(random, male, ("child", "young") if child else ("young", "old"))
    rest = rest * np.array([random.uniform(0.93, 1.07), 1, random.uniform(0.95, 1.05)], np.float32)
    rest = _teeth_in_place(random, head, eyes_in_place(head, rest))
    rest = rest - _middle(rest) + _middle(head.rest)
    look = _look(random, male)
    (apart,) = random.spawn(1)
    chosen = wardrobe.draw(apart, look, male=male)
    worn = wardrobe.made(chosen, rest.astype(np.float32))
    volume = _hair(random, head, rest, look)
    if chosen.hat or chosen.cut:
        volume = volume * np.float32(_UNDER)
    if chosen.beard:
        rest = rest + whiskers.beard(apart, rest, float(look["beard_reach"]), chosen.beard)  # type: ignore[arg-type]
    return Person(
        (rest + volume).astype(np.float32),
        head.units,
        look | chosen.look,
        gain=float(random.uniform(0.85, 1.3)),
        asymmetry=float(random.uniform(0.88, 1.12)),
        worn=worn,
    )


def _build(random: np.random.Generator, male: bool, ages: tuple[str, str]) -> Floats:
    """Return displacements: a mix of origins at one sex, between two ages, and details of the face."""
    sex = "male" if male else "female"
    old = float(np.clip(random.beta(1, 2.2), 0, 0.9))
    displaced = np.zeros_like(mesh.load().rest)
    for origin, weight in zip(("african", "asian", "caucasian"), random.dirichlet([0.5] * 3), strict=True):
        for age, share in zip(ages, (1 - old, old), strict=True):
            (path,) = mesh.targets("macrodetails", f"{origin}-{sex}-{age}")
            displaced += mesh.target(path) * np.float32(weight * share)
    weight = random.choice(["minweight", "averageweight", "maxweight"], p=[0.25, 0.5, 0.25])
    (path,) = mesh.targets("macrodetails", f"universal-{sex}-young-averagemuscle-{weight}")
    displaced += mesh.target(path) * np.float32(random.uniform(0.5, 1))
    details = [path for folder in _SHAPES for path in mesh.targets(folder)]
    for i in random.choice(len(details), _SHAPES_PER_PERSON, replace=False):
        displaced += mesh.target(details[i]) * np.float32(random.uniform(0, 0.6))
    return displaced


def _middle(places: Floats) -> Floats:
    """Return the middle of the face ``[3]``, so that tall people do not leave the picture."""
    marks = mesh.load().marks
    middle: Floats = np.mean([places[rows].mean(0) for rows in list(marks.values())[:5]], 0)
    return middle


def eyes_in_place(head: Mesh, rest: Floats) -> Floats:
    """Keep the eyeballs round: they go where the lids went, with the mean scale of the head."""
    placed = rest.copy()
    for side in (-1, 1):
        ball = (head.part == EYE) & (np.sign(head.rest[:, 0]) == side)
        before, after = head.rest[ball], rest[ball]
        size = np.linalg.norm(after - after.mean(0)) / np.linalg.norm(before - before.mean(0))
        placed[ball] = after.mean(0) + (before - before.mean(0)) * size
    return placed


def _teeth_in_place(random: np.random.Generator, head: Mesh, rest: Floats) -> Floats:
    """Move teeth and tongue to where people's stand in speech.

    The mesh hides the upper teeth and shows all of the lower ones, behind a tongue that fills the mouth: what
    is learned from such mouths is a violet sheet between lips.
    """
    placed = rest.copy()
    teeth = head.part == TEETH
    with_jaw = head.units["jawOpen"][:, 1] < -0.05
    placed[teeth & ~with_jaw, 1] -= random.uniform(0.025, 0.085)
    placed[teeth & with_jaw, 1] -= random.uniform(0.05, 0.11)
    placed[head.part == TONGUE] -= np.array(
        [0, random.uniform(0.12, 0.23), random.uniform(0.06, 0.16)], np.float32
    )
    placed[teeth, 0] *= random.uniform(0.82, 0.94)
    return placed


def _look(random: np.random.Generator, male: bool) -> dict[str, float | tuple[float, ...]]:
    tone = random.uniform(0, len(_TONES) - 1)
    skin = _between(_TONES, tone) * random.uniform(0.9, 1.1, 3)
    grey = random.random() < 0.2
    dark_only = tone > 2.8
    hair = (
        _HAIR[4]
        if grey
        else _between(_HAIR[:2] if dark_only else _HAIR[:4], random.uniform(0, 1 if dark_only else 3))
    )
    bearded = male and random.random() < 0.5
    painted = not male and random.random() < 0.5
    lip = skin * np.array([random.uniform(0.85, 1.15), random.uniform(0.42, 0.7), random.uniform(0.45, 0.75)])
    if painted:
        lip = np.array([random.uniform(0.25, 0.5), random.uniform(0.03, 0.12), random.uniform(0.05, 0.15)])
    stubble = float(random.uniform(0.15, 0.95)) if bearded else 0.0
    return {
        "skin": _triple(np.clip(skin, 0.02, 0.75)),
        "lip": _triple(lip),
        "lip_strength": float(random.uniform(0.45, 1.0)),
        "hair": _triple(hair * random.uniform(0.8, 1.2)),
        "brow": (
            float(random.uniform(0.17, 0.27)),
            float(random.uniform(0.03, 0.075) * (1 if male else 0.75)),
            float(random.uniform(0.45, 1.0)),
        ),
        "hairline": float(random.uniform(0.5, 0.8) + (0.5 if male and random.random() < 0.15 else 0)),
        "sideburn": float(random.uniform(0.0, 0.7) if male else random.uniform(0.5, 1.7)),
        "beard": stubble,
        "moustache": float(stubble * random.uniform(0.5, 1.2)) if random.random() < 0.8 else 0.0,
        "beard_reach": float(random.uniform(-0.05, 0.12)),
        "blush": float(random.uniform(0, 0.9)),
        "freckles": float(random.uniform(0, 0.7) if random.random() < 0.2 else 0),
        "roughness": float(random.uniform(0.25, 0.95)),
        "iris": _triple(_IRIS[random.integers(2 if dark_only else len(_IRIS))] * random.uniform(0.7, 1.3)),
        "teeth": _triple(np.array([0.66, 0.6, 0.48]) * random.uniform(0.6, 1.15)),
        "seed": float(random.uniform(0, 50)),
    }


def _hair(
    random: np.random.Generator, head: Mesh, rest: Floats, look: dict[str, float | tuple[float, ...]]
) -> Floats:
    """Return displacements that give hair volume and a silhouette."""
    q, ey, ez = head.rest, 7.28, 1.25
    hairline, sideburn = float(look["hairline"]), float(look["sideburn"])  # type: ignore[arg-type]
    top = np.clip((q[:, 1] - ey - hairline + 0.75 * np.clip((0.75 - q[:, 2]) / 0.45, 0, 1)) / 0.3, 0, 1)
    back = np.clip((0.35 - q[:, 2]) / 0.3, 0, 1) * np.clip((q[:, 1] - ey + sideburn) / 0.3, 0, 1)
    back = back * np.clip((1.15 - np.abs(q[:, 0])) / 0.2, 0, 1)
    amount = np.maximum(top, back) * (head.part == SKIN)
    middle = np.array([0, ey + 0.2, ez - 1.1], np.float32)
    way = rest - middle
    way /= np.linalg.norm(way, axis=1, keepdims=True) + 1e-6
    curls = np.zeros(len(q))
    for _ in range(5):
        curls += np.sin(q @ random.normal(0, random.uniform(2, 9), 3) + random.uniform(0, 6.3)) * 0.2
    thickness = random.uniform(0.0, 0.4) * (1 + 0.5 * curls)
    return np.asarray(way * (amount * thickness)[:, None], np.float32)


def _between(table: Doubles, at: float) -> Doubles:
    i = min(int(at), len(table) - 2)
    return np.asarray(table[i] * (1 - (at - i)) + table[i + 1] * (at - i))


def _triple(values: Doubles) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
