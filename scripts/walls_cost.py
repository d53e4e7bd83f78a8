"""Measure what row-level security costs with a million logs: python -m scripts.walls_cost"""

import sys

from scripts.test import main

if __name__ == "__main__":
    sys.exit(main(["tests/walls_cost.py", "-q", "--show-capture=no"]))
