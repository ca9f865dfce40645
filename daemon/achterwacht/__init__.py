"""Achterwacht: a press on a desk button becomes people running there, within a second, and is never forgotten."""

__version__ = "0.1.0"
