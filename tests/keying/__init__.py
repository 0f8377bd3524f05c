"""Synthetic green- and blue-screen scenes whose matte is known, how to judge a keyer on them, and a peer."""
