# `make` or `make help` lists the targets. What they do is in deploy/ (python -m deploy --help).

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
# Without bytecode every process compiles all packages again, which more than doubles the time of its start.
unexport PYTHONDONTWRITEBYTECODE

# The first Python that is new enough. Another one: make up PYTHON=/path/to/python
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
VENV := .venv/bin

define NO_PYTHON
No Python 3.11 or newer is on PATH. Install one (Debian, Ubuntu: sudo apt-get install python3), or name it:
make up PYTHON=/path/to/python3.11
endef

# Every target that runs something asks for this first.
.PHONY: python
python:
	$(if $(PYTHON),@:,$(error $(NO_PYTHON)))
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "$(PYTHON) is not Python 3.11 or newer. Name one that is: make up PYTHON=/path/to/python3.11" >&2; exit 1; }

##@ The stack

.PHONY: up
up: python  ## Set everything up, start it, return when it is ready (MODE=docker|local, GATEHOUSE_PORT=8080)
	@"$(PYTHON)" -m deploy up

.PHONY: down
down: python  ## Stop everything; data stays
	@"$(PYTHON)" -m deploy down

.PHONY: reload
reload: python  ## Replace every worker while it serves: new code, no failed request (S=auth: only that service)
	@"$(PYTHON)" -m deploy reload $(S)

.PHONY: upgrade
upgrade: python  ## After git pull: install or build, migrate, replace one by one while it serves
	@"$(PYTHON)" -m deploy upgrade

.PHONY: ps
ps: python  ## Show what runs and whether it is ready
# Its status 1 says that something is down, which the table says already: no error of make's own.
	@"$(PYTHON)" -m deploy ps || [ $$? = 1 ]

.PHONY: logs
logs: python  ## Follow the logs (S=auth: only that service; N=100: with that many old lines)
	@"$(PYTHON)" -m deploy logs $(if $(N),--lines "$(N)") $(S)

.PHONY: sync
sync: python  ## Write what is made from services.toml: Compose, nginx, the portal's list (make up does it too)
	@"$(PYTHON)" -m deploy sync

.PHONY: backup
backup: python  ## Write all databases to var/backups/<time>/, while it serves; secrets are not in it
	@"$(PYTHON)" -m deploy backup

.PHONY: restore
restore: python  ## Put a backup in place of the databases, after asking (FROM=var/backups/<time> FORCE=1: unasked)
	@"$(PYTHON)" -m deploy restore $(if $(FORCE),--force) -- "$(FROM)"

.PHONY: move-database
move-database: python  ## Copy the SQLite files into the PostgreSQL that <SERVICE>_DATABASE_URL names
	@"$(PYTHON)" -m deploy move-database

.PHONY: clean
clean: python  ## Remove all data, after asking (YES=1: without asking)
	@"$(PYTHON)" -m deploy clean $(if $(YES),--yes)

##@ Other deployments

.PHONY: swarm-stack
swarm-stack: python  ## Write the stack for Docker Swarm (REGISTRY=registry.example.com/team VERSION=1)
	@test -n "$(REGISTRY)" -a -n "$(VERSION)" || { \
		echo "Every node pulls the images: make swarm-stack REGISTRY=registry.example.com/team VERSION=1" >&2; exit 1; }
	@"$(PYTHON)" -m deploy swarm-stack -- "$(REGISTRY)" "$(VERSION)"

.PHONY: doctor
doctor: install  ## Examine any deployment from outside (URL=https://example.com/items ARGS="--direct URL --json")
	@$(VENV)/python -m doctor "$(if $(URL),$(URL),$$("$(PYTHON)" -m deploy address))" $(ARGS)

##@ Services

.PHONY: service
service: install  ## Make a new service: package, tests, entry in services.toml (NAME=notes)
# SINGULAR=datum says what one of them is called, where English has no rule.
	@"$(PYTHON)" -m deploy service $(if $(SINGULAR),--singular "$(SINGULAR)") -- "$(NAME)"

.PHONY: service-remove
service-remove: python  ## Take a service out, after asking; its data stays (NAME=items YES=1)
	@"$(PYTHON)" -m deploy service-remove $(if $(YES),--yes) -- "$(NAME)"

##@ Development

.PHONY: install
install: python  ## Install what the tests and checks need, in this folder only
	@"$(PYTHON)" -m deploy install

.PHONY: test
test: install  ## Run the tests (ARGS="tests/deploy -k port" chooses some)
	$(VENV)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: test-fast
test-fast: install  ## Run the tests that need no stack, proxy, browser or container (ARGS="-k paging" chooses some)
	$(VENV)/python -m pytest --fast --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: sweep
sweep: install  ## Run the widest tests, which make test leaves out: everything that it samples, crossed (ARGS chooses some)
	$(VENV)/python -m pytest --sweep --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: lint
lint: install  ## Check style, types, shell scripts and the nginx configuration
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/mypy
	$(VENV)/shellcheck .ci/run proxy/gateway/*.sh deploy/postgres/*.sh
	PATH="$$PATH:.local/nginx/bin" sh proxy/gateway/start.sh --test

.PHONY: docs
docs: install  ## Build the documentation site into var/site/ (SERVE=1: and serve it, with its search; PORT=8100)
	@$(VENV)/python -m deploy docs
	$(if $(SERVE),@$(VENV)/python -m http.server --bind 127.0.0.1 --directory var/site $(or $(PORT),8100))

.PHONY: conformance
conformance: install  ## Run every proxy, way and server against the conformance suite and write docs/compatibility.md
	$(VENV)/python -m conformance

.PHONY: dist
dist: install  ## Build gatehouse-chassis and gatehouse-doctor as wheels and sdists into dist/
	@"$(PYTHON)" -m deploy dist

.PHONY: screenshots
screenshots: install  ## Make the README's pictures anew with the browser tests
	$(VENV)/python -m pytest tests/browser -k for_the_readme --screenshots docs/images

##@ Load

.PHONY: load
load: install  ## Load the running stack and judge its budgets (SHAPE=steady USERS=10 TIME=30s URL=...)
# SHAPE=steps|spike|soak; SHAPE=rate RATE=200 sends so many requests per second, whatever the answers do, as RATE= does
# with every shape; SHAPE=capacity finds the highest rate at which the budgets hold; PROCESSES=2 uses that many cores; BUDGETS=file.toml judges by other budgets;
# WORKERS=4 loads from that many containers beside the stack's (MODE=docker).
	@$(VENV)/python -m loadtests run \
		$(foreach option,SHAPE USERS RATE TIME URL PROCESSES BUDGETS,$(call as-option,$(option))) \
		$(if $(WORKERS),--containers="$(WORKERS)")

# USERS=50 becomes --users=50, and what is not set becomes nothing.
as-option = $(if $($(1)),--$(shell echo $(1) | tr A-Z a-z)="$($(1))")

.PHONY: load-compare
load-compare: install  ## Say row by row which is slower, BASE=<git revision> or the work tree (RATE=300 TIME=4m)
# Without BASE it sets the reports of two runs side by side (A=var/load/x B=var/load/y; else the last two).
	@$(VENV)/python -m loadtests compare $(if $(A),"$(A)" $(if $(B),"$(B)")) \
		$(foreach option,BASE RATE TIME,$(call as-option,$(option)))

.PHONY: load-ui
load-ui: install  ## Open Locust's web page for the running stack (PORT=8089 URL=http://localhost:8080)
	@$(VENV)/python -m loadtests ui $(if $(PORT),--port=$(PORT)) $(if $(URL),--url=$(URL))

.PHONY: bench
bench: install  ## Measure every promise about speed and write docs/performance.md (ARGS="--quick --only reads,logins")
	@$(VENV)/python -m bench $(ARGS)

##@ Help

.PHONY: help
help:  ## List the targets
	@awk 'BEGIN {FS = ":[^#]*## "} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile
