"""What a job is and how it lives: pure rules, no input or output, no clock, no chance."""
