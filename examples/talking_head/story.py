"""What is shown: which stem, and which of its frames. Read by Blender's Python and by the engine's."""

from __future__ import annotations

from pathlib import Path

STEM = Path(__file__).resolve().parents[1] / "two_voices" / "stems" / "ANNA.fr.wav"
#: The stem's first sample is heard in frame 1.
RATE = 24
#: Of the line "Elle m'a appelée avant le petit déjeuner".
FIRST, LAST = 220, 256
