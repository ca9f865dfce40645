"""The journal: what happened, in rows that are only added and hash-chained, one file a year.

`opening.py` starts on what is there, `writer.py` adds rows, `reader.py` reads and verifies, `files.py` knows one
file. `people.py` keeps names and numbers apart, so that they can be erased. What a body means, nobody here knows.
"""
