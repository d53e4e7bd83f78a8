"""Send 20,000 made-up requests to every view, or as many as one says: python -m scripts.fuzz [n]"""

import os
import sys

from scripts.test import main

if __name__ == "__main__":
    os.environ["FUZZ_REQUESTS"] = sys.argv[1] if len(sys.argv) > 1 else "20000"
    sys.exit(main(["tests/test_fuzz.py", "-q", "--show-capture=no"]))
