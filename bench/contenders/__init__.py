"""Programs that take part in a race, each run as a process of its own."""
