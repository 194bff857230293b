"""Speaks languages that no network of ours has heard, with exact phoneme times, for `benchmarks/lips.py`.

    apt-get install festival festvox-kallpc16k festvox-italp16k festvox-itapc16k festvox-suopuhe-lj \\
        festvox-suopuhe-mv festvox-czech-ph festvox-czech-dita festvox-czech-machac festvox-czech-krb \\
        festvox-ca-ona-hts festvox-ru festival-hi festvox-hi-nsk festival-mr festvox-mr-nsk \\
        festival-te festvox-te-nsk open-jtalk open-jtalk-mecab-naist-jdic
    python benchmarks/lips_voices.py OUT

Festival's voices put natural units of speech together (diphones; of Russian, longer ones); Catalan's and
Open JTalk's Japanese one are statistical. Hindi, Marathi and Telugu are spoken by one voice: its diphones are
the same file in all three packages. Japanese takes its voice, Mei, out of the PyPI package pyopenjtalk-plus,
which pip downloads and nobody installs. Voices are only listened to: GPL ones teach nothing, and nothing of
them is handed on. ``OUT`` becomes a folder like that of the speech that performers learn from:
``speech.jsonl``, which tells licence and package of every voice, and a sound file per sentence.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import wave
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import lips_sentences as sentences

Phone = tuple[str, float, float]
#: Their phones -> the nearest that speech is animated by (ARPAbet).
_PHONES = {
    "a": "AA", "e": "EH", "E": "EH", "i": "IY", "o": "AO", "O": "AO", "u": "UW", "y": "UW", "@": "AE",
    "7": "ER", "&": "AH", "#": "SIL", "##": "SIL", "_": "SIL", "pau": "SIL", "p": "P", "b": "B", "m": "M",
    "f": "F", "v": "V", "w": "W", "j": "Y", "t": "T", "d": "D", "k": "K", "g": "G", "n": "N", "nf": "N",
    "ng": "NG", "N": "NG", "J": "N", "L": "L", "l": "L", "r": "R", "s": "S", "z": "Z", "S": "SH", "Z": "ZH",
    "tS": "CH", "dZ": "JH", "ts": "S", "dz": "Z", "h": "HH", "ch": "HH", "c": "S", "c~": "CH", "s~": "SH",
    "z~": "ZH", "r~": "ZH", "t~": "T", "d~": "D", "n~": "N", "dz~": "JH",
}  # fmt: skip
_CATALAN = {"o": "OW", "ax": "AH", "r": "D", "rr": "R"}
#: Doubled consonants are palatal, doubled vowels stressed.
_RUSSIAN = {
    "a": "AH", "aa": "AA", "ae": "AH", "ay": "AH", "ur": "AH", "y": "IH", "ch": "CH", "sh": "SH", "sch": "SH",
    "zh": "ZH",
}  # fmt: skip
#: th and dh are t and d at the teeth, capitals curled back.
_INDIAN = {
    "a": "AH", "aa": "AA", "ih": "IH", "iy": "IY", "uh": "UH", "uw": "UW", "eh": "EH", "ee": "EY", "ay": "EH",
    "oh": "OW", "oo": "OW", "aw": "AO", "ch": "CH", "j": "JH", "y": "Y", "T": "T", "D": "D", "N": "N",
    "th": "T", "dh": "D", "tth": "T", "ddh": "D", "td": "T", "kh": "K", "gh": "G", "bh": "B", "ph": "P",
    "sh": "SH", "ksh": "SH", "sri": "S", "zh": "L", "R": "R", "x": "HH",
}  # fmt: skip
#: Capital vowels are whispered; u is not rounded; f is blown between the lips.
_JAPANESE = {
    "sil": "SIL", "A": "AA", "I": "IY", "U": "IH", "u": "IH", "E": "EH", "O": "AO", "N": "N", "r": "D",
    "j": "JH", "y": "Y", "sh": "SH", "ch": "CH", "ky": "K", "gy": "G", "ty": "T", "dy": "D", "ny": "N",
    "hy": "HH", "by": "B", "py": "P", "my": "M", "ry": "D",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks what.

    Args:
        call: the voice's name in Festival, or where it lies in its package.
        package: what the voice is in: of Debian, Mei's of PyPI.
        encoding: what the voice reads.
        own: phones that are named as by nobody else.
    """

    call: str
    language: str
    name: str
    package: str
    licence: str
    sentences: tuple[str, ...]
    encoding: str = "utf-8"
    own: Mapping[str, str] = field(default_factory=dict)


VOICES = (
    Voice("lp_diphone", "it", "lp", "festvox-italp16k", "GPL-2+", sentences.ITALIAN, "latin-1"),
    Voice("pc_diphone", "it", "pc", "festvox-itapc16k", "GPL-2+", sentences.ITALIAN, "latin-1"),
    Voice("suo_fi_lj_diphone", "fi", "lj", "festvox-suopuhe-lj", "LGPL-2+", sentences.FINNISH, "latin-1"),
    Voice("hy_fi_mv_diphone", "fi", "mv", "festvox-suopuhe-mv", "LGPL-2+", sentences.FINNISH, "latin-1"),
    Voice("czech_ph", "cs", "ph", "festvox-czech-ph", "GPL-2+", sentences.CZECH, "iso-8859-2"),
    Voice("czech_dita", "cs", "dita", "festvox-czech-dita", "GPL-3+", sentences.CZECH, "iso-8859-2"),
    Voice("czech_machac", "cs", "machac", "festvox-czech-machac", "GPL-3+", sentences.CZECH, "iso-8859-2"),
    Voice("czech_krb", "cs", "krb", "festvox-czech-krb", "GPL-3+", sentences.CZECH, "iso-8859-2"),
    Voice(
        "upc_ca_ona_hts",
        "ca",
        "ona",
        "festvox-ca-ona-hts",
        "LGPL-2.1+",
        sentences.CATALAN,
        "latin-1",
        _CATALAN,
    ),
    Voice("msu_ru_nsh_clunits", "ru", "nsh", "festvox-ru", "BSD-like", sentences.RUSSIAN, own=_RUSSIAN),
    Voice("hindi_NSK_diphone", "hi", "nsk", "festvox-hi-nsk", "GPL-2+", sentences.HINDI, own=_INDIAN),
    Voice("marathi_NSK_diphone", "mr", "nsk", "festvox-mr-nsk", "GPL-2+", sentences.MARATHI, own=_INDIAN),
    Voice("telugu_NSK_diphone", "te", "nsk", "festvox-te-nsk", "GPL-2+", sentences.TELUGU, own=_INDIAN),
)
_MEI = Voice(
    "pyopenjtalk/htsvoice/mei_normal.htsvoice", "ja", "mei", "pyopenjtalk-plus==0.4.1.post10", "CC BY 3.0",
    sentences.JAPANESE, own=_JAPANESE,
)  # fmt: skip
#: Where Open JTalk finds words.
_WORDS = Path("/var/lib/mecab/dic/open-jtalk/naist-jdic")
#: Open JTalk tells times in 100 ns.
_TICKS = 10_000_000
_SAY = (
    "(define (say text name) (set! u (utt.synth (eval (list 'Utterance 'Text text))))"
    ' (utt.save.wave u (string-append name ".wav") \'riff) (utt.save.segs u (string-append name ".lab")))'
)


def arpabet(name: str, own: Mapping[str, str]) -> str:
    """Return a phone's nearest ARPAbet name: length and stress marks away, doubled consonants once.

    Args:
        own: a voice's own phones, which go before those of all.
    """
    bare = name.rstrip("1:*")
    once = bare[0] if len(bare) == 2 and bare[0] == bare[1] else bare
    for table in (own, _PHONES):
        for called in (bare, once):
            if called in table:
                return table[called]
    raise ValueError(f"phone {name!r} is not known here")


def speak(folder: Path, voice: Voice) -> list[dict[str, object]]:
    """Let a voice of Festival speak its sentences; return its lines of ``speech.jsonl``.

    A process per voice: voices call their parts alike (the three of NSK do).
    """
    parts = [_SAY.encode(), f"(voice_{voice.call})".encode()]
    named = _named(voice)
    for name, text in named.items():
        parts.append(f'(say "{text}" "{name}")'.encode(voice.encoding))
    script = folder / f"{voice.language}_{voice.name}.scm"
    script.write_bytes(b"\n".join(parts))
    subprocess.run(["festival", "-b", script.name], cwd=folder, check=True, capture_output=True)
    rows = []
    for name in named:
        told = segments((folder / f"{name}.lab").read_text("latin-1"))
        phones = [(arpabet(phone, voice.own), start, stop) for phone, start, stop in told]
        rows.append(_row(folder, voice, name, phones))
    return rows


def segments(label: str) -> list[Phone]:
    """Read Festival's segments: a line each of end (s), a number and the phone."""
    lines = [line.split() for line in label.split("#\n", 1)[1].splitlines()]
    stops = [float(line[0]) for line in lines]
    return [(line[2], start, stop) for line, start, stop in zip(lines, [0.0, *stops], stops, strict=False)]


def speak_japanese(folder: Path) -> list[dict[str, object]]:
    """Let Open JTalk speak by Mei's voice; return the lines of ``speech.jsonl``."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        mei, trace = _mei(Path(scratch)), Path(scratch) / "trace.txt"
        for name, text in _named(_MEI).items():
            command = ["open_jtalk", "-x", _WORDS, "-m", mei, "-ow", folder / f"{name}.wav", "-ot", trace]
            subprocess.run(command, input=text.encode(), check=True, capture_output=True)
            rows.append(_row(folder, _MEI, name, japanese(trace.read_text("utf-8"))))
    return rows


def _mei(scratch: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*pip, "--dest", scratch, _MEI.package], check=True)
    with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
        return Path(wheel.extract(_MEI.call, scratch))


def japanese(trace: str) -> list[Phone]:
    """Read phones off Open JTalk's trace, whose labels have begin, end and ``...-PHONE+...``.

    What has no place of its own is spoken where the next sound is: the held part of a double consonant
    (``cl``), and N, which is m before p, b and m.
    """
    labels = trace.split("[Output label]\n", 1)[1].split("\n\n", 1)[0].splitlines()
    told = [line.split(" ")[:3] for line in labels]
    names = [context.split("-", 1)[1].split("+", 1)[0] for _, _, context in told]
    phones: list[Phone] = []
    following = "SIL"
    for name, (start, stop, _) in zip(reversed(names), reversed(told), strict=True):
        shut_next = name == "N" and following in ("P", "B", "M")
        found = following if name == "cl" else "M" if shut_next else arpabet(name, _MEI.own)
        phones.append((found, int(start) / _TICKS, int(stop) / _TICKS))
        following = found
    return phones[::-1]


def _named(voice: Voice) -> dict[str, str]:
    return {f"{voice.language}_{voice.name}_{i:02}": text for i, text in enumerate(voice.sentences)}


def _row(folder: Path, voice: Voice, name: str, phones: list[Phone]) -> dict[str, object]:
    with wave.open(str(folder / f"{name}.wav")) as file:
        seconds = file.getnframes() / file.getframerate()
    return {
        "id": name, "file": f"{name}.wav", "dur": round(seconds, 3), "speaker": voice.name,
        "language": voice.language, "licence": voice.licence, "corpus": voice.package, "aligner": "manual",
        "conf": 1.0, "text": _named(voice)[name],
        "phones": [(phone, round(start, 4), round(stop, 4)) for phone, start, stop in phones],
    }  # fmt: skip


def main() -> None:
    """Speak into the folder given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="for the sound and `speech.jsonl`")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    rows = [row for voice in VOICES for row in speak(folder, voice)] + speak_japanese(folder)
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / "speech.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    for language, spoken in itertools.groupby(rows, key=lambda row: row["language"]):
        seconds = [float(str(row["dur"])) for row in spoken]
        print(f"{language}: {len(seconds)} sentences, {sum(seconds):.0f} s")


if __name__ == "__main__":
    main()
