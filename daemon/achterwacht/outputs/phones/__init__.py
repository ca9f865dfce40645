"""Ways to telephones, in a process of their own (docs/decisions/phones-process.md): channel.py is the daemon's end."""
