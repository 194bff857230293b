"""Signs takes: Content Credentials (C2PA 2.2) by the studio's own certificate, offline (docs/decisions/0013).

Signs whole files and checks what signs them; what the container itself says is `provenance`'s.
"""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path
from typing import Any

from w2l_studio import __version__, atomic
from w2l_studio.errors import OutputError, UsageError
from w2l_studio.media.provenance import SOURCE_TYPE
from w2l_studio.terms import Slate

#: By the kind of key; whichever fits the one that is given (C2PA 2.2, 13.2).
_ALGORITHMS = ("es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519")
_QUICKTIME = "video/quicktime"


class Seal:
    """A certificate and its private key, tried on a sound of no length before any take is made.

    Args:
        certificate: PEM, the signer's first, then those that vouch for it.
        private_key: PEM, PKCS#8, without a password.

    Raises:
        UsageError: c2pa-python is missing, a file cannot be read, or they do not sign.
    """

    def __init__(self, certificate: Path, private_key: Path) -> None:
        try:
            import c2pa
        except ModuleNotFoundError:
            raise UsageError(
                "--sign-cert needs c2pa-python, which is not installed",
                hint="pip install 'c2pa-python>=0.38'",
            ) from None
        self._c2pa = c2pa
        chain, key = _read(certificate), _read(private_key)
        refused = ""
        for algorithm in _ALGORITHMS:
            try:
                self._signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(algorithm, chain, key, None))
            except (c2pa.C2paError, ValueError) as error:
                refused = refused or _line(error)
                continue
            self._try(certificate)
            return
        raise UsageError(
            f"no key that can sign ({refused})",
            hint="give --sign-key an unencrypted PKCS#8 key in PEM: EC, RSA or Ed25519",
            where=str(private_key),
        )

    def sign(self, take: Path, slate: Slate) -> None:
        """Put Content Credentials into a finished take; nothing may touch the file afterwards.

        Raises:
            OutputError: it cannot be written or signed; the take is left without credentials.
        """
        manifest = _manifest(take.name, slate.engine)
        manifest["assertions"].append({"label": "w2l_studio.slate", "data": slate.to_json()})
        try:
            with atomic.written(take) as part, take.open("rb") as source, part.open("w+b") as target:
                self._put(manifest, _QUICKTIME, source, target)
        except (self._c2pa.C2paError, OSError) as error:
            raise OutputError(
                f"cannot be signed ({_line(error)})", hint="run again once there is room", where=str(take)
            ) from error

    def _try(self, certificate: Path) -> None:
        try:
            self._put(_manifest("trial", __version__), "audio/wav", io.BytesIO(_silence()), io.BytesIO())
        except self._c2pa.C2paError as error:
            raise UsageError(
                f"the certificate does not sign ({_line(error)})",
                hint="it has to be valid today, for content credentials, and of the key of --sign-key",
                where=str(certificate),
            ) from error

    def _put(self, manifest: dict[str, Any], form: str, source: Any, target: Any) -> None:
        with self._c2pa.Builder(json.dumps(manifest)) as builder:
            builder.sign(self._signer, form, source, target)


def _manifest(title: str, engine: str) -> dict[str, Any]:
    """Return what is claimed of every take: made by this engine, in part by a trained model."""
    created = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE}
    return {
        "title": title,
        "claim_generator_info": [{"name": "W2L Studio", "version": engine}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}],
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot be read ({error.strerror})",
            hint="give --sign-cert and --sign-key PEM files that may be read",
            where=str(path),
        ) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _silence() -> bytes:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
    return sound.getvalue()
