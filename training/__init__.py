"""Trains what the engine ships; not part of the wheel."""
