"""What the commands do: `running.py` starts and checks, `reading.py` reads the journal, `talking.py` speaks with the
daemon, `standing.py` asks how everything stands, `learning.py` listens for a new button.

cli.py has the arguments and the help. Each command returns its exit code and raises AchterwachtError for people.
"""
