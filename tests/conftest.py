"""What every room's tests may use: the shared folder, a face of ours, films and stems, stand-in weights."""

import shlex
import sys
from contextlib import contextmanager
from pathlib import Path

import av
import cv2
import hypothesis
import numpy as np
import OpenImageIO as oiio  # noqa: N813 - its documentation's name for it
import pytest

from w2l_studio.errors import UsageError
from w2l_studio.terms import ImageSequence

# No test looks at the clock: a busy machine is no error.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared():
    """Return ``find(path)``: a file of the shared folder beside the checkout; skips where it is missing."""

    def find(path):
        if not (SHARED / path).exists():
            pytest.skip(f"needs shared/{path} beside the checkout")
        return SHARED / path

    return find


@pytest.fixture(scope="session")
def graphics():
    """Skip where performers cannot be drawn: no extra, no head data, no graphics driver."""
    moderngl = pytest.importorskip("moderngl", reason="needs the extra [performers]")
    from training.performers import mesh

    try:
        mesh.data_folder()
    except UsageError as error:
        pytest.skip(str(error))
    try:
        moderngl.create_context(standalone=True, backend="egl").release()
    except Exception as error:  # noqa: BLE001 - moderngl raises bare Exception where EGL is missing
        pytest.skip(f"no EGL driver here ({error})")


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    """Return the engine's executable as a host finds it: a program of this checkout, in an awkward folder."""
    path = tmp_path_factory.mktemp("Programme für den Ton") / "w2l-studio"
    root, python = (shlex.quote(str(one)) for one in (Path(__file__).resolve().parents[1], sys.executable))
    path.write_text(f'#!/bin/sh\nPYTHONPATH={root} OMP_NUM_THREADS=1 exec {python} -m w2l_studio "$@"\n')
    path.chmod(0o755)
    return str(path)


@pytest.fixture(scope="session")
def with_sound():
    """Return ``write(film, samples, path)``: the film's own packets beside 16 kHz ``int16[S]``."""

    def write(film, samples, path):
        with av.open(str(film)) as source, av.open(str(path), "w") as out:
            pictures = source.streams.video[0]
            video = out.add_stream_from_template(pictures)
            audio = out.add_stream("pcm_s16le", rate=16000, layout="mono")
            for packet in source.demux(pictures):
                if packet.dts is not None:
                    packet.stream = video
                    out.mux(packet)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.int16)[None], "s16", "mono")
            frame.rate, frame.pts = 16000, 0
            out.mux(audio.encode(frame))
            out.mux(audio.encode(None))
        return path

    return write


#: Endings of image sequences -> what their samples are, and how many bits of a word count.
SAMPLES = {"exr": (np.float16, 16), "dpx": (np.uint16, 10), "tif": (np.uint16, 16), "png": (np.uint8, 8)}


@pytest.fixture
def numbered(tmp_path_factory):
    """Return ``write(ending, ...)``: an image sequence of noise, ``[count, h, w, channels]`` or made so."""

    def write(ending, samples=None, *, first=1001, channels=("R", "G", "B"), folder=None, **header):
        dtype, bits = SAMPLES[ending]
        if samples is None:
            noise = np.random.default_rng(7).random((12, 48, 64, len(channels)))
            codes = (noise * ((1 << bits) - 1)).astype(np.uint16)
            # Words are filled up from the left, as files of fewer bits are read.
            codes = codes << (16 - bits) | codes >> (2 * bits - 16) if 8 < bits < 16 else codes
            samples = noise * 3 - 0.5 if dtype == np.float16 else codes
        folder = folder or tmp_path_factory.mktemp("sequence")
        whole = ImageSequence(folder, "sh010.", first, first + len(samples) - 1, 4, f".{ending}")
        for n, pixels in enumerate(samples):
            spec = oiio.ImageSpec(
                *pixels.shape[1::-1], len(channels), np.dtype(dtype).name.replace("float16", "half")
            )
            spec.channelnames = channels
            for name, value in {"oiio:BitsPerSample": bits, **header}.items():
                spec.attribute(name, value)
            out = oiio.ImageOutput.create(str(whole.file(n)))
            assert out.open(str(whole.file(n)), spec), out.geterror()
            assert out.write_image(np.ascontiguousarray(pixels, dtype)), out.geterror()
            assert out.close()
        return whole

    return write


@pytest.fixture
def killed(monkeypatch):
    """Return ``with killed():``, in which whoever writes a text is killed in its middle."""

    def half(path, text, *_, **__):
        path.write_bytes(text.encode()[: len(text) // 2])
        raise KeyboardInterrupt

    @contextmanager
    def within():
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_text", half)
            with pytest.raises(KeyboardInterrupt):
                yield

    return within


class Canvas:
    """Soft ellipses on a square picture, in parts of its side; drawn at twice the size."""

    def __init__(self, size_px):
        self.size_px = size_px
        self.y, self.x = np.mgrid[0 : 2 * size_px, 0 : 2 * size_px] / (2 * size_px)
        self.picture = np.full((2 * size_px, 2 * size_px, 3), (120.0, 105.0, 95.0))

    def oval(self, x, y, wide, high, colour, soft=0.1, share=1.0):
        radius = np.hypot((self.x - x) / wide, (self.y - y) / high)
        mask = share * np.clip((1 - radius) / soft * min(wide, high) * 4, 0, 1)[..., None]
        self.picture = self.picture * (1 - mask) + np.asarray(colour, float) * mask

    def pixels(self):
        soft = cv2.GaussianBlur(self.picture, (0, 0), 1.2)
        small = cv2.resize(soft, (self.size_px, self.size_px), interpolation=cv2.INTER_AREA)
        return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def _face(size_px=240, opening=0.0):
    canvas = Canvas(size_px)
    light = (1 - 0.35 * np.abs(canvas.x - 0.46) / 0.3 - 0.15 * np.maximum(canvas.y - 0.55, 0) / 0.3)[
        ..., None
    ]
    canvas.oval(0.5, 0.42, 0.33, 0.38, (40, 45, 60), 0.05)
    canvas.oval(0.5, 0.95, 0.16, 0.25, (105, 130, 175), 0.05)
    canvas.oval(0.5, 0.5, 0.27, 0.36, np.array([157.0, 190, 246]) * light, 0.03)
    for x, side in ((0.385, -1), (0.615, 1)):
        canvas.oval(x, 0.435, 0.07, 0.045, (90, 110, 150), 0.5, 0.6)
        canvas.oval(x, 0.44, 0.05, 0.024, (215, 215, 225))
        canvas.oval(x, 0.44, 0.022, 0.022, (50, 50, 40))
        canvas.oval(x, 0.44, 0.01, 0.01, (10, 10, 10))
        canvas.oval(x, 0.424, 0.055, 0.018, (50, 55, 70), share=0.8)
        canvas.oval(x, 0.385, 0.075, 0.014, (45, 50, 65), 0.3, 0.7)
        canvas.oval(0.5 + side * 0.15, 0.58, 0.06, 0.05, (150, 170, 240), 0.8, 0.1)
        canvas.oval(0.5 + side * 0.1, 0.64, 0.015, 0.06, (80, 100, 150), 0.8, 0.2)
    canvas.oval(0.48, 0.53, 0.03, 0.12, (190, 215, 245), 0.6, 0.5)
    canvas.oval(0.53, 0.54, 0.02, 0.12, (95, 120, 165), 0.8, 0.5)
    canvas.oval(0.5, 0.605, 0.05, 0.035, (110, 135, 190), 0.6, 0.8)
    canvas.oval(0.5, 0.585, 0.025, 0.02, (200, 220, 250), 0.6, 0.5)
    for x in (0.472, 0.528):
        canvas.oval(x, 0.622, 0.013, 0.008, (36, 42, 60), 0.3)
    canvas.oval(0.5, 0.65, 0.012, 0.02, (100, 125, 180), 0.5, 0.2)
    canvas.oval(0.5, 0.70, 0.11, 0.03 + opening * 0.05, (105, 105, 190), 0.15)
    canvas.oval(0.5, 0.70 + opening * 0.01, 0.102, 0.004 + opening * 0.05, (40, 30, 70), 0.2)
    return canvas.pixels()


#: Eyes, nose, mouth corners of the drawn face, in parts of its side.
FACE_POINTS = np.array([[0.385, 0.44], [0.615, 0.44], [0.5, 0.6], [0.4, 0.7], [0.6, 0.7]], np.float32)


@pytest.fixture(scope="session")
def draw_face():
    """Return ``draw(size_px, opening) -> uint8[P, P, 3]``: a face that every detector takes for one."""
    return _face


@pytest.fixture(scope="session")
def face_points():
    """Return ``float32[5, 2]``: the drawn face's points in parts of its side."""
    return FACE_POINTS


@pytest.fixture(scope="session")
def coverage():
    """Return ``covered(picture, affine, matte)``: which samples of each plane a paste may change."""
    from w2l_studio.composite import paste, warp
    from w2l_studio.composite.layout import layout

    def covered(picture, affine, matte):
        stored, shown = layout(picture.pix_fmt), warp.region(matte.alpha)
        found = [np.zeros(plane.shape, np.bool_) for plane in picture.planes]
        for i in range(stored.colours if shown is not None else 0):
            onto = warp.patch(found[i].shape, paste._to_crop(stored, i, affine), shown)
            if onto is not None:
                found[i][onto.rows, onto.columns] = warp.mask(matte.alpha, onto) > 0
        return found

    return covered


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory):
    """Return a folder of weights with random values (``stand-in``, ``-expert``, ``-opening``).

    They prove the machinery and make no mouth; used where `W2L_STUDIO_WEIGHTS` points to the folder.
    """
    import torch

    from w2l_studio.nets import weights
    from w2l_studio.nets.contrast import Contrast
    from w2l_studio.nets.generator import Generator
    from w2l_studio.nets.opening import Opening

    folder = tmp_path_factory.mktemp("stand-ins")
    torch.manual_seed(0)
    nets = (("", Generator(0.125), "generator"), ("-expert", Contrast(), "expert"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("W2L_STUDIO_WEIGHTS", str(folder / "store"))
        for suffix, net, kind in (*nets, ("-opening", Opening(), "opening")):
            path = folder / f"stand-in{suffix}.safetensors"
            weights.save(net, path, weights.Meta(kind, width=getattr(net, "width", 1.0), licence="none"))
            weights.add(path)
    return folder / "store"


@pytest.fixture(scope="session")
def talking_film():
    """Return ``write(path, rate, frames, faces=..., timecode=...)``: ProRes 4:2:2 of drawn faces."""
    faces_drawn = [_face(150, opening) for opening in (0.0, 0.2, 0.4, 0.2)]

    def write(path, *, rate, frames, faces=((85, 25),), timecode=None, reel=None, cut_at=None):
        noise = np.random.default_rng(0).integers(60, 90, (200, 320, 3), np.uint8)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("prores", rate=rate, options={"profile": "3"})
            stream.width, stream.height, stream.pix_fmt = 320, 200, "yuv422p10le"
            named = {"timecode": timecode, "reel_name": reel}
            stream.metadata.update({key: value for key, value in named.items() if value})
            for n in range(frames):
                picture = noise.copy() if cut_at is None or n < cut_at else 255 - noise
                for x, y in faces:
                    at = x + abs(n % 16 - 8) // 2
                    picture[y : y + 150, at : at + 150] = faces_drawn[n % 4]
                frame = av.VideoFrame.from_ndarray(picture, "bgr24").reformat(format="yuv422p10le")
                frame.pts, frame.time_base = n, 1 / rate
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


@pytest.fixture(scope="session")
def blanked():
    """Blank out what a film stores of one picture: ``blanked(path, number)``; intra codecs in MOV."""

    def damage(path, number):
        import av

        with av.open(str(path)) as container:
            entry = list(container.streams.video[0].index_entries)[number]
            place, size = entry.pos, entry.size
        with path.open("r+b") as file:
            file.seek(place)
            file.write(bytes(size))

    return damage


@pytest.fixture(scope="session")
def spoken_stem():
    """Return ``write(path, seconds, time_reference=None)``: a 48 kHz file of vowels in syllables."""

    def write(path, seconds, time_reference=None, rate=48000):
        t = np.arange(round(seconds * rate)) / rate
        phase = 2 * np.pi * np.cumsum(120 * (1 + 0.04 * np.sin(2 * np.pi * 5 * t))) / rate
        sound = np.zeros(len(t))
        for k in range(1, 33):
            gain = sum(np.exp(-(((k * 120 - f) / 120) ** 2)) for f in (600, 1200, 2500)) + 0.02
            sound += gain * np.sin(k * phase)
        sound *= 0.3 / np.abs(sound).max() * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * t))
        with av.open(str(path), "w", options={} if time_reference is None else {"write_bext": "1"}) as file:
            if time_reference is not None:
                file.metadata["time_reference"] = str(time_reference)
            stream = file.add_stream("pcm_s16le", rate=rate, layout="mono")
            data = (sound * 32767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(data, "s16", "mono")
            frame.rate, frame.pts = rate, 0
            file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
        return path

    return write


@pytest.fixture(scope="session")
def lively():
    """Return ``lively(net)``: weights and statistics as after training, not the neutral ones of a new net."""
    torch = pytest.importorskip("torch")

    def change(net, seed=0):
        generator = torch.Generator().manual_seed(seed)
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.data.uniform_(0.5, 1.5, generator=generator)
                module.bias.data.uniform_(-0.3, 0.3, generator=generator)
                module.running_mean.uniform_(-0.3, 0.3, generator=generator)
                module.running_var.uniform_(0.5, 2.0, generator=generator)
        return net.eval()

    return change
