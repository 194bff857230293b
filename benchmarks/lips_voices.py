"""Speaks languages that no network of ours has heard, with exact phoneme times, for `benchmarks/lips.py`.

    apt-get install festival festvox-italp16k festvox-itapc16k festvox-suopuhe-lj \\
        festvox-czech-ph festvox-czech-dita
    python benchmarks/lips_voices.py OUT

Diphone voices of Festival (natural units of speech): Italian, Finnish, Czech. ``OUT`` becomes a folder like
that of the speech that performers learn from: ``speech.jsonl`` and a sound file per sentence.
"""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path

ITALIAN = (
    "Buongiorno, mi chiamo Paolo e abito a Bologna con mia moglie e due bambini.",
    "Il treno per Milano parte domani mattina alle sette e mezzo dal primo binario.",
    "Non sono mai stato a Venezia, ma ho visto molte fotografie della piazza.",
    "La prima volta che abbiamo provato a fare il pane, era tutto bruciato.",
    "Puoi portarmi un bicchiere di acqua e una bottiglia di vino bianco, per favore?",
    "Il medico mi ha detto di camminare almeno un'ora ogni giorno.",
    "Sempre meglio tardi che mai, diceva mia nonna, e poi rideva.",
    "Abbiamo comprato un tavolo nuovo, ma non passa dalla porta.",
    "Quando piove, i bambini giocano in camera con la palla rossa.",
    "Vorrei sapere quanto costa un biglietto per lo spettacolo di sabato.",
    "Un piccolo problema puo diventare grande se nessuno ne parla.",
    "Prima di partire, controlla bene le gomme, la benzina e i freni.",
)
FINNISH = (
    "Hyvää päivää, minun nimeni on Pekka ja asun pienessä kaupungissa meren rannalla.",
    "Poika pelaa palloa pihalla, mutta äiti pyytää hänet sisään.",
    "Junassa oli paljon ihmisiä, koska lomat alkoivat perjantaina.",
    "Minä en ole koskaan nähnyt niin kaunista talvea kuin tänä vuonna.",
    "Kampaaja leikkasi hänen tukkansa liian lyhyeksi, ja hän suuttui.",
    "Meidän pitäisi ostaa leipää, maitoa, perunoita ja pari purkkia puuroa.",
    "Vanha mummo kertoi lapsille pitkän tarinan karhusta ja ketusta.",
    "Ensi kesänä aiomme matkustaa pohjoiseen ja kävellä tuntureilla.",
    "Puhelin soi monta kertaa, mutta kukaan ei vastannut.",
    "Tämä kuppi on minun, ja tuo punainen kuuluu sinun veljellesi.",
)
CZECH = (
    "Dobrý den, jmenuji se Petr a bydlím v malém domě blízko lesa.",
    "Maminka pekla bábovku a babička při tom vyprávěla pohádku.",
    "Zítra pojedeme vlakem do Prahy, protože auto je porouchané.",
    "Nemám moc času, ale můžeme si spolu vypít kávu.",
    "Pes běhal po poli a honil bílého motýla, dokud nebyl unavený.",
    "Kolik stojí tato kniha a kdy bude znovu otevřeno?",
    "Minulý týden napadlo tolik sněhu, že autobusy vůbec nejely.",
    "Prosím vás, kde je tady nejbližší pošta nebo banka?",
    "Můj bratr hraje na klavír a moje sestra zpívá ve sboru.",
    "Pomalu se stmívalo a nad městem svítil obrovský měsíc.",
)
#: Voice -> language, name, encoding that Festival wants, sentences.
VOICES = {
    "voice_lp_diphone": ("it", "lp", "latin-1", ITALIAN),
    "voice_pc_diphone": ("it", "pc", "latin-1", ITALIAN),
    "voice_suo_fi_lj_diphone": ("fi", "lj", "latin-1", FINNISH),
    "voice_czech_ph": ("cs", "ph", "iso-8859-2", CZECH),
    "voice_czech_dita": ("cs", "dita", "iso-8859-2", CZECH),
}
#: Their phones -> the nearest that speech is animated by (ARPAbet), longest names first where it matters.
_VOWELS = {"a": "AA", "e": "EH", "E": "EH", "i": "IY", "o": "AO", "O": "AO", "u": "UW", "y": "UW"}
_VOWELS |= {"@": "AE", "ae": "AE", "7": "ER", "oe": "ER", "2": "ER", "{": "AE", "A": "AE", "Q": "ER"}
_OTHERS = {
    "#": "SIL", "##": "SIL", "_": "SIL", "pau": "SIL", "p": "P", "b": "B", "m": "M",
    "f": "F", "v": "V", "w": "W", "j": "Y",
    "t": "T", "d": "D", "k": "K", "g": "G", "n": "N", "nf": "N", "ng": "NG", "N": "NG", "J": "N", "L": "L",
    "l": "L", "r": "R", "R": "R", "s": "S", "z": "Z", "S": "SH", "Z": "ZH", "tS": "CH", "dZ": "JH", "ts": "S",
    "dz": "Z", "h": "HH", "x": "HH", "ch": "HH", "c": "S", "c~": "CH", "s~": "SH", "z~": "ZH", "r~": "ZH",
    "t~": "T", "d~": "D", "n~": "N", "h\\": "HH",
}  # fmt: skip


def arpabet(name: str) -> str:
    """Return a phone's nearest ARPAbet name: length and stress marks away, doubled consonants once."""
    bare = name.rstrip("1:*")
    if len(bare) == 2 and bare[0] == bare[1]:
        bare = bare[0]
    if bare in _OTHERS:
        return _OTHERS[bare]
    if bare in _VOWELS:
        return _VOWELS[bare]
    if len(bare) == 2 and bare[0] in _VOWELS and bare[1] in _VOWELS:
        return {"a": "AY", "e": "EY", "o": "OW"}.get(bare[0], _VOWELS[bare[0]])
    raise ValueError(f"phone {name!r} is not known here")


def speak(folder: Path) -> list[dict[str, object]]:
    """Speak all sentences; returns the lines of ``speech.jsonl``."""
    script = [
        "(define (say text name) (set! u (utt.synth (eval (list 'Utterance 'Text text))))"
        ' (utt.save.wave u (string-append name ".wav") \'riff) (utt.save.segs u (string-append name ".lab")))'
    ]
    named = []
    parts = [script[0].encode()]
    for voice, (language, who, encoding, sentences) in VOICES.items():
        parts.append(f"({voice})".encode())
        for i, text in enumerate(sentences):
            name = f"{language}_{who}_{i:02}"
            named.append((name, language, who, text))
            parts.append(f'(say "{text}" "{name}")'.encode(encoding))
    (folder / "say.scm").write_bytes(b"\n".join(parts))
    subprocess.run(["festival", "-b", "say.scm"], cwd=folder, check=True, capture_output=True)
    return [_row(folder, *one) for one in named]


def _row(folder: Path, name: str, language: str, who: str, text: str) -> dict[str, object]:
    phones, start = [], 0.0
    for line in (folder / f"{name}.lab").read_text("latin-1").split("#\n", 1)[1].splitlines():
        stop, _, phone = line.split()
        phones.append([arpabet(phone), round(start, 4), float(stop)])
        start = float(stop)
    with wave.open(str(folder / f"{name}.wav")) as file:
        seconds = file.getnframes() / file.getframerate()
    return {
        "id": name, "file": f"{name}.wav", "dur": round(seconds, 3), "speaker": who, "language": language,
        "licence": "free", "corpus": "festival", "aligner": "manual", "conf": 1.0, "text": text,
        "phones": phones,
    }  # fmt: skip


def main() -> None:
    """Speak into the folder given."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rows = speak(folder)
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / "speech.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{len(rows)} sentences, {sum(float(str(row['dur'])) for row in rows):.0f} s")


if __name__ == "__main__":
    main()
