"""`python -m scanner` does what `xoxscan` does."""

import sys

from scanner.cli import main

if __name__ == "__main__":
    sys.exit(main())
