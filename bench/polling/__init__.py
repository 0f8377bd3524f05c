"""The poll planner in virtual time: distributions, what is best at all, and simulated services."""
