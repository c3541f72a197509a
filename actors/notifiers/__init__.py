"""Where alerts go besides the stream: one file per kind, each of which sends one notification at a time."""
