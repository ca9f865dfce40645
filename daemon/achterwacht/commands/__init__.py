"""What the commands do: `running.py` starts and checks, `reading.py` reads the journal, `talking.py` asks the daemon.

cli.py has the arguments and the help. Each command returns its exit code and raises AchterwachtError for people.
"""
