"""Servers that the contenders talk to, started for one section and stopped after it."""
