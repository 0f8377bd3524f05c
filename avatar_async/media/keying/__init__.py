"""The parts of the keyer: screen, matte, spill, clean plate. Use them through `avatar_async.media.keyer`."""
