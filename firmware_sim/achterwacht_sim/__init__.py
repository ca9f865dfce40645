"""Simulated zenders and pagers, written from docs/wire.md alone: an independent reading of the contract.

Firmware (zender.py, pager.py) is pure and takes the time as an argument; node.py gives it a broker.
Nothing here imports the daemon.
"""
