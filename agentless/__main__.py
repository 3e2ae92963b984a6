"""`python -m agentless`: the same as `agentless`."""

import sys

from agentless.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
