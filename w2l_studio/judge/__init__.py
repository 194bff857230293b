"""How well lips follow a sound: scores, offsets and the sync expert as judge."""
