# The README's commands. Each installs what it misses and says so; the work is in scripts/.
# ARGS goes to the program that the target runs: make run ARGS='--listen 127.0.0.1:9000'

SCENARIO ?= kill9
SEEDS ?= 2000
export SCENARIO ARGS SEEDS SEED FROM

.DEFAULT_GOAL := help
.PHONY: help run test lint bench chaos sim mutants web fmt

help: ## Lists the targets.
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST)

run: ## Builds everything and starts a world with 24 inhabitants.
	@scripts/run.sh

test: ## Runs all tests, with services of their own, and a short chaos run.
	@scripts/test.sh

lint: ## Checks form, lints, documentation, types and dependencies.
	@scripts/lint.sh

bench: ## Measures and writes docs/BENCHMARKS.md; one alone: make bench ARGS='--bench payments'.
	@scripts/bench.sh

chaos: ## Kills a world under load and counts what it lost: make chaos SCENARIO=kill9.
	@scripts/chaos.sh

sim: ## Simulates many nodes, one run a seed: make sim SEEDS=5000; one alone: make sim SEED=42.
	@scripts/sim.sh

mutants: ## Plants known defects and expects the tests to find each.
	@scripts/mutants.sh

web: ## Builds the page into static/dist when its sources are newer.
	@scripts/page.sh

fmt: ## Formats the Rust code.
	@scripts/need.sh rust && cargo fmt
