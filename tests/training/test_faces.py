"""Training what finds faces and their points: anchors, exact labels, sure answers, windows; both ship."""

import copy
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner

pytest.importorskip("moderngl", reason="needs the extra [performers]")

from training.__main__ import cli
from training.faces import detector, matching, points, varying
from training.performers import attire, backdrops, crowds, limbs, retouch, spoiling
from training.performers.crowds import Crowd
from training.performers.heads import Heads, conventional, write
from training.run import loop
from training.run.machine import Machine
from training.weights import export
from w2l_studio.errors import OutputError, UsageError
from w2l_studio.faces import crop
from w2l_studio.faces.detect_retinaface import RetinaFace as Finder
from w2l_studio.faces.detect_retinaface import anchors
from w2l_studio.faces.retinaface_net import RetinaFace
from w2l_studio.nets import checkpoint, weights
from w2l_studio.nets.meta import Meta
from w2l_studio.nets.points import SIDE_PX
from w2l_studio.terms.faces import EXCHANGED

COLOURS = np.array([[0, 0, 255], [0, 255, 0], [255, 255, 255], [255, 0, 0], [0, 255, 255]])
POINTS = np.array([[100, 100], [156, 100], [128, 128], [104, 160], [150, 160]], np.float32)
BOX = np.array([70, 60, 186, 190], np.float32)
SMALL = detector.Diet(((96, 4), (128, 2)), 2)


def drawn_heads(people=20):
    """Ovals with a spot of its own colour at each point; one of each two shows no face."""
    pixels = np.zeros((256, 256, 4), np.uint8)
    cv2.ellipse(pixels, (128, 125), (58, 65), 0, 0, 360, (60, 60, 60, 255), -1)
    back = pixels.copy()
    for (x, y), colour in zip(POINTS, COLOURS, strict=True):
        cv2.circle(pixels, (int(x), int(y)), 7, (*(int(v) for v in colour), 255), -1)
    count = 2 * people
    return Heads(
        [pixels, back] * people,
        np.stack([POINTS] * count),
        np.stack([BOX] * count),
        np.arange(count) % 2 == 0,
        np.repeat(np.arange(people), 2),
    )


def matched(crowd):
    """What the anchors of one picture should say."""
    state, boxes, points = (part[0] for part in detector.batch(varying.gathered([crowd]))[1:])
    return state.numpy(), boxes, points


@pytest.fixture(scope="module")
def clutter():
    return backdrops.many(4, seed=1)


@pytest.fixture
def scenes(clutter, monkeypatch):
    monkeypatch.setattr(detector, "_MEASURED_PX", 96)
    heads = drawn_heads()
    rows = detector.split(heads.people, held_out=False)
    return detector.Scenes(heads, rows, clutter, Machine(), SMALL)


def one(box, wanted=True):
    box = np.array(box, np.float32)
    points = box[:2] + (POINTS - BOX[:2]) / (BOX[2:] - BOX[:2]) * (box[2:] - box[:2])
    return Crowd(np.zeros((64, 64, 3), np.uint8), box[None], points[None], np.array([wanted]))


def test_an_anchor_that_is_the_face_is_told_to_stay(clutter):
    grid = anchors(64, 64)
    row = int(np.flatnonzero(grid[:, 2] == 32)[10])
    x, y, side = grid[row]
    state, boxes, _ = matched(one([x - side / 2, y - side / 2, x + side / 2, y + side / 2]))
    assert state[row] == 1
    np.testing.assert_allclose(boxes[row], 0, atol=1e-6)
    assert (state == 0).sum() > 0.8 * len(grid)


@pytest.mark.parametrize("box", [[3, 4, 12, 16], [5, 5, 60, 62], [30, 1, 40, 30]])
def test_every_wanted_face_has_an_anchor_and_what_is_told_leads_back_to_it(box):
    crowd = one(box)
    state, boxes, points = matched(crowd)
    assert (state == 1).any()
    logits = torch.tensor(np.where(state == 1, 9.0, -9.0), dtype=torch.float32)
    found, places = matching.decode(boxes, torch.stack([-logits, logits], 1), points, size=64)
    np.testing.assert_allclose(found, crowd.boxes, atol=1e-3)
    np.testing.assert_allclose(places, crowd.points, atol=1e-3)


def test_a_face_that_is_not_asked_for_is_not_held_against_it():
    state, _, _ = matched(one([10, 10, 42, 44], wanted=False))
    assert (state == -1).any()
    assert not (state == 1).any()


def test_what_is_sure_hardly_counts_and_a_perfect_answer_costs_nothing():
    state = torch.zeros(1, 100, dtype=torch.int64)
    state[0, 0], state[0, 1] = 1, -1
    batch = detector.Batch(torch.zeros(1, 3, 8, 8), state, torch.zeros(1, 100, 4), torch.zeros(1, 100, 10))

    def losses(logit):
        logit = logit + detector._MODEST
        said = torch.stack([-logit / 2, logit / 2], 2)
        return [
            float(v) for v in detector.losses((torch.zeros(1, 100, 4), said, torch.zeros(1, 100, 10)), batch)
        ]

    right = torch.full((1, 100), -40.0)
    right[0, :2] = 40.0  # anchor 1 is wrong, and not asked
    assert losses(right) == pytest.approx([0, 0, 0], abs=1e-6)
    unsure, wrong = right.clone(), right.clone()
    unsure[0, 2:], wrong[0, 2] = -3.0, 5.0
    assert losses(wrong)[1] == pytest.approx(0.75 * 5.0 / detector._LEAST, rel=0.03)
    assert losses(unsure)[1] < 0.05 * losses(wrong)[1]


def test_an_untaught_network_takes_nearly_nothing_for_a_face():
    torch.manual_seed(0)
    net = detector.unsure(RetinaFace(resnet=False)).eval()
    _, scores, _ = net(torch.randn(1, 3, 96, 96) * 60)
    assert 0 < float(scores.detach().mean()) < 0.1


@pytest.mark.parametrize("size", [96, 128])
def test_the_mirror_of_a_batch_is_the_batch_of_mirrored_pictures(scenes, size):
    crowds_ = [scenes.crowd(random, size) for random in np.random.default_rng(3).spawn(4)]
    there = []
    for crowd in crowds_:
        boxes, points = crowd.boxes.copy(), crowd.points[:, EXCHANGED].copy()
        boxes[:, [0, 2]], points[..., 0] = size - crowd.boxes[:, [2, 0]], size - points[..., 0]
        there.append(Crowd(np.ascontiguousarray(crowd.picture[:, ::-1]), boxes, points, crowd.wanted))
    made = detector.batch(varying.mirrored(varying.gathered(crowds_)))
    wanted = detector.batch(varying.gathered(there))
    faces = wanted.state == 1
    assert int(faces.sum()) > 0
    torch.testing.assert_close(made.pictures, wanted.pictures)
    torch.testing.assert_close(made.state, wanted.state)
    for mine, theirs in ((made.boxes, wanted.boxes), (made.points, wanted.points)):
        torch.testing.assert_close(mine[faces], theirs[faces], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_another_look_moves_boxes_and_points_with_the_pixels(monkeypatch, seed):
    """A square of its own colour at each point, and an oblong that is the box."""
    monkeypatch.setattr(varying, "_lit", lambda shown, chance: shown)
    picture = np.full((128, 128, 3), 30, np.uint8)
    picture[30:90, 40:88] = 90
    points = np.array([[50, 45], [78, 45], [64, 60], [54, 76], [74, 76]], np.float32)
    for (x, y), colour in zip(points.astype(int), COLOURS, strict=True):
        picture[y - 3 : y + 3, x - 3 : x + 3] = colour
    crowd = Crowd(picture, np.array([[40, 30, 88, 90]], np.float32), points[None], np.array([True]))
    chance = torch.Generator().manual_seed(seed)
    shown = varying.varied(varying.gathered([crowd]), chance)
    seen = shown.pictures[0].permute(1, 2, 0).numpy()
    inside = 0
    for (x, y), colour in zip(shown.points[0, 0].numpy(), COLOURS, strict=True):
        if 2 < x < 126 and 2 < y < 126:
            assert np.abs(seen[int(y), int(x)] - colour).max() < 40
            inside += 1
    assert inside >= 2
    assert not np.allclose(shown.points[0, 0].numpy(), points, atol=1)
    left, top, right, bottom = shown.boxes[0, 0].numpy()
    row = seen[int((top + bottom) / 2)].min(1) > 45
    edges = np.flatnonzero(row)
    assert edges[0] == pytest.approx(left, abs=2.5)
    assert edges[-1] + 1 == pytest.approx(right, abs=2.5)


def test_what_a_look_cuts_off_is_not_asked_for():
    boxes = torch.tensor([[[4.0, 4, 30, 30], [90, 90, 124, 124]]])
    shown = varying.Shown(
        torch.zeros(1, 3, 128, 128, dtype=torch.uint8),
        boxes,
        boxes[..., :2].repeat(1, 1, 5).view(1, 2, 5, 2),
        torch.ones(1, 2, dtype=torch.int64),
    )
    seen = set()
    for seed in range(40):
        wanted = varying.varied(shown, torch.Generator().manual_seed(seed)).wanted
        seen |= {tuple(wanted[0].tolist())}
    assert (1, 1) in seen
    assert any(-1 in one for one in seen)
    assert any(0 in one for one in seen)


def test_the_rate_falls_with_the_time_where_that_is_short(scenes):
    seconds = iter([0.0, 30.0, 59.0, 90.0])
    trainee = detector.DetectorTrainee(scenes, scenes, minutes=1, clock=lambda: next(seconds))
    assert [trainee._way(number, 1000)[0] for number in range(4)] == [0, 500, 983, 999]


def test_points_go_where_detectors_put_them():
    """From the front hardly anywhere; of a turned head the eyes move with the nose, before the eyeballs."""
    front = conventional(POINTS[None])[0]
    length = 58.0
    assert np.abs(front - POINTS).max() < 0.08 * length
    turned = POINTS.copy()
    turned[2, 0] += 0.4 * length
    moved = conventional(turned[None])[0] - turned
    assert (moved[:2, 0] > 0.1 * length).all()
    tilt = np.array([[0.8, 0.6], [-0.6, 0.8]], np.float32)
    np.testing.assert_allclose(conventional(turned[None] @ tilt)[0], (turned + moved) @ tilt, atol=1e-3)


def test_labels_lie_where_the_picture_shows_them(clutter, monkeypatch):
    """Every point's own colour is found at it: turned, stretched, mirrored, reduced."""
    monkeypatch.setattr(crowds, "_BROWED", 0.0)
    monkeypatch.setattr(crowds, "_HIDDEN", 0.0)
    monkeypatch.setattr(crowds, "_SCRAMBLED", 0.0)
    monkeypatch.setattr(crowds.retouch, "tinted", lambda laid, random: laid)
    monkeypatch.setattr(crowds, "_HATTED", 0.0)
    monkeypatch.setattr(crowds, "spoil", lambda picture, random: (picture, 1.0))
    monkeypatch.setattr(crowds, "_heights", lambda random, size: np.array([random.uniform(70, 180)]))
    heads, mirrored = drawn_heads(), 0
    for seed in range(40):
        crowd = crowds.compose(np.random.default_rng(seed), heads, np.array([0]), clutter, 256)
        (points,), (box,) = crowd.points, crowd.boxes
        for at, (x, y) in enumerate(points):
            if not (0 <= x < 256 and 0 <= y < 256):
                continue
            seen = crowd.picture[int(y), int(x)].astype(int)
            mirrored += at == 0 and np.abs(seen - COLOURS[1]).sum() < 60
            fitting = COLOURS[[at, [1, 0, 2, 4, 3][at]]]
            assert np.abs(seen - fitting).sum(1).min() < 60, (seed, at)
            assert box[0] - 3 <= x <= box[2] + 3
            assert box[1] - 3 <= y <= box[3] + 3
        assert points[0, 0] < points[1, 0] or abs(points[0, 1] - points[1, 1]) > 5
    assert 5 < mirrored < 35


def test_hidden_faces_and_backs_of_heads_are_not_asked_for(clutter, monkeypatch):
    monkeypatch.setattr(crowds, "_heights", lambda random, size: np.array([60.0, 60.5]))
    monkeypatch.setattr(
        crowds.cutouts,
        "way",
        lambda random, middle, scale: np.column_stack([np.eye(2) * scale, -scale * middle]),
    )
    random = np.random.default_rng(0)
    monkeypatch.setattr(crowds, "_SCRAMBLED", 0.0)
    monkeypatch.setattr(crowds, "_HIDDEN", 0.0)
    back = crowds.compose(random, drawn_heads(), np.array([1]), clutter, 192)
    assert len(back.boxes) == 0
    canvas = crowds._Canvas(
        np.zeros((64, 64, 3), np.float32), np.full((64, 64), -2, np.int16), [BOX / 4], [], []
    )
    assert crowds._seen(canvas)[0] == 0


def test_far_faces_are_mostly_figures_and_near_ones_never():
    heads = drawn_heads(2)
    figures = np.arange(4) >= 2
    heads.boxes[figures] *= 0.3
    random = np.random.default_rng(0)

    def share(height):
        chosen = [crowds._who(random, heads, np.arange(4), height) for _ in range(400)]
        return figures[chosen].mean()

    assert share(200) == 0
    assert share(30) == pytest.approx(crowds._FIGURES, abs=0.08)
    close = np.flatnonzero(~figures)
    assert {crowds._who(random, heads, close, 30) for _ in range(20)} == set(close)  # there are no others


def test_a_hat_goes_over_the_brows_and_leaves_eyes_and_mouth_where_they_are():
    pixels = drawn_heads(1).pixels[0]
    brims, seen = [], []
    for random in np.random.default_rng(0).spawn(20):
        made = retouch.hatted(pixels, POINTS, BOX, random)
        assert (made[..., :3] <= made[..., 3:]).all()
        np.testing.assert_array_equal(made[175:], pixels[175:])  # what lies under its shade
        eye = made[105, 100, :3].astype(int)  # red: darker, and still red
        seen.append(eye[2] > 60 and eye[2] > 2 * max(eye[:2]))
        assert made[:85, ..., 3].max() == 255
        covered = (made[..., 3] > 0).sum(1)
        brims.append(int(covered[:100].argmax()))
        assert covered[brims[-1]] > 1.1 * (BOX[2] - BOX[0])  # wider than the face
    assert np.mean(seen) > 0.8
    assert max(brims) < 100
    assert max(brims) - min(brims) > 5
    high = POINTS - [0, 90]
    np.testing.assert_array_equal(retouch.hatted(pixels, high, BOX - 90, random), pixels)


def test_limbs_are_of_one_skin_round_and_no_face():
    for random in np.random.default_rng(0).spawn(12):
        picture = np.zeros((96, 96, 3), np.float32)
        limbs.paint(picture, random)
        assert picture.dtype == np.float32
        assert 0 <= picture.min() < picture.max() <= 255
        skin = picture[picture.min(2) > 12]
        if len(skin) < 50:
            continue
        hue = skin / skin.max(1, keepdims=True)
        assert hue[:, 2].min() > 0.99  # red leads, as it does in skin
        assert np.ptp(np.quantile(hue[:, 0], (0.1, 0.9))) < 0.12
        assert skin.max(1).std() > 1  # lit from somewhere


@pytest.mark.parametrize("spoilt", [spoiling._dazzled, spoiling._printed])
def test_light_and_prints_change_tones_and_move_nothing(spoilt):
    seen = np.full((96, 96, 3), (0.2, 0.3, 0.5), np.float32)
    seen[:, 60:] = 0.9
    told = [spoilt(seen.copy(), random) for random in np.random.default_rng(0).spawn(20)]
    for made in told:
        assert made.shape == seen.shape
        assert made.dtype == np.float32
        assert np.isfinite(made).all()
        edges = np.abs(np.diff(cv2.blur(made, (1, 31)).mean(2)[20:76], axis=1)).mean(0)
        assert abs(int(edges[5:-5].argmax()) + 5 - 59) <= 2
    assert np.ptp([made[:, :50].mean() for made in told]) > 0.15
    grey = [np.ptp(made, axis=2).max() < 1e-6 for made in told]
    assert all(grey) == (spoilt is spoiling._printed)


def test_people_who_are_measured_on_are_not_learned_from():
    people = np.repeat(np.arange(40), 3)
    here, there = (people[detector.split(people, held_out=out)] for out in (False, True))
    assert not set(here) & set(there)
    assert len(set(there)) == 4


def test_dressed_heads_stay_within_their_cover():
    class Drawn:
        pixels = np.full((256, 256, 3), 120, np.uint8)
        covered = np.zeros((256, 256), np.float32)
        points, box, opening = POINTS, BOX, 0.0

    Drawn.covered[40:220, 60:200] = 1
    Drawn.pixels[Drawn.covered == 0] = 0

    who = SimpleNamespace(look={"skin": (0.4, 0.3, 0.2), "hair": (0.1, 0.1, 0.1)})

    seen = set()
    for seed in range(12):
        dressed = attire.dress(np.random.default_rng(seed), Drawn, who, seen=True)
        assert dressed.shape == (256, 256, 4)
        assert (dressed[..., :3].max(2) <= dressed[..., 3]).all()
        assert (dressed[..., 3] >= (Drawn.covered * 255).astype(np.uint8)).all()
        seen.add(int(dressed.astype(int).sum()))
    assert len(seen) == 12


def test_the_loss_falls_and_a_run_goes_on_the_same(scenes, monkeypatch):
    monkeypatch.setattr(crowds, "spoil", lambda picture, random: (picture, 1.0))
    monkeypatch.setattr(crowds, "_HATTED", 0.0)
    torch.manual_seed(0)
    trainee = detector.DetectorTrainee(scenes, scenes)
    batch = scenes.draw(0, 100, np.random.default_rng(2))
    told = [trainee.learn(number, 40, batch)["loss"] for number in range(30)]
    assert told[-1] < 0.4 * told[0]
    other = detector.DetectorTrainee(scenes, scenes)
    other.load_state_dict(copy.deepcopy(trainee.state_dict()))  # an optimiser shares what it is given
    assert other.learn(30, 40, batch) == trainee.learn(30, 40, batch)


def test_it_is_measured_and_shown(scenes, monkeypatch):
    monkeypatch.setattr(detector, "_MEASURED", 8)
    trainee = detector.DetectorTrainee(scenes, scenes)
    assert {"loss", "recall", "false", "off"} <= trainee.measure().keys()
    assert trainee.measure() == trainee.measure()
    assert trainee.sheet().shape == (3 * 96, 4 * 96, 3)


def test_a_run_ships_as_a_detector_of_the_engine(scenes, tmp_path):
    trainee = detector.DetectorTrainee(scenes, scenes)
    loop.run(trainee, tmp_path / "run", steps=2, report=lambda _: None)
    net, meta = export.from_run(tmp_path / "run")
    assert meta.kind == "retinaface"
    path = export.ship(net, Meta("retinaface", licence="CC BY 4.0"), tmp_path, "faces")
    assert path.stat().st_size < 1_000_000
    assert checkpoint.kind_of(path) == "retinaface"
    found = Finder(weights.load_state(path)).detect(np.zeros((1, 90, 160, 3), np.uint8))
    assert len(found) == 1


@pytest.mark.parametrize("most", [0, 1000, 1_000_000])
def test_a_full_disk_is_told_in_a_sentence(most, tmp_path, small_disk):
    """Of clutter, of which the disk takes nothing or a part, and in a process that draws heads."""
    said = ["heads", str(tmp_path), "--people", "1", "--backdrops", "2"]
    with small_disk(most), pytest.raises(OutputError, match="disk is full"):
        cli.main(said, standalone_mode=False)


@pytest.mark.parametrize("command", ["detector", "points"])
def test_a_command_trains_on_a_folder_of_heads(command, tmp_path, clutter, monkeypatch):
    monkeypatch.setattr(detector, "CPU", SMALL)
    folder, given = tmp_path / "heads", drawn_heads()
    folder.mkdir()
    for seed in range(10):
        rows = slice(2 * seed, 2 * seed + 2)
        write(
            Heads(
                given.pixels[rows],
                given.points[rows],
                given.boxes[rows],
                given.faces[rows],
                given.people[rows],
            ),
            folder,
            seed,
        )
    np.save(folder / "backdrops.npy", clutter)
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    cv2.imwrite(str(photographs / "a.png"), np.full((50, 80, 3), 99, np.uint8))
    (photographs / "manifest.tsv").write_text("a\tCC0, by a photographer\n")
    asked = [
        command,
        str(folder),
        "--photographs",
        str(photographs),
        "--out",
        str(tmp_path / "run"),
        "--steps",
        "2",
        "--threads",
        "1",
    ]
    told = CliRunner().invoke(cli, asked, catch_exceptions=False)
    assert told.exit_code == 0
    assert "18 heads of 9 people, 5 backdrops" in told.output
    assert (tmp_path / "run" / "checkpoint.pt").exists()
    listed = (tmp_path / "run" / "manifest.tsv").read_text().splitlines()
    assert len(listed) == 10
    assert listed[-1] == "a\tCC0, by a photographer"


def test_heads_without_their_clutter_are_told_so(tmp_path):
    heads = drawn_heads(1)
    write(heads, tmp_path, 0)
    told = CliRunner().invoke(
        cli, ["detector", str(tmp_path), "--out", str(tmp_path / "run"), "--steps", "1"]
    )
    assert isinstance(told.exception, UsageError)
    assert "no backdrops" in str(told.exception)


def test_backdrops_repeat_by_seed(clutter):
    np.testing.assert_array_equal(backdrops.many(2, seed=1), clutter[:2])
    assert clutter.std((1, 2, 3)).min() > 0


@pytest.fixture
def portraits(clutter, monkeypatch):
    monkeypatch.setattr(points, "_BATCH", 8)
    monkeypatch.setattr(points, "_MEASURED", 16)
    heads = drawn_heads()
    return points.Portraits(heads, np.arange(len(heads.faces)), clutter, Machine())


def test_points_lie_on_the_spots_that_a_window_shows(portraits, monkeypatch):
    monkeypatch.setattr(crowds, "_BROWED", 0.0)
    monkeypatch.setattr(crowds, "spoil", lambda picture, _: (picture, 1.0))
    monkeypatch.setattr(crowds.retouch, "tinted", lambda laid, _: laid)
    monkeypatch.setattr(crowds, "_HIDDEN", 0.0)
    monkeypatch.setattr(crowds, "_BEHIND", 0.0)
    shown = portraits.windows(np.random.default_rng(3).spawn(24))
    seen = 0
    for picture, places in zip(shown.pictures.permute(0, 2, 3, 1).numpy(), shown.points.numpy(), strict=True):
        for (x, y), colour in zip(np.round(places).astype(int), COLOURS, strict=True):
            if 0 <= x < SIDE_PX and 0 <= y < SIDE_PX and abs(picture[y, x].astype(int) - colour).max() < 90:
                seen += 1
    assert seen > 0.9 * 24 * 5 / 2, "mirrored heads have their colours exchanged"


def test_windows_are_off_and_no_further_than_a_face(portraits):
    shown = portraits.windows(np.random.default_rng(0).spawn(100))
    found = crop.windows(shown.points.numpy())
    middle = (SIDE_PX - 1) / 2
    apart = np.abs(found[:, :2] - middle).max(1)
    assert np.median(apart) > 0.5
    assert np.quantile(apart, 0.95) < SIDE_PX / 4
    assert np.abs(found[:, 3]).max() > 0.3


def test_points_are_learned_and_a_run_goes_on_the_same(portraits):
    trainee = points.PointsTrainee(portraits, portraits)
    batch = portraits.draw(0, 1, np.random.default_rng(0))
    told = [float(trainee.learn(number, 40, batch)["loss"]) for number in range(30)]
    assert told[-1] < 0.6 * told[0]
    other = points.PointsTrainee(portraits, portraits)
    other.load_state_dict(copy.deepcopy(trainee.state_dict()))
    assert other.learn(30, 40, batch)["loss"] == trainee.learn(30, 40, batch)["loss"]


def test_points_are_measured_on_the_same_portraits_each_time(portraits):
    trainee = points.PointsTrainee(portraits, portraits)
    assert {"loss", "off"} == trainee.measure().keys()
    assert trainee.measure() == trainee.measure()


def test_a_run_of_points_ships(portraits, tmp_path):
    loop.run(points.PointsTrainee(portraits, portraits), tmp_path / "run", steps=2, report=lambda _: None)
    net, meta = export.from_run(tmp_path / "run")
    assert (meta.kind, meta.face_px) == ("points", SIDE_PX)
    path = export.ship(net, Meta("points", licence="CC0 1.0"), tmp_path, "points")
    assert path.stat().st_size < 500_000
    assert checkpoint.kind_of(path) == "points"
    told = weights.load_points(path)(torch.zeros(1, 3, SIDE_PX, SIDE_PX))
    assert told.shape == (1, 5, 2)
