"""Talking HTTP: sessions, tokens and downloads. Every error of the libraries below ends here."""
