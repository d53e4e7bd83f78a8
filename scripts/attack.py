"""Attack the application over HTTP and print what came of it: python -m scripts.attack"""

import sys

from scripts.test import main

if __name__ == "__main__":
    sys.exit(main(["tests/attack_live.py", "-q", "--show-capture=no"]))
