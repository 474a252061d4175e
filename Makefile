# Everything that is done with this project. `make` alone lists it.

CONSOLE := portals-web
CARGO ?= cargo
# A workspace of its own.
PEERS_CRATE := benches/peers/signalling/Cargo.toml
export CARGO_TERM_COLOR ?= auto

.PHONY: help run build console test lint test-rust test-console test-api test-api-long test-live test-instructions bench bench-relay bench-peers flood sim money faults fuzz fmt clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Build everything and run the demo: a switch, two carriers, a customer, live traffic
	@exec target/release/didtron demo

build: console ## Build target/release/didtron with the console inside
	$(CARGO) build --release --locked

console: ## Build the console into portals-web/dist
	@scripts/check-build-tools
	@scripts/build-console

test: ## Install what the tests need and run all of them
	@scripts/check-build-tools
	@scripts/install-test-tools
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test-console
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory test-rust
	@$(MAKE) --no-print-directory fuzz
	@$(MAKE) --no-print-directory test-api
	@$(MAKE) --no-print-directory test-live

lint: ## Formatting and lints of the Rust code
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) fmt --manifest-path $(PEERS_CRATE) --check
	$(CARGO) clippy --manifest-path $(PEERS_CRATE) --all-targets --locked --target-dir target -- -D warnings

test-rust: ## Unit, simulation and end-to-end tests (wants `make build` first)
	SWITCH_BINARY=$(CURDIR)/target/release/didtron $(CARGO) test --workspace --locked
	$(CARGO) test --locked --manifest-path $(PEERS_CRATE) --target-dir target
	@$(MAKE) --no-print-directory test-instructions

test-instructions: ## Instructions of parts of a call beside the accepted counts; 5 % more fails
	$(CARGO) bench --locked -p call-control --bench instructions

test-console: console ## Lints, types, unit and browser tests of the console
	cd $(CONSOLE) && npm run --silent check && npm run --silent test && npm run --silent test:e2e

test-api: ## Schemathesis over the whole OpenAPI document, bounded (wants `make build` first)
	@API_SEED=$(or $(API_SEED),1) scripts/test-api

test-api-long: ## The same for longer: make test-api-long API_SECONDS=600
	@API_SECONDS=$(or $(API_SECONDS),1800) scripts/test-api

test-live: ## The console in a real browser against a running demo (wants `make build` first)
	@scripts/test-live

bench: build ## Criterion benches and a SIPp run; rewrites BENCHMARKS.md
	@scripts/bench

bench-relay: ## A relayed packet beside a bare C relay and rtpengine: make bench-relay SESSIONS=1000 ROUNDS=5
	$(CARGO) bench --locked -p media-relay --bench relays -- $(or $(SESSIONS),1000) $(or $(ROUNDS),5)

bench-peers: build ## Beside Kamailio and rtpengine by one generator, an hour: make bench-peers RUNS=3 PEERS="didtron relay"
	@scripts/bench-peers $(or $(RUNS),3) $(PEERS)

flood: build ## Good calls while the switch is flooded and scanned; prints a table
	@scripts/flood

sim: ## Random calls and faults on virtual time: make sim SEEDS=2000
	DIDTRON_SIM_SEEDS=$(or $(SEEDS),200) $(CARGO) test --release --locked -p call-control --test calls simulation -- --nocapture

money: ## Live cost, record, rating again and ledger of random calls: make money CALLS=1000000
	MONEY_CALLS=$(or $(CALLS),1000000) MONEY_SEED=$(or $(SEED),1) $(CARGO) test --release --locked --test money -- --nocapture

faults: build ## Fifty kills, ten minutes without a database, a thousand dying loaders; an hour and a half
	DIDTRON_CRASH_SEEDS=1000 $(CARGO) test --locked -p store --lib crashes -- --nocapture
	SWITCH_BINARY=$(CURDIR)/target/release/didtron FAULT_KILLS=50 FAULT_OUTAGE_S=600 FAULT_CPS=300 \
		FAULT_MUST_MOUNT=1 $(CARGO) test --locked --test e2e faults -- --nocapture --test-threads 1

fuzz: ## Each fuzz target for so many inputs, guided by coverage: make fuzz RUNS=20000
	@FUZZ_RUNS=$(or $(RUNS),20000) scripts/fuzz-smoke

fmt: ## Format the Rust code
	$(CARGO) fmt --all

clean: ## Remove what the builds made
	$(CARGO) clean
	rm -rf $(CONSOLE)/dist $(CONSOLE)/node_modules
