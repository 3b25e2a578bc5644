# Every target sets up what it needs in .venv; the two to know are `make serve` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Clients of other projects, for tests only: their pins do not fit ours.
CLIENTS := .venv-clients
EARLIER := .venv-earlier-clients
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
PORT ?= 8000
JOBS ?= 2
# Images set it so that they stay small; here hundreds of programs would compile all that they import, each anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help serve train report digests readme openapi check audit fuzz bench bench-record bench-peers bench-growth bench-batch bench-replicas bench-report torture format test coverage test-fast test-system test-beside test-alone test-containers clients lock clean
help:                ## this list
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' Makefile | expand -t 16

serve: $(VENV)/.service  ## serve the published models on http://127.0.0.1:8000, no TensorFlow needed
	$(BIN)/python -m service --port $(PORT)

train: $(VENV)/.dev  ## train every published model from nothing into models/, by the clock
	$(BIN)/python -m benchmarks.accuracy train --jobs $(JOBS)

report: $(VENV)/.dev  ## render models/RESULTS.md and the READMEs' table of models
	$(BIN)/python -m benchmarks.accuracy report

digests:             ## after training: let the published models be loaded without a trial, by the digests of their cards
	cd models && sha256sum */*/card.json > ../service/inference/published.sha256

docs: $(VENV)/.dev  ## ask real servers and write their answers, settings and rooms into the documents
	$(BIN)/python -m tests.docs.documents

openapi: $(VENV)/.service  ## write service/openapi.json anew after a change of the API
	$(BIN)/python -m service openapi > service/openapi.json.new && mv service/openapi.json.new service/openapi.json

check: $(VENV)/.dev  ## format, lint, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory audit

audit: $(VENV)/.dev  ## look the locked packages up in the OSV database of weaknesses, where it can be reached
	@if $(BIN)/python -c 'import socket; socket.create_connection(("$(OSV)", 443), 5)' 2>/dev/null; then \
	  $(BIN)/uv tool run pip-audit --vulnerability-service osv --require-hashes --disable-pip -r requirements/service.txt; \
	else echo "audit SKIPPED: $(OSV) cannot be reached from here"; fi
OSV := api.osv.dev

fuzz: $(VENV)/.dev  ## send REQUESTS (100,000) bent requests guided by coverage, then as many more, dear ones too; no 5xx, flat memory, alive
	$(BIN)/python -m tests.hardening.guided --requests $(REQUESTS)
	$(BIN)/python -m tests.hardening.fuzz --requests $(REQUESTS)
REQUESTS ?= 100000

bench: $(VENV)/.dev  ## ratios to FastAPI's empty endpoint, contestants in turn; needs wrk and a quiet machine
	$(BIN)/python -m benchmarks

bench-record: $(VENV)/.dev  ## what its record costs /predict, with and without in turns of a second; needs wrk and quiet
	$(BIN)/python -m benchmarks.record

bench-peers: $(VENV)/.dev  ## the same beside MLServer, LitServe, BentoML, PyTriton, Ray Serve, installed into runs/peers
	$(BIN)/python -m benchmarks --peers

bench-growth: $(VENV)/.dev  ## cost over length, batch, log (10,000,000 rows, 10 GB of disk), workers; start and memory
	$(BIN)/python -m benchmarks.growth

bench-batch: $(VENV)/.dev  ## a million series: here, killed and taken up again, through Ray, beside statsforecast; quiet
	$(BIN)/python -m benchmarks.batch

bench-replicas: $(VENV)/.dev  ## 1, 2, 4, 8 workers, each on a core, the load on others; POSTGRESQL= is a database for the log
	$(BIN)/python -m benchmarks.replicas $(if $(POSTGRESQL),--postgresql $(POSTGRESQL))

bench-report: $(VENV)/.dev  ## write docs/performance.md, with charts, from what these measured
	$(BIN)/python -m benchmarks.report

torture: $(VENV)/.dev  ## kill the service under load ROUNDS times (200), each some SECONDS (6); look for every answer, every value
	$(BIN)/python -m tests.system.torture --rounds $(ROUNDS) --seconds $(SECONDS)
	$(BIN)/python -m tests.system.stream_torture --rounds $(ROUNDS) --seconds $(SECONDS)
ROUNDS ?= 200
SECONDS ?= 6

format: $(VENV)/.dev  ## let ruff mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test-fast: $(VENV)/.dev  ## all but the slowest of what needs no TensorFlow, a minute
	$(BIN)/pytest $(SPREAD) -m "not tensorflow and not slow and not system and not containers"

test: $(VENV)/.dev  ## unit, contract and end-to-end tests
	$(BIN)/pytest $(SPREAD) -m "not system and not containers"

coverage: $(VENV)/.dev  ## the same, half as long again: which lines and branches they reach, 95 % at the least
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(SPREAD) -m "not system and not containers"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-system: $(VENV)/.dev clients  ## what needs other programs (PostgreSQL, foreign clients) or minutes (torture)
	$(BIN)/pytest $(SPREAD) -m "system and not alone"
	@$(MAKE) --no-print-directory test-alone

# A third process has what the other two leave while their tests wait.
test-beside: $(VENV)/.dev clients  ## test and test-system in one, but for what test-alone runs: collected once, no process idle between
	$(BIN)/pytest $(SPREAD) --numprocesses 3 -m "not alone and not containers"

test-alone: $(VENV)/.dev  ## what measures time or load, with nothing beside it
	$(BIN)/pytest -m "alone and not containers"

clients: $(CLIENTS)/.ready $(EARLIER)/.ready  ## install the clients of other projects that the system tests are asked by
# Over processes, a file's tests in one of them, so that they share its servers.
SPREAD := --numprocesses 2 --dist loadfile --no-loadscope-reorder
# Two processes on two cores: more threads of NumPy's would only wait for each other.
test test-fast test-beside coverage: export OPENBLAS_NUM_THREADS := 1

test-containers: $(VENV)/.dev  ## build the image and run the compose files for real; needs an ENGINE (docker)
	TEST_CONTAINERS=1 ENGINE="$(ENGINE)" COMPOSE="$(COMPOSE)" $(BIN)/pytest -m containers
ENGINE ?= docker
COMPOSE ?= $(ENGINE) compose

lock: $(VENV)/bin/python  ## renew requirements/*.txt from pyproject.toml
	$(PIP) uv
	$(BIN)/uv pip compile $(LOCK) -o requirements/service.txt pyproject.toml
	$(BIN)/uv pip compile $(LOCK) -o requirements/build.txt --group build
	$(BIN)/uv pip compile $(LOCK) -o requirements/clients.txt --group clients
	$(BIN)/uv pip compile $(LOCK) -o requirements/earlier-clients.txt --group earlier-clients
	$(BIN)/uv pip compile $(LOCK) -o requirements/postgresql.txt --extra postgresql -c requirements/service.txt pyproject.toml
	$(BIN)/uv pip compile $(LOCK) -o requirements/training.txt --extra training -c requirements/service.txt pyproject.toml
	$(BIN)/uv pip compile $(LOCK) -o requirements/dev.txt --all-extras -c requirements/training.txt pyproject.toml
LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links

clean:               ## remove the virtual environment and caches
	rm -rf $(VENV) $(CLIENTS) $(EARLIER) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Unroll needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.service: requirements/service.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements/service.txt
	$(PIP) --no-deps --editable .
	@touch $@

$(CLIENTS)/.ready $(EARLIER)/.ready: .venv-%/.ready: requirements/%.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m venv $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check install --quiet --no-compile --require-hashes -r $<
	@touch $@

# Not compiled here: it brings seventeen thousand modules, of which few are ever imported.
$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) --no-compile --require-hashes -r requirements/dev.txt
	$(PIP) --no-deps --editable .
	@touch $@ $(VENV)/.service
