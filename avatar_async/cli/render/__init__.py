"""How a run looks: a live display on a terminal, plain lines when piped, JSON lines for programs."""
