"""How gunicorn serves Bearing: gunicorn --config=python:config.gunicorn config.wsgi

What is set on the command line counts more.
"""

import os

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_PROCESSES", "1"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "8"))
# A thread cannot be stopped: this ends a process of which no thread answers any more. The database
# stops each statement after 15 seconds.
timeout = 30  # seconds
graceful_timeout = 10  # seconds
keepalive = 5  # seconds
loglevel = "warning"
control_socket_disable = True
