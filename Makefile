# Two commands need nothing before them: `make demo` and `make test`.
# Debian packages are installed where that may be done; otherwise the one line to run is printed.

PYTHON ?= $(shell for p in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
RUN_PACKAGES := python3-venv libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig
TEST_PACKAGES := redis-server postgresql dovecot-imapd dovecot-lmtpd chromium poppler-utils tesseract-ocr

# Every process we start would compile all of its modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench chaos prove format packages test-packages clean

demo: .venv/.runtime  ## show the whole story; ONCE=1 plays the customer too and exits
	@$(BIN)/tillmail demo $(if $(ONCE),--once)

# Three at a time on two cores: many wait for a server.
test: .venv/.test test-packages  ## run every test against real servers
	@$(BIN)/pytest -n 3 --dist loadscope $(ARGS)

check: .venv/.test  ## format, lint, strict types, import contracts
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/.test test-packages  ## measure, as a table and as JSON
	@$(BIN)/python -m bench $(ARGS)

chaos: .venv/.test test-packages  ## kill processes at random moments, 20 times
	@$(BIN)/python -m bench.chaos $(ARGS)

prove: .venv/.test  ## charge cards through every fault, against an oracle; ARGS="--steps 10000"
	@TILLMAIL_EVERY_DECLINE=1 $(BIN)/pytest tests/autocharge/test_every_decline.py
	@$(BIN)/python -m bench.prove $(ARGS)

format: .venv/.test
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

clean:  ## remove the environment and everything that was made
	rm -rf .venv var

.venv/.runtime: requirements.txt pyproject.toml | packages
	@$(call install,requirements.txt)
	@touch $@

.venv/.test: requirements-test.txt pyproject.toml | packages
	@$(call install,requirements-test.txt)
	@touch $@ .venv/.runtime

packages:
	@$(call need,$(RUN_PACKAGES))

test-packages:
	@$(call need,$(TEST_PACKAGES))

# $(call need,PACKAGES): install what is missing, or say how.
define need
	missing=$$(for p in $(1); do dpkg-query -Wf '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as=sudo; else \
		echo "These system packages are missing. Run this line, then try again:"; \
		echo "  sudo apt-get install -y" $$missing; exit 1; fi; \
	echo "Installing system packages:" $$missing; \
	$$as apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as apt-get install -y -qq --no-install-recommends $$missing >/dev/null \
		|| { echo "That did not work. Run: sudo apt-get install -y" $$missing; exit 1; }
endef

# $(call install,FILE): the environment from a file of hashes, then this project in it.
define install
	[ -n "$(PYTHON)" ] || { echo "Python 3.11 or later is needed: sudo apt-get install -y python3"; exit 1; }; \
	[ -x $(BIN)/python ] || { echo "Making .venv with $$($(PYTHON) --version)"; $(PYTHON) -m venv .venv || exit 1; }; \
	echo "Installing $(1) (one or two minutes the first time)"; \
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(1) && \
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . && \
	$(BIN)/python -m compileall -q worker
endef
