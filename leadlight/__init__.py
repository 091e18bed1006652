"""Leadlight: who is on your website, and how much they want to buy."""

__version__ = "0.1.0"
