"""Entry point for the launcher `devchain`; needs the packages of requirements.txt."""

import sys

from node.cli import main

sys.exit(main())
