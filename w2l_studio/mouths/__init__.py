"""Mouths: what is drawn of crops and sound, made crisp, measured; and motion of lips from sound."""
