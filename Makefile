# `make run` and `make test` need Python 3.11, 3.12 or 3.13 with venv, and make.
PYTHON ?= $(shell for version in 3.11 3.12 3.13; do \
	python$$version -c pass 2>/dev/null && echo python$$version && break; done)
VENV := .venv
BIN := $(VENV)/bin
ADDRESS ?= 127.0.0.1
PORT ?= 8501

.PHONY: run test check format shots bench counts doctor clean
.DEFAULT_GOAL := run

run: $(VENV)/installed  ## the dashboard, in the browser
	$(BIN)/streamlit run dashboard.py --server.address $(ADDRESS) --server.port $(PORT)

test: $(VENV)/installed-dev  ## every test
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/installed-dev  ## lint, format and types, as continuous integration does
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

shots: $(VENV)/installed-dev  ## a picture of every page, into docs/screenshots
	$(BIN)/python docs/shots.py

bench: $(VENV)/installed-dev  ## what is fast and what is not, beside its peers, in a quarter of an hour
	$(BIN)/python -m benchmarks

counts: $(VENV)/installed  ## what the built-in data set holds, anew after its renderer changed
	$(BIN)/python -c "from segcore.data.preparation.counting import count_built_in; count_built_in()"
	$(BIN)/python -c "from segcore.data.preparation.digests import split_digest as digest; \
		[print(split, digest('streets', split)) for split in ('val', 'train', 'test')]"

doctor: $(VENV)/installed
	$(BIN)/python -m segcore doctor

clean:
	rm -rf $(VENV) artifacts/prepared

$(BIN)/python:
	@test -n "$(PYTHON)" || \
		{ echo "No Python 3.11, 3.12 or 3.13 is here: install one, or name it: make PYTHON=PATH"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }  # else half of it would pass for all

$(VENV)/installed: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt
	$(BIN)/python -m compileall -q dashboard.py pages studio segcore  # so that the first start is as fast as any
	touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements-dev.txt
	touch $@
