"""`python -m achterwacht_dashboard` is `achterwacht-dashboard`."""

from achterwacht_dashboard.cli import main

main()
