"""`python -m achterwacht` is the command `achterwacht`."""

from __future__ import annotations

import sys

from achterwacht.cli import main

sys.exit(main())
