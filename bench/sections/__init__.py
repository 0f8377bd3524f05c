"""One module a section; each has a `SECTION` that `bench.registry` finds."""
