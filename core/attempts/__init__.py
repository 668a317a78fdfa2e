"""Attempts of policies: how one ended, and what many of them tell."""
