"""`python -m repoops`."""

import sys

from repoops.cli.app import main

sys.exit(main())
