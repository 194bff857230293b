"""Where networks run, and how precisely: a GPU where there is one, bf16 where the machine gains by it."""

from __future__ import annotations

import torch

from w2l_studio.errors import UsageError


def chosen(device: str, precision: str) -> tuple[torch.device, bool]:
    """Return where a network runs, and whether in bf16.

    Args:
        device: ``cpu``, ``cuda``, or ``auto`` = a GPU where there is one.
        precision: ``fp32``, ``bf16``, or ``auto`` = bf16 where the machine gains by it.

    Raises:
        UsageError: there is no such device.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("torch finds no CUDA device here", hint="leave --device out, or say cpu")
    placed = torch.device(device)
    return placed, precision == "bf16" or (precision == "auto" and bf16_pays(placed))


def bf16_pays(device: torch.device) -> bool:
    """Tell whether bf16 is quicker here: AVX-512 BF16 or AMX on a CPU, Ampere or later on a GPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if not hasattr(torch.cpu, "get_capabilities"):
        return _older_torch_bf16()
    abilities = torch.cpu.get_capabilities()
    return bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))


def _older_torch_bf16() -> bool:
    """Ask torch before 2.9, which has private questions only, some versions none."""
    questions = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name)()) for name in questions if hasattr(torch.cpu, name))
