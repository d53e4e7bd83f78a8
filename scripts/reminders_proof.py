"""Ten thousand reminders due at once, and a worker killed ten times; prints what came of it.

Takes minutes: python -m scripts.reminders_proof
"""

import sys

from scripts.test import main

PROOF = ["tests/prescriptions/test_remind_worker.py", "-m", "thorough", "-q"]

if __name__ == "__main__":
    sys.exit(main(PROOF))
