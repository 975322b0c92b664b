# The few commands people type; CI types the same ones. `make help` lists them.
# ARGS reaches the program underneath: make local ARGS="--tags ingress --check --diff"; make unit ARGS="-k oci"; make molecule ARGS="-s postgres"

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# One target may start many programs, but two targets never change one environment at the same time.
.NOTPARALLEL:

ARGS ?=
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Output as it is, not in boxes of 80 columns.
export MOLECULE_COMMAND_BORDERS ?= false
# What runs in an activated environment of someone else's would otherwise look there for its libraries.
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- what a newcomer types

.PHONY: local
local: machine ## from source to an answer over HTTPS, on a cluster on this machine
	@ansible-playbook site.yml -i local $(ARGS)

.PHONY: local-down
local-down: machine ## remove that cluster: containers, mounts, network and processes
	@ansible-playbook playbooks/teardown.yml -i local $(ARGS)

.PHONY: verify
verify: machine ## show on the running environment, with evidence, that it keeps its promises
	@ansible-playbook playbooks/verify.yml -i local $(ARGS)

.PHONY: rollback
rollback: machine ## put the previous release back
	@ansible-playbook playbooks/rollback.yml -i local $(ARGS)

.PHONY: rehearse
rehearse: machine ## an environment on AWS, on this machine: make rehearse ENV=prod [PLAYBOOK=site.yml] [FAULTS=file] [ARGS="--check --diff"]
	@scripts/rehearse $(ENV) $(if $(PLAYBOOK),--playbook $(PLAYBOOK)) $(if $(FAULTS),--faults $(FAULTS)) -- $(ARGS)

.PHONY: rehearse-down
rehearse-down: machine ## remove what a rehearsal has: make rehearse-down ENV=prod
	@scripts/rehearse $(ENV) --down

.PHONY: bench
bench: machine ## measure the path from source to answer and print the table
	@benchmarks/path/run $(ARGS)

# --- what proves the project

.PHONY: test
test: machine ## everything that proves the project: lint, unit tests, roles and the whole path on a cluster
	@python scripts/test.py $(ARGS)

.PHONY: lint
lint: python ## style, types, Ansible rules, documentation and changelog fragments
	@scripts/lint $(ARGS)

.PHONY: unit
unit: python ## the tests that need no cluster
	@pytest $(ARGS)

.PHONY: playbooks
playbooks: python ## teardown, and the roles eks and ingress on AWS, whole and with faults, against the simulated AWS; seven minutes that make test leaves out
	@pytest --numprocesses=auto tests/playbooks $(ARGS)

.PHONY: molecule
molecule: machine ## every role on a cluster of its own; one of them: ARGS="-s postgres"
	@molecule test $(or $(ARGS),--all)

# --- upkeep

.PHONY: docs
docs: python ## write docs/reference from the roles' and modules' own documentation
	@python scripts/docs.py $(ARGS)

# The larger set first, and the smaller one within it: what is tested is what runs. Without --upgrade, as for one new package, uv keeps every other pin.
.PHONY: lock
lock: python ## move every pinned Python package to its newest allowed version
	@uv pip compile --quiet --no-header --universal --generate-hashes --python-version 3.11 --upgrade requirements-dev.txt --output-file requirements-dev.lock
	@uv pip compile --quiet --no-header --universal --generate-hashes --python-version 3.11 --upgrade --constraints requirements-dev.lock requirements.txt --output-file requirements.lock
	@git --no-pager diff --stat -- requirements.lock requirements-dev.lock

.PHONY: clean-cache
clean-cache: ## remove everything that was downloaded and built on this machine; the next run starts cold
	@scripts/clean-cache

.PHONY: machine python
machine:
	@scripts/bootstrap

python:
	@scripts/bootstrap python
