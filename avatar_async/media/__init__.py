"""Pictures, videos and zips: reading, keying, encoding and making demo material.

Needs the `media` extra (Pillow and PyAV); import the modules of this package where they are used.
"""
