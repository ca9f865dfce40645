"""The dashboard: what people see in a browser, and what they press there.

A process of its own. It folds the daemon's facts and sends commands; it holds no alarm logic: how the house stands is
`achterwacht.core`'s, what becomes of a command is the daemon's.
"""
