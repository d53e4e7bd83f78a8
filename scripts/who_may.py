"""Write docs/who-may.md anew from what the application answers: python -m scripts.who_may"""

import os
import sys

from scripts.test import main

if __name__ == "__main__":
    os.environ["WRITE_WHO_MAY"] = "yes"
    sys.exit(main(["tests/test_who_may.py", "-q"]))
