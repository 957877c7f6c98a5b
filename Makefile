# zota: `make demo` shows it working, `make test` proves it. Both set up what they need in .venv.

# The first interpreter here that is 3.11 or newer; override with `make PYTHON=/path/to/python`.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
BIN := .venv/bin
ALL_FLEETS := tests/fleet tests/head_end tests/estate tests/evidence \
	$(addprefix tests/cli/test_,fleet_acts.py fleet_showing.py fleet_evidence.py user.py)
FLEETS := tests/fleet/store tests/fleet/gateways tests/head_end/questions tests/head_end/gateways
# Tests and benches start hundreds of processes: let each find its modules compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup compiled compiled-test compiled-rooms demo portal test test-all sampled nightly browser dongle hosts lint unit bench fuzz soak docs site matrix release clean

help:
	@echo "make demo [IMAGE=FILE]  deliver an image to four emulated devices"
	@echo "make portal             serve an example estate, with people of every role to sign in as"
	@echo "make test               ruff, mypy, import contracts and the test suite"
	@echo "make test-all           the same, and every point, seed and soak that make test samples"
	@echo "make nightly [MINUTES=20] [SEED=N]  all faults mixed, seed after seed"
	@echo "make compiled           the same program with its hot rooms compiled, in build/compiled"
	@echo "make compiled-test      the test suite against that build"
	@echo "make browser            the portal in chromium: every page, role and decision"
	@echo "make dongle             only the tests of real bellows on the virtual dongle"
	@echo "make hosts              herdsman, zigbee2mqtt, ZHA and zigpy on the virtual dongle; fetches them"
	@echo "make lint               only the static checks"
	@echo "make bench              measure speed and memory against zigpy; writes build/bench.json"
	@echo "make fuzz [SECONDS=60]  feed whatever strangers send to what reads it; goes on where it stopped"
	@echo "make soak               1,000 devices for a virtual day with harsh faults"
	@echo "make docs               redraw the diagrams and the pictures of docs/"
	@echo "make site               the pages as a site that needs no network; build/site"
	@echo "make matrix [TESTS=...] the tests under every supported Python that is at hand"
	@echo "make release [KEY=FILE] wheel, source, bill of materials and sums of the commit; build/release"

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "zota needs Python 3.11 or newer: install it, or name one with make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "setting up .venv with $(PYTHON) (once, about a minute)"
	@$(PYTHON) -m venv .venv || { echo "no venv module: on Debian or Ubuntu run 'apt install python3-venv'" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]'
	@touch $@

# The compiled build has a virtual environment, and a tree with the tests and tools, of its own: nothing
# of it lies where `make test` looks. It borrows its libraries from .venv.
COMPILED := build/compiled
SITE = $$($(1)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

compiled: $(COMPILED)/.ready

$(COMPILED)/.ready: .venv/.ready tools/compiled_cores.py $(shell find images ota_engine emulators hw -name '*.py')
	@rm -rf $(COMPILED)
	@echo "compiling the cores (minutes)"
	@ZOTA_COMPILED=1 $(BIN)/python -m hatchling build -t wheel -d $(COMPILED)/dist
	@$(BIN)/python -m venv --without-pip $(COMPILED)/.venv
	@echo $(call SITE,$(BIN)) > $(call SITE,$(COMPILED)/.venv/bin)/borrowed.pth
	@$(BIN)/python -m pip --python $(COMPILED)/.venv/bin/python --disable-pip-version-check \
		install --quiet --no-index --no-deps --ignore-installed $(COMPILED)/dist/*.whl
	@for package in images ota_engine emulators hw; do \
		ln -s $(call SITE,$(COMPILED)/.venv/bin)/$$package $(COMPILED)/; done
	@cp -r tools $(COMPILED)
	@$(COMPILED)/.venv/bin/zota --version
	@touch $@

# Tests and tools are copied anew each time: they are not what is compiled.
compiled-test: compiled
	@cp -r tests tools docs changelog.d .ci *.md *.toml *.txt *.yml LICENSE Makefile .pre-commit-hooks.yaml $(COMPILED)
	cd $(COMPILED) && .venv/bin/python -m pytest $(or $(TESTS),--ignore tests/tools)

# The tests of what runs compiled; one is that it writes the journals which the sources write.
compiled-rooms:
	@$(MAKE) --no-print-directory compiled-test TESTS="tests/zcl tests/hub/delivery tests/link tests/emulators tests/faults/test_fault_02_kill_between_effects.py"

demo: setup
	@$(BIN)/zota demo $(if $(IMAGE),"$(IMAGE)")

portal: setup
	@$(BIN)/zota portal try

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tools/bench tools/compiled_cores.py tools/diagrams.py tools/fleet_schema.py tools/index_readme.py tools/matrix.py tools/pictures.py tools/portal_pictures.py tools/rule_pages.py
	$(BIN)/mypy tools/fuzz
	$(BIN)/mypy tools/promises --exclude released/
	$(BIN)/mypy tools/release
	$(BIN)/mypy tools/site
	$(BIN)/lint-imports

unit: setup
	$(BIN)/pytest

test: lint unit

# Only what needs a physical dongle or fetches other people's hosts is left out.
test-all: lint
	$(BIN)/pytest -m 'not hw and not hosts and not browser and not nightly'
	ZOTA_TEST_DATABASE=postgresql $(BIN)/pytest $(ALL_FLEETS)

# What `make test` samples: every point, seed, example and soak, and nothing a second time but a few
# examples; what takes minutes for one test (`whole`) is in `make test-all` alone, and new draws of examples are.
# Then tests of the fleet once more, with every fleet on a PostgreSQL server; all of them are in `make test-all`.
sampled: setup
	ZOTA_DRAW_THE_SAME=1 $(BIN)/pytest -m '(heavy or soak or hypothesis) and not whole and not hw and not hosts and not browser'
	ZOTA_TEST_DATABASE=postgresql $(BIN)/pytest $(FLEETS)

# All faults mixed, seed after seed; SEED=N begins with the seed of a night that failed.
nightly: setup
	ZOTA_NIGHT_MINUTES=$(or $(MINUTES),20) ZOTA_NIGHT_SEED=$(SEED) \
		$(BIN)/pytest -m nightly -n 0 -s -o faulthandler_timeout=0 tests/nightly

# The portal as people see it, in Debian's chromium; one browser at a time.
browser: setup
	$(BIN)/pytest -m browser -n 2 tests/browser

# Part of `make test` too; these run in real time.
dongle: setup
	$(BIN)/pytest -m 'dongle and not heavy'

# Fetches hosts from npm and PyPI into build/hosts, once; skips with a reason what cannot be had.
hosts: setup
	$(BIN)/pytest -m hosts -n 2 tests/hosts

bench: setup
	@$(BIN)/python tools/bench

fuzz: setup
	$(BIN)/python tools/fuzz --seconds $(or $(SECONDS),60)

soak: setup
	$(BIN)/zota soak --devices 1000 --hours 24 --faults harsh --processes 2

docs: setup
	$(BIN)/python tools/diagrams.py
	$(BIN)/python tools/rule_pages.py
	$(BIN)/python tools/promises
	$(BIN)/zota api describe -o docs/api/openapi.json --force
	$(BIN)/python tools/capture.py
	$(BIN)/python tools/pictures.py
	$(BIN)/python tools/portal_pictures.py

site: setup
	@$(BIN)/python tools/site

matrix: setup
	@$(BIN)/python tools/matrix.py -- $(TESTS)

# Built twice and compared; signed by an OpenSSH key if one is named; WITH_COMPILED=1 adds a compiled wheel.
release: setup
	@$(BIN)/python tools/release $(if $(KEY),--key "$(KEY)") $(if $(WITH_COMPILED),--compiled)

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
