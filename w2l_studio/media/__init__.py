"""Picture files in and out by PyAV: probe, decode, encode, planes. Knows nothing of edits or faces."""
