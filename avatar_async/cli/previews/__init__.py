"""The parts of `preview`: what is wanted, what of, how it is made, and what is shown of it."""
