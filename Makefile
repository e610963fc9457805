# Everything a newcomer or a developer runs. Needs Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DATA   ?= .partner-copilot
BENCH  ?= .bench
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

# Neither library may report home.
export DO_NOT_TRACK := 1
export UNSTRUCTURED_DISABLE_NOTICE := 1
export RAGAS_DO_NOT_TRACK := true
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: demo serve test check format bench baseline attack clean
.DEFAULT_GOAL := demo

$(VENV)/.run: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into $(VENV) (about 2 GB, a few minutes the first time) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) pip
	@$(PIP) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@echo "Installing what the tests need ..."
	@$(PIP) --editable '.[eval,test]'
	@touch $@

demo: $(VENV)/.run ## ingest the sample corpus and ask a handful of questions
	@COPILOT_DATA_DIR=$(DATA) $(BIN)/python demo.py

serve: $(VENV)/.run ## serve the HTTP interface on 127.0.0.1:8000
	@COPILOT_DATA_DIR=$(DATA) $(BIN)/partner-copilot serve

test: $(VENV)/.test ## every test
	@$(BIN)/pytest -q

check: $(VENV)/.test ## what a developer runs before a commit
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q

format: $(VENV)/.test
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .

$(VENV)/.bench: $(VENV)/.run
	@echo "Installing what speed is compared with ..."
	@$(PIP) --editable '.[bench]'
	@touch $@

bench: $(VENV)/.bench ## every figure of quality, speed and load, one after another (an hour)
	@$(BIN)/python -m bench.quality --work $(BENCH)
	@$(BIN)/python -m bench.office_files
	@$(BIN)/python -m bench.speed --work $(BENCH)
	@$(BIN)/python -m bench.index_scale
	@$(BIN)/python -m bench.load --work $(BENCH)

baseline: $(VENV)/.test ## ask the sample's cases and make the result what `make test` gates against
	@$(BIN)/python -m bench.gated_sample --update --note "$(NOTE)"

attack: $(VENV)/.test ## attack the whole house and print what held, one table (about an hour)
	@$(BIN)/python -m attack

clean: ## remove what was installed and the demo's data
	rm -rf $(VENV) $(DATA) $(BENCH)
