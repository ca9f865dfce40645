"""`python -m achterwacht_sim` is `achterwacht-sim`."""

import sys

from achterwacht_sim.cli import main

sys.exit(main())
