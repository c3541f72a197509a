"""Where history goes: one file per kind of sink, at the far rim."""
