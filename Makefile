# Two commands: `make run` starts everything, `make test` proves it. The others are parts of these.
VENV := .venv
BIN := $(VENV)/bin
RUN_PYTHON := $(BIN)/python

# A person's settings are no business of the checks.
test lint types bench: export ENV_FILE = /dev/null

.PHONY: help run test lint types bench audit train-deps clean

help:
	@echo "make run [PORT=8080]   start Digitscribe here: Redis, worker, beat and web server"
	@echo "make test              lint, types and every test"
	@echo "make lint | types      the parts of it"
	@echo "make bench             the benchmarks, as tables"
	@echo "make train-deps        install what manage.py train_model needs (TensorFlow)"
	@echo "make audit             look for known vulnerabilities in the packages"
	@echo "make clean             remove what make built; your data stays"

run: $(VENV)/.serve
	@exec $(RUN_PYTHON) -m config.supervisor --end-with-make

# What touches the database runs twice, and both runs side by side: they wait more than they compute. The whole is
# shown last, so that its closing line is; unless the other run failed, whose closing line is the last one then.
test: $(VENV)/.dev
	@$(MAKE) --no-print-directory lint types
	@log=$$(mktemp); trap 'kill $$whole 2>/dev/null; rm -f "$$log"' EXIT; trap 'exit 130' INT TERM; \
	$(RUN_PYTHON) -m pytest >"$$log" 2>&1 & whole=$$!; \
	TEST_DATABASE=postgres $(RUN_PYTHON) -m pytest --quiet || exit; \
	wait $$whole; failed=$$?; cat "$$log"; exit $$failed

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/djade --target-version 5.2 --check $$(git ls-files 'templates/*.html')
	$(RUN_PYTHON) manage.py makemigrations --check --dry-run

types: $(VENV)/.dev
	$(BIN)/mypy

bench: $(VENV)/.dev
	@$(RUN_PYTHON) -m bench.web
	@$(RUN_PYTHON) -m bench.api
	@$(RUN_PYTHON) -m bench.pages
	@$(RUN_PYTHON) -m bench.background
	@$(RUN_PYTHON) -m bench.reading
	@$(RUN_PYTHON) -m bench.explaining

audit: $(VENV)/.dev
	$(BIN)/pip-audit --requirement requirements.txt

train-deps: $(VENV)/.train

clean:
	rm -rf $(VENV) staticfiles .pytest_cache .mypy_cache .ruff_cache .hypothesis

# A stamp per requirements file: what is installed already costs the next start nothing.
$(VENV)/.serve: requirements-serve.txt constraints.txt | $(VENV)/.made
	@$(call install,requirements-serve.txt)

$(VENV)/.train: requirements.txt requirements-serve.txt constraints.txt | $(VENV)/.made
	@$(call install,requirements.txt)
	@touch $(VENV)/.serve

$(VENV)/.dev: requirements-dev.txt requirements.txt requirements-serve.txt constraints.txt | $(VENV)/.made
	@$(call install,requirements-dev.txt)
	@touch $(VENV)/.serve $(VENV)/.train

install = echo "Installing $(1) ..." && \
	$(RUN_PYTHON) -m pip install --quiet --quiet --disable-pip-version-check --requirement $(1) && touch $@

# A python3.12 on the PATH may be a shim that only says it is not there, so each candidate has to prove itself.
$(VENV)/.made:
	@for python in $(PYTHON) python3.12 python3.11 python3 python; do \
		"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' >/dev/null 2>&1 \
			&& found="$$python" && break; \
	done; \
	say() { echo "Digitscribe: $$1" >&2; exit 1; }; \
	[ -n "$$found" ] \
		|| say "no Python 3.12 or 3.11 here. Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; \
	"$$found" -c 'import ensurepip, venv' 2>/dev/null \
		|| say "$$found cannot make virtual environments. Debian and Ubuntu: apt install $$(basename "$$found")-venv"; \
	mkdir -p $(VENV) 2>/dev/null && touch $(VENV)/.writable 2>/dev/null \
		|| say "this folder cannot be written to. Clone it to one that can."; \
	echo "Making $(VENV) with $$("$$found" --version) ..."; \
	"$$found" -m venv --clear $(VENV) && touch $@
