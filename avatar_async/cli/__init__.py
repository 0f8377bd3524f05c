"""The command line: one module per group of commands; rendering apart from doing.

Nothing heavy is imported before a command runs, so that `--help` and `--version` answer at once.
"""
