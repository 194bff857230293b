"""Generators: crops and voice in, mouths out."""
