"""How anything is trained: one loop, its batches, devices, checkpoints and journal."""
