"""The private alarm centre, told by SIA DC-09 (docs/alarm-centre.md): client.py is the channel."""
