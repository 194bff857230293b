"""Stems, mel spectrogram, windows and voiced spans. Knows nothing of pictures."""
