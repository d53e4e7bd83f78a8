"""How gunicorn serves Bearing: gunicorn --config=python:config.gunicorn config.wsgi

What is set on the command line counts more. Lines of an access log would hold the secrets of links:
Bearing writes a line of its own for each request.
"""

import os

from config.logs import configuration

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_PROCESSES", "1"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "8"))
# A thread cannot be stopped: this ends a process of which no thread answers any more. The database
# stops each statement after 15 seconds.
timeout = 30  # seconds
graceful_timeout = 10  # seconds
keepalive = 5  # seconds
# Our longest address holds a token and a search; our largest header, the cookies of five people.
limit_request_line = 4094  # bytes
limit_request_fields = 60
limit_request_field_size = 8190  # bytes
accesslog = None
logconfig_dict = configuration(os.environ.get("LOG_LEVEL", "WARNING"))
control_socket_disable = True


def child_exit(server: object, worker: object) -> None:
    """What a process that ended has measured stays counted."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[attr-defined]
