# make run   serve Bearing with a sample clinic on http://127.0.0.1:8000 (PORT=8001 for another port)
# make test  every check and test
#
# Both install what they need into .venv and start a PostgreSQL of their own below var/. With
# DATABASE_URL they use that server instead; .env.example lists everything that can be set.

PYTHON ?= python3
PORT ?= 8000
VENV := .venv/bin/python
UV_COMPILE := uv pip compile --quiet --python-version 3.11 --universal --generate-hashes \
	--no-annotate --no-header pyproject.toml

.PHONY: run dev test check thorough guesses reminders drill mutants figures pictures messages \
	compiled who-may attack fuzz walls-cost today-cost stop psql lock clean
.NOTPARALLEL:

run: ## serve the sample clinic
	@$(PYTHON) scripts/port.py "$(PORT)"
	@$(PYTHON) scripts/install.py requirements-local.lock requirements-dev.lock
	@$(VENV) -m config.serve $(PORT)

dev: ## the same, reloading when the code changes and with Django's error pages
	@$(PYTHON) scripts/port.py "$(PORT)"
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m config.serve $(PORT) --dev

test: check ## run every check and test; PYTEST_ARGS="-k portal" chooses among the tests
	@$(VENV) -m scripts.test $(PYTEST_ARGS)

check: export SECRET_KEY = unused
check: export BEARING_LOGIN = migrator
check: ## lint, types and Django's own checks; needs no database
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m ruff check .
	@$(VENV) -m ruff format --check .
	@$(VENV) -m mypy
	@$(VENV) manage.py check
	@$(VENV) -W "ignore:Got an error checking" manage.py makemigrations --check --dry-run

thorough: ## every state of the builder, the player and the figures in Chromium; minutes
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.test thorough

guesses: ## 10,000 guesses at codes and birth dates from 50 addresses; minutes
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.test tests/portal/test_guessing.py -q -s

reminders: ## 10,000 due reminders over a worker that is killed ten times; a quarter of an hour
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.reminders_proof

who-may: ## write docs/who-may.md anew: what everybody gets at every address
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.who_may

attack: ## hostile requests of every class over HTTP, on a database of their own; minutes
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.attack

fuzz: ## 20,000 requests made up from the forms of every view; a quarter of an hour
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.fuzz

walls-cost: ## what row-level security costs on ten pages with a million logs; minutes
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.walls_cost

today-cost: ## what Today costs with 300 patients and up to 5 million logs; half an hour, 10 GB
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.today_cost

drill: ## kill web, worker and PostgreSQL under 10,000 writes; restore; fail over; half an hour
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.drill $(DRILL_ARGS)

mutants: ## take every rule out in turn and see that a test notices; needs no database
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.mutants

figures: ## draw every figure into var/figures, small and large, light and dark
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.figures

pictures: ## photograph the main pages into var/pictures, on a phone and at a desk, light and dark
	@$(PYTHON) scripts/install.py requirements-local.lock requirements-dev.lock
	@$(VENV) -m scripts.pictures

messages: ## gather the words to translate into portal/locale; after translating: make compiled
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.messages extract

compiled: ## compile what was translated
	@$(PYTHON) scripts/install.py requirements-dev.lock
	@$(VENV) -m scripts.messages compile

stop: ## stop the embedded PostgreSQL, if something has left it running
	@$(VENV) -m config.embedded stop
	@$(VENV) -m config.embedded stop --fast

psql: ## look into the embedded database
	@$(VENV) -m config.embedded psql

lock: ## choose versions anew within pyproject.toml
	@command -v uv > /dev/null || { echo "make lock needs uv: pip install uv"; exit 1; }
	@$(UV_COMPILE) --upgrade -o requirements.lock
	@$(UV_COMPILE) --upgrade --extra local -o requirements-local.lock
	@$(UV_COMPILE) --upgrade --extra dev -o requirements-dev.lock

clean: ## remove what can be made again; the data in var/ stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path "./var/*" -prune -exec rm -rf {} +
