# One command for each wish. Each sets up what it needs, in .venv and nowhere else; a second run finds it done.
# From nothing: a Debian machine with make. `make demo` needs no root where python3-venv is there;
# `make test` also needs mosquitto, chromium and others (test-tools), and installs them when it may.

PYTHON ?= python3
# More words for the command behind a target: make test ARGS="-k ladder", make lock ARGS=--upgrade
ARGS ?=

BIN := .venv/bin
# --no-build-isolation, --no-deps: even the build tools of our own install come from the locks.
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url $(ARGS)
EXTRAS := --extra gpio --extra sim --extra phones --extra alarm-centre --extra calendar --extra dashboard

# Debian keeps mosquitto here, and an ordinary user's PATH does not.
export PATH := $(PATH):/usr/sbin

# $(call apt,PACKAGES): as root, else by sudo without a password, else say what to install.
define apt
	if [ "$$(id -u)" = 0 ]; then as=; \
	elif sudo -n true 2>/dev/null; then as='sudo -n'; \
	else echo 'Something is missing here. As root: apt-get install --no-install-recommends $(1)' >&2; exit 1; fi; \
	$$as apt-get update -qq && \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(1)
endef

.DELETE_ON_ERROR:
.PHONY: help demo screenshots test lint storm bench docs lock clean test-tools

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.run ## the whole house, in a browser; one alarm, or SCENARIO=normal_morning; ONCE=1 ends after it
	$(BIN)/achterwacht-sim demo $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(ONCE),--once) $(ARGS)

screenshots: .venv/.test test-tools ## take the pictures in docs/screenshots anew
	$(BIN)/python docs/make_screenshots.py

# Three processes: in one the tests that start a broker and a daemon and mostly wait, one after the other; in the others
# all the rest (tests/conftest.py).
test: lint test-tools ## lint, then every test but the storms
	$(BIN)/pytest -n 3 --dist loadgroup $(ARGS)

lint: .venv/.test ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

storm: .venv/.test test-tools ## the long, seeded tests
	$(BIN)/pytest -m storm $(ARGS)

bench: .venv/.run ## from press to page, measured
	$(BIN)/python benchmarks/press_to_page.py $(ARGS)

docs: .venv/.run ## draw the phases from their table
	$(BIN)/python docs/draw_phases.py $(ARGS)

# Keeps the versions that the locks hold where pyproject.toml allows them; ARGS=--upgrade takes the newest.
lock: $(BIN)/uv ## write the locks from pyproject.toml
	$(LOCK) --group installer --output-file requirements/installer.lock
	$(LOCK) pyproject.toml $(EXTRAS) --group build \
		--output-file requirements/run.lock
	$(LOCK) pyproject.toml $(EXTRAS) --group build --group test \
		--constraints requirements/run.lock --output-file requirements/test.lock

clean: ## remove what make and the tools left here
	rm -rf .venv build dist mutants .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# mosquitto: a real broker; systemd: judges our units; openssl: certificates; gcc: a slow disk (benchmarks/slow_fsync.c);
# chromium: the browser that judges the dashboard.
test-tools:
	@for tool in mosquitto mosquitto_pub systemd-analyze openssl gcc chromium; do \
	command -v $$tool >/dev/null || { \
	$(call apt,mosquitto mosquitto-clients systemd openssl gcc libc6-dev chromium fonts-dejavu-core); break; }; done

# uv stands for the whole virtual environment: it is the first thing in it. --clear: no mix with an older Python's.
$(BIN)/uv: requirements/installer.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Achterwacht needs Python 3.11 or newer")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(call apt,python3-venv); }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/.run: $(BIN)/uv requirements/run.lock pyproject.toml
	$(INSTALL) --require-hashes -r requirements/run.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.test: .venv/.run requirements/test.lock
	$(INSTALL) --require-hashes -r requirements/test.lock
	@touch $@
