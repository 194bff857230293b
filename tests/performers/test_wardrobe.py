"""What performers wear: faces stay as their seeds had them, and nothing is worn through the skin."""

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="needs the extra [performers]")

from training.performers import glasses, mesh, person, shells, surface, wardrobe, whiskers
from w2l_studio.errors import UsageError


@pytest.fixture(scope="module", autouse=True)
def head():
    try:
        return mesh.load()
    except UsageError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def bare():
    """A few faces without anything on them, not even hair."""
    return [_face(seed) for seed in range(6)]


def _face(seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wardrobe, "draw", lambda _, __, *, male: wardrobe.Wardrobe(*[None] * 4, 0.0, {}))
        patch.setattr(person, "_hair", lambda _, head, *__: np.zeros_like(head.rest))
        return person.draw(np.random.default_rng(seed))


def test_a_wardrobe_draws_from_a_chance_of_its_own():
    random, other = np.random.default_rng(4), np.random.default_rng(4)
    dressed = person.draw(random)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wardrobe, "draw", lambda _, __, *, male: wardrobe.Wardrobe(*[None] * 4, 0.0, {}))
        plain = person.draw(other)
    assert (dressed.gain, dressed.asymmetry, random.random()) == (plain.gain, plain.asymmetry, other.random())
    same = {name for name, value in plain.look.items() if dressed.look[name] == value}
    assert same >= set(plain.look) - {"teeth", "moustache", "beard"}


def test_people_differ_in_what_they_wear():
    look = person.draw(np.random.default_rng(0)).look
    drawn = [wardrobe.draw(np.random.default_rng(seed), look, male=seed % 2 == 0) for seed in range(400)]
    men, women = drawn[::2], drawn[1::2]
    for worn, least, most in (
        ([one.glasses for one in drawn], 0.25, 0.4),
        ([one.hat for one in drawn], 0.1, 0.2),
        ([one.cut for one in women], 0.7, 0.95),
        ([one.moustache for one in men], 0.3, 0.46),
        ([one.moustache for one in women], 0, 0),
    ):
        assert least <= np.mean([one is not None for one in worn]) <= most
    assert {one.glasses.rim for one in drawn if one.glasses} == {"full", "upper", "none"}
    assert {one.hat.kind for one in drawn if one.hat} == {"beanie", "cap", "brim"}


def test_men_cut_their_whiskers_in_many_ways_and_women_have_none():
    looks = [person.draw(np.random.default_rng(seed)).look for seed in range(160)]
    assert all(0 < one.get("beard_half", 0.3) < 0.5 or one["beard_half"] == 0 for one in looks)
    grown = [one for one in looks if one["beard"]]
    assert {one["beard_half"] > 0.27 for one in grown if one["beard_half"]} == {True, False}
    assert 0.4 < np.mean([one["beard_half"] == 0 for one in grown]) < 0.9
    down = [one for one in looks if one.get("ends", (0, 0))[0]]
    assert 8 < len(down) < 40
    assert all(max(one["moustache"], one["beard"]) > 0 for one in down)


def test_glasses_stand_before_eyes_lids_and_cheeks(bare, head):
    """The same face without the nose, whose flank may touch a frame's inner edge as it does on people."""
    for seed, one in enumerate(bare):
        made = surface.joined(glasses.made(glasses.draw(np.random.default_rng(seed)), one.rest))
        lens = made.places[made.part == surface.LENS]
        behind = one.rest[(head.part != mesh.SKIN) | (np.abs(head.rest[:, 0]) > 0.16)]
        for x, y, z in lens[::7]:
            near = behind[np.hypot(behind[:, 0] - x, behind[:, 1] - y) < 0.04]
            near = near[near[:, 2] > 0.5]
            assert not len(near) or near[:, 2].max() < z
        eyes = one.rest[head.part == mesh.EYE]
        assert lens[:, 2].max() - eyes[:, 2].max() < 0.4
        assert np.abs(lens[:, 1].mean() - eyes[:, 1].mean()) < 0.08


def test_a_moustache_goes_with_the_upper_lip(bare, head):
    going = []
    for seed, one in enumerate(bare):
        made = whiskers.made(whiskers.draw(np.random.default_rng(seed)), one.rest)
        assert len(made.follows) == len(made.places)
        middle = np.abs(made.places[:, 0]) < 0.15
        jaw, lift = (made.moved(head.units[name])[middle, 1] for name in ("jawOpen", "mouthUpperUpLeft"))
        lower = head.units["jawOpen"][head.marks["lower_lip"], 1].mean()
        assert np.abs(jaw).max() < 0.3 * abs(lower)
        assert lift.max() > 0.01
        going.append(made.places[:, 2].max() - one.rest[head.marks["upper_lip"], 2].mean())
    assert min(going) > -0.02


@pytest.mark.parametrize("kind", ["beanie", "cap", "brim"])
def test_hats_cover_the_crown_of_any_head(bare, head, kind):
    for one in bare:
        hat = shells.Hat(kind, 1.1, 1.7, 0.05, 0.6, 0.1)
        crown = shells.hat(hat, one.rest)[0].places
        middle = one.rest[(head.part == mesh.SKIN) & (head.rest[:, 1] > 7.5)].mean(0)
        skull = one.rest[(head.part == mesh.SKIN) & (head.rest[:, 1] > 8.1)] - middle
        way = (crown - middle) / np.linalg.norm(crown - middle, axis=1, keepdims=True)
        for point in skull[::5]:
            reach = np.linalg.norm(point)
            cosine = way @ (point / reach)
            nearest = np.argmax(cosine)
            assert cosine[nearest] < 0.99 or np.linalg.norm(crown[nearest] - middle) > reach
