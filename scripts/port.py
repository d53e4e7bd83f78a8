"""Say in one line if the web server could not listen on this port: port.py 8000"""

import errno
import socket
import sys


def main(given):
    if not given.isdecimal() or not 1 <= int(given) <= 65535:
        sys.exit(f"PORT must be a number from 1 to 65535, not '{given}'.")
    with socket.socket() as probe:
        # As a web server does: what an earlier server's visitors left behind is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(given)))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                sys.exit(f"Port {given} is taken. Choose another one, for example PORT=8001.")
            sys.exit(f"Port {given} cannot be used: {error.strerror}. Choose another one.")


main(sys.argv[1])
