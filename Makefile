# Each target is one plain command; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh

TOOLS := target/tools
NEXTEST := $(shell command -v cargo-nextest >/dev/null 2>&1 && echo nextest)

# What the services promise of their tables: shown on the oldest PostgreSQL too.
ON_OLDEST := --test store --test grpc --test answers --test service --test runs

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## Run the whole mesh in one process on http://localhost:8000
	@sh scripts/fetch-postgres.sh >/dev/null
	@sh scripts/fetch-model.sh
	cargo run --quiet --bin elenchus -- serve

.PHONY: test
test: ## Install what the tests need, and run them all
	@sh scripts/install-test-tools.sh
	cargo build --workspace --all-targets
	ELENCHUS_TEST_PG=18 target/debug/elenchus-testkit \
	    $(if $(NEXTEST),cargo nextest run --workspace,cargo test --workspace)
	ELENCHUS_TEST_PG=15 target/debug/elenchus-testkit \
	    $(if $(NEXTEST),cargo nextest run --workspace $(ON_OLDEST),cargo test --workspace $(ON_OLDEST))
	target/debug/elenchus-testkit sh scripts/test-clients.sh

.PHONY: check
check: ## Format, lints, licences, protos, OpenAPI, deployment files
	@sh scripts/install-check-tools.sh
	cargo fmt --all --check
	cargo clippy --workspace -- --deny warnings
	cargo clippy --workspace --all-targets -- --deny warnings --allow clippy::unwrap_used
	cargo deny check bans licenses sources
	sh scripts/check-protos.sh
	sh scripts/check-deployment.sh

.PHONY: fmt
fmt: ## Format the code and the protos
	cargo fmt --all
	services/elenchus/tests/clients/node_modules/.bin/buf format --write --exclude-path proto/google

.PHONY: parity
parity: ## Compare every unary route's JSON with Envoy's
	@sh scripts/install-bench-tools.sh
	cargo build --bin elenchus
	PYTHONPATH=scripts $(TOOLS)/venv/bin/python -m parity

.PHONY: bench
bench: ## Measure the gateway beside Envoy, and the mesh in six processes beside one
	@sh scripts/install-bench-tools.sh
	cargo build --release --workspace --bin elenchus --example bare
	PYTHONPATH=scripts cargo run --quiet -p elenchus-testkit -- $(TOOLS)/venv/bin/python -m bench

.PHONY: bench-auth
bench-auth: ## Measure checked tokens beside a health check, and log-ins beside bare Argon2id
	@sh scripts/install-bench-tools.sh
	cargo build --release --workspace --bin elenchus --example hashes
	PYTHONPATH=scripts cargo run --quiet -p elenchus-testkit -- $(TOOLS)/venv/bin/python -m bench.auth

.PHONY: bench-chat
bench-chat: ## Measure an answer through the mesh beside its model asked directly
	@sh scripts/install-bench-tools.sh
	cargo build --release --workspace --bin elenchus --example clock
	PYTHONPATH=scripts cargo run --quiet -p elenchus-testkit -- $(TOOLS)/venv/bin/python -m bench.chat

.PHONY: bench-cite
bench-cite: ## Measure the check of quotes, and of legal citations beside eyecite
	@sh scripts/install-bench-tools.sh
	cargo build --release --workspace --example speed
	PYTHONPATH=scripts $(TOOLS)/venv/bin/python -m bench.cite

SIZES ?= 1000 10000 100000
.PHONY: bench-search
bench-search: ## Measure searches in libraries of SIZES beside PostgreSQL alone
	@sh scripts/fetch-postgres.sh --force >/dev/null
	@sh scripts/fetch-model.sh
	cargo build --release --workspace --example search
	ELENCHUS_TEST_PG=18 target/release/examples/search $(SIZES)

CORPUS ?= examples
.PHONY: bench-ingest
bench-ingest: ## Measure how fast the PDFs of CORPUS are taken in, beside pdftotext
	@sh scripts/install-bench-tools.sh
	cargo build --release --workspace --bin elenchus
	PYTHONPATH=scripts cargo run --quiet -p elenchus-testkit -- $(TOOLS)/venv/bin/python -m bench.ingest $(abspath $(CORPUS))

MINUTES ?= 10
SEEDS ?= examples
.PHONY: fuzz-cite
fuzz-cite: ## Look for inputs that break the check of quotes and citations, MINUTES for each of TARGETS
	@sh scripts/fuzz.sh crates/citation $(MINUTES) $(SEEDS) $(TARGETS)

FILES ?= examples/ferpa-subpart-d.txt $(wildcard scripts/agreement/opinions/*.txt)
.PHONY: agreement
agreement: ## Compare the legal citations that we and eyecite read, in its tests and in FILES
	@sh scripts/install-bench-tools.sh
	cargo build --workspace --example extract
	PYTHONPATH=scripts $(TOOLS)/venv/bin/python -m agreement $(FILES)

.PHONY: compare-readers
compare-readers: ## Hold the readers of PDFs against each other on the files of CORPUS
	@sh scripts/install-readers.sh
	cargo build --bin elenchus
	PYTHONPATH=scripts python3 -m readers $(abspath $(CORPUS))

CASES ?= 300000
.PHONY: fuzz-readers
fuzz-readers: ## Read CASES damaged files of each format, begun with those of SEEDS
	ELENCHUS_TEST_SEEDS=$(abspath $(SEEDS)) PROPTEST_CASES=$(CASES) cargo test --workspace --test readers
