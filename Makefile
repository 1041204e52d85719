# The commands of development. `make setup` installs everything they need into .venv.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
STAMP := $(VENV)/.made
WORKERS ?= $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) + 1)")  # one more than cores: tests wait for subprocesses
MESSAGES := src/qualwatch/locale/en/LC_MESSAGES/qualwatch.mo

.PHONY: setup demo play serve test test-full browser postgres bench check fix docs lock messages clean

setup: $(STAMP) $(MESSAGES)

$(STAMP): requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(MESSAGES): src/qualwatch/locale/en/LC_MESSAGES/qualwatch.po $(STAMP)
	$(BIN)/pybabel --quiet compile --domain qualwatch --directory src/qualwatch/locale

demo: setup           ## synthetic provinces: one checked and loaded into registers, one played day by day
	$(BIN)/python tools/demo.py

browser:              ## installs Chromium and a Chinese font for the browser tests (Debian, as root)
	@if ! command -v chromium >/dev/null || ! fc-list 2>/dev/null | grep -q "Noto Sans CJK"; then \
	  if [ "$$(id -u)" = 0 ]; then \
	    echo "installing chromium and fonts-noto-cjk"; apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk fontconfig >/dev/null; \
	  fi; \
	fi
	@command -v chromium >/dev/null || { echo "FAIL: the tests need Chromium: apt-get install chromium fonts-noto-cjk" >&2; exit 1; }

play: setup           ## the long demo: 500 enterprises played for half a year
	$(BIN)/python tools/demo.py --long

serve: setup          ## the demo's office at 127.0.0.1:8000 with sample log-ins (another: QUALWATCH_STATE)
	$(BIN)/python tools/serve.py

postgres:             ## installs PostgreSQL for the office tests (Debian, as root)
	@if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && ! command -v initdb >/dev/null; then \
	  if [ "$$(id -u)" = 0 ]; then \
	    echo "installing postgresql"; apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null; \
	  fi; \
	fi
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || \
	  { echo "FAIL: the tests need PostgreSQL: apt-get install postgresql" >&2; exit 1; }

test: setup check browser postgres ## checks and all tests but the long ones; acts of the office on both databases
	$(BIN)/pytest -n $(WORKERS) -m "not full"
	$(BIN)/python tools/with_postgres.py $(BIN)/pytest -n $(WORKERS) -m "not full and not one_database" tests/office

test-full: setup check browser postgres ## checks and all tests, with the long generative and crash tests
	$(BIN)/pytest -n $(WORKERS)
	$(BIN)/python tools/with_postgres.py $(BIN)/pytest -n $(WORKERS) tests/office

check: setup          ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: setup            ## lint with fixes, format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup          ## benchmarks; writes docs/reference/performance.md
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	$(BIN)/python benchmarks/run.py

docs: setup           ## generates docs/reference from the source
	PYTHONPATH=tests $(BIN)/python tests/spec_cases.py
	$(BIN)/python tools/reference_pages.py

messages: setup       ## extracts messages and updates the catalogs
	$(BIN)/pybabel extract --mapping babel.cfg --keywords _ --keywords _n --no-location --sort-output --omit-header -o build/qualwatch.pot src
	$(BIN)/pybabel update --domain qualwatch -i build/qualwatch.pot -d src/qualwatch/locale --no-fuzzy-matching --ignore-obsolete

lock:                 ## pins the dependencies with hashes (needs uv)
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra dev pyproject.toml -o requirements-dev.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra dev --extra bench pyproject.toml -o requirements-bench.txt

clean:                ## removes build products and caches
	rm -rf build demo .pytest_cache .mypy_cache .ruff_cache
