"""A pack as one small file that travels, and back: AVIF pictures in motion, Vorbis sound, all in a zip.

Pictures of a clip are coded together, so that a face at rest costs next to nothing: 455 clips of 128 pixels
take a tenth of what single WebP pictures take. What is unpacked is a pack like any other, a little softer.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np

from training.packs.data import ELSEWHERE, group, read_audio, read_clip, write_array
from w2l_studio import atomic
from w2l_studio.errors import MediaError, UsageError
from w2l_studio.terms import Floats, FramesBGR
from w2l_studio.terms.sound import FRAME_MS, SAMPLE_RATE, SAMPLES_PER_FRAME

#: Of 100; at 60 a picture differs from its original by about as much as WebP at 75, for an eighth of the
#: bytes.
_QUALITY = 60
_SPEED = 8
_OPTIONS = [cv2.IMWRITE_AVIF_QUALITY, _QUALITY, cv2.IMWRITE_AVIF_SPEED, _SPEED]


def write(
    packs: Iterable[Path], path: Path, *, face_px: int = 0, tick: Callable[[], None] = lambda: None
) -> int:
    """Write the clips of some packs into one file.

    Args:
        face_px: side of the pictures in the file, 0 = as they are; larger ones are made smaller.
        tick: called after each clip.

    Returns:
        The number of clips.

    Raises:
        MediaError: there is no clip, one is broken, or this OpenCV writes no AVIF.
        OutputError: the file cannot be written.
        UsageError: two clips would have one name in the file.
    """
    folders: dict[str, Path] = {}
    for pack in packs:
        for meta in sorted(pack.glob("*/meta.json")):
            inside = f"{group(pack)}/{meta.parent.name}"
            if inside in folders:
                raise UsageError(
                    f"{folders[inside]} and {meta.parent} would both be {inside}",
                    hint="rename the folder of one of the packs",
                )
            folders[inside] = meta.parent
    if not folders:
        raise MediaError("no clip found", hint="give folders that `python -m training prepare` made")
    _needs_avif()
    try:
        with atomic.written(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as parcel:
            for inside, folder in folders.items():
                for name, content in _coded(folder, face_px).items():
                    parcel.writestr(f"{inside}/{name}", content)
                tick()
    except OSError as error:
        raise atomic.refusal(path, error.errno, error.strerror or str(error)) from error
    return len(folders)


def read(path: Path, root: Path, *, tick: Callable[[], None] = lambda: None) -> int:
    """Unpack a file into packs below a folder; clips that are there already are passed over.

    Returns:
        The number of clips unpacked.

    Raises:
        MediaError: it is no such file, or damaged.
        OutputError: a clip cannot be written.
    """
    _needs_avif()
    made = 0
    try:
        with zipfile.ZipFile(path) as parcel:
            for name in parcel.namelist():
                if not name.endswith("/meta.json"):
                    continue
                pack, clip, _ = name.split("/")
                folder = root / _plain(pack) / _plain(clip)
                if not (folder / "meta.json").exists():
                    _unpack(parcel, f"{pack}/{clip}", folder)
                    made += 1
                tick()
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError) as error:
        raise MediaError(
            f"these are no whole shards ({error})", hint="copy the file again", where=str(path)
        ) from error
    return made


def count(path: Path) -> int:
    """Return the number of clips in a file.

    Raises:
        MediaError: it is no such file.
    """
    try:
        with zipfile.ZipFile(path) as parcel:
            return sum(name.endswith("/meta.json") for name in parcel.namelist())
    except (zipfile.BadZipFile, OSError) as error:
        raise MediaError(f"these are no shards ({error})", where=str(path)) from error


def _needs_avif() -> None:
    if not (hasattr(cv2, "imencodeanimation") and cv2.haveImageWriter(".avif")):
        raise UsageError(
            f"OpenCV {cv2.__version__} has no AVIF", hint="pip install -U 'opencv-python-headless>=5'"
        )


def _plain(name: str) -> str:
    if name in ("", ".", "..") or "\\" in name:
        raise ValueError(f"{name!r} is no name of a clip")
    return name


def _coded(folder: Path, face_px: int) -> dict[str, bytes]:
    """Return the files of a clip, by their names in the zip; its meta last."""
    clip = read_clip(folder)
    frames = clip.frames
    if 0 < face_px < frames.shape[1]:
        frames = np.stack([cv2.resize(x, (face_px, face_px), interpolation=cv2.INTER_AREA) for x in frames])
    files = {"frames.avif": _film(frames), "audio.ogg": _sound(read_audio(folder))}
    if clip.opening is not None:
        files["opening.f16"] = clip.opening.astype("<f2").tobytes()
    meta = json.loads((folder / "meta.json").read_text("utf-8"))
    return {**files, "meta.json": json.dumps(meta).encode()}


def _film(frames: FramesBGR) -> bytes:
    film = cv2.Animation()
    film.frames = list(np.ascontiguousarray(frames))
    film.durations = [FRAME_MS] * len(frames)
    _, coded = cv2.imencodeanimation(".avif", film, _OPTIONS)
    return bytes(coded.tobytes())


def _sound(samples: Floats) -> bytes:
    import soundfile

    coded = io.BytesIO()
    soundfile.write(coded, np.clip(samples, -1, 1), SAMPLE_RATE, "VORBIS", format="OGG")
    return coded.getvalue()


def _unpack(parcel: zipfile.ZipFile, inside: str, folder: Path) -> None:
    import soundfile

    frames = _pictures(parcel.read(f"{inside}/frames.avif"), f"{inside}/frames.avif")
    try:
        heard, _ = soundfile.read(io.BytesIO(parcel.read(f"{inside}/audio.ogg")), dtype="float32")
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{inside}/audio.ogg does not decode") from error
    samples = np.zeros(len(frames) * SAMPLES_PER_FRAME, np.float32)
    if abs(len(heard) - len(samples)) >= SAMPLES_PER_FRAME:
        raise ValueError(
            f"{inside} holds {len(frames)} pictures and {len(heard)} samples, and they belong together"
        )
    samples[: len(heard)] = heard[: len(samples)]
    meta = parcel.read(f"{inside}/meta.json")
    with atomic.refusals(folder, ELSEWHERE):
        folder.mkdir(parents=True, exist_ok=True)
    write_array(folder / "frames.npy", frames)
    write_array(folder / "audio.npy", samples)
    if f"{inside}/opening.f16" in parcel.namelist():
        opening = np.frombuffer(parcel.read(f"{inside}/opening.f16"), "<f2")
        write_array(folder / "opening.npy", opening.astype(np.float32))
    path = folder / "meta.json"
    with atomic.refusals(path, ELSEWHERE), atomic.written(path, ELSEWHERE) as part:
        part.write_bytes(meta)


def _pictures(coded: bytes, name: str) -> FramesBGR:
    try:
        decodes, film = cv2.imdecodeanimation(np.frombuffer(coded, np.uint8))
    except cv2.error as error:
        raise ValueError(f"{name} does not decode") from error
    if not decodes:
        raise ValueError(f"{name} does not decode")
    return np.stack([frame[..., :3] for frame in film.frames])
