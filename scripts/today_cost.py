"""Measure what Today costs with 300 patients and up to five million logs: make today-cost

TODAY_LOGS names the steps, for example TODAY_LOGS=50000,500000.
"""

import sys

from scripts.test import main

if __name__ == "__main__":
    sys.exit(main(["tests/today_cost.py", "-q", "--show-capture=no"]))
