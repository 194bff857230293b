"""How sound is counted: samples, mel columns, and the pictures that experts and judges see with them."""

from __future__ import annotations

#: Samples a second of all sound that is heard here, mono.
SAMPLE_RATE = 16000
#: Samples from column to column of the mel spectrogram (12.5 ms), and its bands.
HOP, BANDS = 200, 80
COLUMNS_PER_SECOND = SAMPLE_RATE // HOP
#: Mel values run from minus this, which is digital silence, to this.
MEL_RANGE = 4.0
SILENCE = -MEL_RANGE

#: Pictures a second that experts and judges see, and packs hold, whatever a film's rate is: five of them and
#: 200 ms of sound only fit together at this one (paper 3.1).
FPS = 25
FRAME_MS = 1000 // FPS
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS
