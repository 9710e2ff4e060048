PYTHON ?= $(shell bin/which-python)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# What a start without Python's venv module left has no pip, and is made anew.
ifneq ($(wildcard .venv/bin/python),)
ifeq ($(wildcard .venv/bin/pip),)
$(shell rm -rf .venv)
endif
endif

.PHONY: run test again house check render names openapi catalogue bench bench-wait bench-full bench-peers bench-live bench-pages bench-search soak properties lock backup restore shell

run: .venv/runtime
	@bin/system-packages pdf || true
	@python -m webapp

test: .venv/dev
	@bin/system-packages pdf || true
	@bin/system-packages browser || true
	@bin/system-packages curl || true
	@bin/system-packages clock || true
	@bin/system-packages strace || true
	@bin/system-packages proxy || true
	@bin/system-packages pooler || true
	@bin/system-packages icu || true
	pytest $(SIDE_BY_SIDE) $(ARGS)
ifeq ($(ARGS),)
	ROWCALL_TEST_LOCALE=tr-TR pytest $(SIDE_BY_SIDE) $(TURKISH)
endif

# What failed beside other tests runs once more by itself, where at most five did: whether a busy machine or the program is
# at fault. Those that pass only so are printed; they are to be mended.
again: .venv/dev
	@python -m tests.house.failed
	pytest --last-failed --last-failed-no-failures none
	ROWCALL_TEST_LOCALE=tr-TR pytest $(SIDE_BY_SIDE) $(TURKISH)

# Processes take file by file, in the order of tests/conftest.py: three on two cores, since at any time one waits.
SIDE_BY_SIDE = -n 3 --dist loadfile --no-loadscope-reorder

# What looks up by e-mail, or searches, once more in a database where a small I has no dot.
TURKISH = tests/web/test_accounts.py tests/web/test_contacts.py tests/retention/test_erased_columns.py \
  tests/retention/test_erasing_meanwhile.py tests/retention/test_person_search.py tests/retention/test_forgetting.py \
  tests/executing/test_import.py tests/undoing/test_undo.py tests/checking/test_folding.py tests/reports/test_ledger.py

# The README's commands in a bare Debian 12 and 13, a quarter of an hour each; as root, with debootstrap.
house: .venv/dev
	BARE_DEBIAN=yes pytest tests/house/test_bare_debian.py $(ARGS)

check: .venv/dev
	ruff check .
	ruff format --check --quiet .
	mypy
	djlint templates --lint --quiet
	lint-imports
	python -m tests.house.figures
	@! grep -nE 'https?://[^ ]*(pypi|simple|registry|npmjs)' requirements.txt requirements-dev.txt || (echo "a lock file holds an address" && false)

# The decision as SQL, in webapp/sql/rendered; after a change of sql/decide.sql or deciding/decision.py.
render: .venv/dev
	python -m tests.house.rendered

# Names of months and countries from Babel's data, in webapp/checking/cldr.json.
names: .venv/dev
	python -m tests.house.cldr

# The API's document, anew, after a change of its views, contracts or models.
openapi: .venv/dev
	python -m tests.house.openapi

# The sentences for a translator, anew.
catalogue: .venv/dev
	python -m tests.house.catalogue

# About three minutes; bench-full takes at most fifteen and keeps its figures in docs/benchmarks.{json,md}.
bench: .venv/dev
	python bench/run.py $(ARGS)

bench-wait: .venv/dev
	python bench/run.py --wait $(ARGS)

bench-full: .venv/dev
	python bench/run.py --full --write $(ARGS)

# What a person would use instead, in an environment of its own.
bench-peers: .venv/bin/python
	@bin/system-packages pgloader || true
	@test -x .venv-peers/bin/python || .venv/bin/python -m venv .venv-peers
	.venv-peers/bin/python -m pip install -q --disable-pip-version-check -r bench/peer_programs/requirements.txt

bench-live: .venv/dev
	python bench/live.py $(ARGS)

# What is in sight, how long pages are, how many words and clicks they take, and how soon they stand.
bench-pages: .venv/dev
	@bin/system-packages browser || true
	python bench/pages.py $(ARGS)

# How soon a search is answered, its index has caught up, and what that costs an import.
bench-search: .venv/dev
	python bench/searching.py $(ARGS)

KILLS ?= 200
soak: .venv/dev
	python -m tests.soak --kills $(KILLS) $(if $(SEED),--seed $(SEED)) $(if $(LEASE),--lease $(LEASE))

# Properties with as many random cases as each takes, at most so many; and more requests made from the API's description.
PROPERTIES ?= 2000
properties: .venv/dev
	PROPERTIES=$(PROPERTIES) SCHEMATHESIS_EXAMPLES=30 pytest -s $$(grep -rlE 'examples\(|SCHEMATHESIS' tests --include='test_*.py') $(ARGS)

lock: .venv/dev
	pip-compile -q $(LOCK) -o requirements.txt pyproject.toml
	pip-compile -q $(LOCK) --extra dev -o requirements-dev.txt pyproject.toml

LOCK = --generate-hashes --allow-unsafe --strip-extras --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.venv/bin/python:
	@test -n "$(PYTHON)" || (echo "Rowcall needs Python 3.11 or later that every account may run: apt-get install python3 python3-venv" && false)
	@PYTHON="$(PYTHON)" bin/system-packages venv || true
	@rm -rf .venv
	@"$(PYTHON)" -m venv .venv || (rm -rf .venv; echo "The virtual environment could not be made. Install Python's venv module and run this again: apt-get install python3-venv" && false)

# The administrator's command; bin/rowcall finds the checkout through the link.
.venv/bin/rowcall: bin/rowcall | .venv/bin/python
	@ln -sf ../../bin/rowcall $@

PREPARE = env -u PYTHONDONTWRITEBYTECODE .venv/bin/python -OO -m webapp.prepare

.venv/runtime: .venv/bin/python requirements.txt | .venv/bin/rowcall
	@echo "Installing what Rowcall needs into .venv; the first time this takes a minute."
	@.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@$(PREPARE)
	@touch $@

.venv/dev: .venv/bin/python requirements-dev.txt | .venv/bin/rowcall
	@echo "Installing what Rowcall and its tests need into .venv; the first time this takes a minute or two."
	@.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(PREPARE)
	@touch $@ .venv/runtime

# What the embedded servers' addresses are, for commands against a running installation.
ENVIRONMENT = eval "$$(python -m webapp environment)"

backup: .venv/runtime
	@bin/rowcall backup $(if $(FILE),"$(FILE)")

restore: .venv/runtime
	@bin/rowcall restore $(if $(FILE),"$(FILE)")

shell: .venv/runtime
	@$(ENVIRONMENT); exec "$${SHELL:-sh}"
