# Bearing's web and worker, one image: `web` serves, `python manage.py worker` works.
# Built without any secret: everything that differs between clinics comes from the environment.

FROM python:3.11-slim-bookworm AS built
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements.lock /tmp/requirements.lock
# Nothing but wheels whose hashes are in the lock.
RUN /opt/venv/bin/pip install --require-hashes --only-binary=:all: -r /tmp/requirements.lock
WORKDIR /srv/bearing
COPY manage.py pyproject.toml ./
COPY config config
COPY clinics clinics
COPY exercises exercises
COPY patients patients
COPY prescriptions prescriptions
COPY portal portal
COPY templates templates
COPY static static
COPY scripts scripts
# Reads no database and signs nothing: the key of this one command is no secret.
RUN SECRET_KEY=collectstatic COLLECTED_STATIC=on APP_DATABASE_URL=postgresql://nobody@nowhere/none \
    /opt/venv/bin/python manage.py collectstatic --noinput --verbosity=0 \
    && /opt/venv/bin/python -m compileall -q config clinics exercises patients prescriptions portal

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin bearing
COPY --from=built /opt/venv /opt/venv
COPY --from=built /srv/bearing /srv/bearing
WORKDIR /srv/bearing
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    COLLECTED_STATIC=on \
    PORT=8000
USER bearing
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "--config=python:config.gunicorn", "--bind=0.0.0.0:8000", "config.wsgi"]
