"""Paging systems that a house already owns: ESPA 4.4.4 and TAP 1.8, on a serial line or over TCP (docs/pagers.md)."""
