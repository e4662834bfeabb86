"""`python -m doorstep_local`."""

import sys

from doorstep_local.cli import main

sys.exit(main())
