"""Performance measured beside named peers: sections of works, run in interleaved rounds."""
