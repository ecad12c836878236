# `make run` starts everything, `make test` proves it. The other targets are parts of these, or serve development.
VENV := .venv
BIN := $(VENV)/bin
RUN_PYTHON := $(BIN)/python
UV := $(shell grep --only-matching 'uv==[0-9.]*' pyproject.toml)

# The checks ignore the settings in a developer's .env.
check test test-sqlite test-postgres lint types fast coverage bench pictures image-test deployment-test: export ENV_FILE = /dev/null

# Each test starts servers, which would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run check test test-sqlite test-postgres lint types fast coverage bench pictures image-test deployment-test requirements upgrade audit train-deps clean

help:
	@echo "make run [PORT=8080]   start Digitscribe here: Redis, worker, beat and web server"
	@echo "make check             lint, types and the fast tests, in under two minutes"
	@echo "make test              lint, types and every test, on SQLite and PostgreSQL"
	@echo "make lint, types, fast, test-sqlite, test-postgres   the parts of these"
	@echo "make coverage          lines and branches that the fast and the thorough tests run, with a floor"
	@echo "make bench             the benchmarks, as tables"
	@echo "make image-test        build the image with buildah and start it (as root, with debootstrap)"
	@echo "make deployment-test   follow docs/deployment.md line by line (as root, on a machine that may be changed)"
	@echo "make pictures          the pictures of the README"
	@echo "make train-deps        install what manage.py train_model needs (TensorFlow)"
	@echo "make requirements      write uv.lock and requirements*.txt from pyproject.toml"
	@echo "make upgrade           the same, with the newest version of every package"
	@echo "make audit             look for known vulnerabilities in the packages"
	@echo "make clean             remove what make built; your data stays"

run: $(VENV)/.serve
	@exec $(RUN_PYTHON) -m config.supervisor --end-with-make

check: lint types fast

# Both databases run side by side, each in several processes: the tests wait for servers more than they compute.
# The log of SQLite, the longer one, is shown last, unless PostgreSQL fails: then the last line is PostgreSQL's.
test: $(VENV)/.dev
	@$(MAKE) --no-print-directory lint types
	@log=$$(mktemp); trap 'kill $$sqlite 2>/dev/null; rm -f "$$log"' EXIT; trap 'exit 130' INT TERM; \
	$(MAKE) --no-print-directory test-sqlite >"$$log" 2>&1 & sqlite=$$!; \
	$(MAKE) --no-print-directory test-postgres || exit; \
	wait $$sqlite; failed=$$?; cat "$$log"; exit $$failed

# Every test, in so many processes.
WORKERS := 4
COVERED := not slow and not browser and not processes and not trains
FAST := $(COVERED) and not thorough
test-sqlite: $(VENV)/.dev
	@$(RUN_PYTHON) -m pytest --quiet --numprocesses $(WORKERS) --dist loadgroup

# Coverage of lines and branches by the fast and the thorough tests, with its floor in pyproject.toml.
coverage: $(VENV)/.dev
	$(RUN_PYTHON) -m pytest --quiet --numprocesses 2 --dist loadgroup --cov -m "$(COVERED)"

# The tests whose outcome depends on the database: tests/conftest.py lists them.
test-postgres: $(VENV)/.dev
	@TEST_DATABASE=postgres $(RUN_PYTHON) -m pytest --quiet --numprocesses 2 --dist loadgroup

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/djade --target-version 5.2 --check $$(git ls-files 'templates/*.html')
	$(RUN_PYTHON) manage.py makemigrations --check --dry-run

types: $(VENV)/.dev
	$(BIN)/mypy

fast: $(VENV)/.dev
	$(RUN_PYTHON) -m pytest --quiet --numprocesses 2 --dist loadgroup -m "$(FAST)"

bench: $(VENV)/.dev
	@$(RUN_PYTHON) -m bench.web
	@$(RUN_PYTHON) -m bench.api
	@$(RUN_PYTHON) -m bench.pages
	@$(RUN_PYTHON) -m bench.background
	@$(RUN_PYTHON) -m bench.reading
	@$(RUN_PYTHON) -m bench.explaining
	@$(RUN_PYTHON) -m bench.playing
	@$(RUN_PYTHON) -m bench.peers

image-test: $(VENV)/.dev
	@$(RUN_PYTHON) -m tests.deploy.image

deployment-test: $(VENV)/.dev
	@$(RUN_PYTHON) -m tests.deploy.installation

# The pictures of README.md, made by the browser tests.
pictures: export SCREENSHOTS = $(CURDIR)/.run/screenshots
pictures: $(VENV)/.dev
	$(RUN_PYTHON) -m pytest --quiet tests/browser/test_moving_picture.py tests/browser/test_screenshots.py -k "moving or 1280-light"
	cp $(SCREENSHOTS)/moving.webp docs/pictures/moving.webp
	cp $(SCREENSHOTS)/desk-1280-light.png docs/pictures/desk.png
	cp $(SCREENSHOTS)/upload_detail-1280-light.png docs/pictures/answer.png
	cp $(SCREENSHOTS)/explorer-1280-light.png docs/pictures/explorer.png
	cp $(SCREENSHOTS)/history-1280-light.png docs/pictures/history.png
	cp $(SCREENSHOTS)/batch_detail-1280-light.png docs/pictures/batch.png

requirements: $(VENV)/.dev
	$(BIN)/uv lock
	@$(call export,requirements-serve.txt,)
	@$(call export,requirements.txt,--group train)
	@$(call export,requirements-torch.txt,--group torch)
	@$(call export,requirements-dev.txt,--group dev)

upgrade: $(VENV)/.dev
	$(BIN)/uv lock --upgrade
	@$(MAKE) --no-print-directory requirements

export = $(BIN)/uv export --quiet --frozen --no-annotate $(2) --output-file $(1) >/dev/null

audit: $(VENV)/.dev
	$(BIN)/pip-audit --requirement requirements.txt

train-deps: $(VENV)/.train

clean:
	rm -rf $(VENV) staticfiles .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*

# A stamp per requirements file: what is installed already costs the next start nothing.
$(VENV)/.serve: requirements-serve.txt | $(VENV)/.made
	@$(call install,requirements-serve.txt)

$(VENV)/.train: requirements.txt | $(VENV)/.made
	@$(call install,requirements.txt)
	@touch $(VENV)/.serve

$(VENV)/.dev: requirements-dev.txt | $(VENV)/.made
	@$(call install,requirements-dev.txt)
	@touch $(VENV)/.serve $(VENV)/.train

# uv installs in 4 seconds what takes pip 15. Where uv has no wheel, or cannot reach the index that pip is configured
# for, pip installs the same files.
install = echo "Installing $(1) ..." && \
	pip="$(RUN_PYTHON) -m pip --quiet --quiet --disable-pip-version-check install"; \
	{ $$pip $(UV) && $(BIN)/uv pip install --quiet --compile-bytecode --python $(RUN_PYTHON) --requirement $(1); } 2>/dev/null \
		|| $$pip --requirement $(1) && touch $@

# A python3.12 on the PATH may be a shim that only prints an error, so each candidate has to run.
$(VENV)/.made:
	@for python in $(PYTHON) python3.12 python3.13 python3.11 python3 python; do \
		"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1 \
			&& found="$$python" && break; \
	done; \
	say() { echo "Digitscribe: $$1" >&2; exit 1; }; \
	[ -n "$$found" ] \
		|| say "no Python 3.11, 3.12 or 3.13 here. Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; \
	"$$found" -c 'import ensurepip, venv' 2>/dev/null \
		|| say "$$found cannot make virtual environments. Debian and Ubuntu: apt install $$(basename "$$found")-venv"; \
	mkdir -p $(VENV) 2>/dev/null && touch $(VENV)/.writable 2>/dev/null \
		|| say "this folder cannot be written to. Clone it to one that can."; \
	echo "Making $(VENV) with $$("$$found" --version) ..."; \
	"$$found" -m venv --clear $(VENV) && touch $@
