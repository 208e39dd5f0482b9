# The project's commands. `make run` and `make test` do all their own set-up.
SHELL := /bin/bash
TOOLS := $(CURDIR)/target/tools
CARGO_DENY_VERSION := 0.20.2
CARGO_DEB_VERSION := 3.8.0
CARGO_FUZZ_VERSION := 0.13.2
export PATH := $(TOOLS)/bin:$(HOME)/.cargo/bin:$(PATH)

.PHONY: help run build deb try-package release docs test api-clients api-load dashboard screenshots persona-demo faults worker-faults perplexity memory valgrind fuzz burst lint bench bench-train bench-quick load worker-bench scaling scaling-measure fmt setup

help: ## Lists the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: build ## Builds, starts the demo personas without any token, and says where their page is (PORT=8077)
	@scripts/run.sh

build: setup ## Builds the release binary, target/release/maskarad
	cargo build --release --locked --bin maskarad

deb: build $(TOOLS)/cargo-deb-$(CARGO_DEB_VERSION) ## Builds the Debian package, target/debian/maskarad_*.deb
	scripts/package.sh

try-package: deb ## Tries the package on a clean Debian that systemd boots in a container; needs root, systemd-container and debootstrap
	scripts/try-package.sh

release: setup $(TOOLS)/cargo-deb-$(CARGO_DEB_VERSION) ## Makes a release's package, archive and checksums, target/release-files; refuses without its tag
	scripts/release.sh

docs: setup ## Writes the reference of manifests and their JSON Schema anew: docs/MANIFESTS.md, docs/persona.schema.json
	cargo build --workspace --locked --bin maskarad
	target/debug/maskarad schema persona > docs/persona.schema.json
	target/debug/maskarad schema persona --format markdown > docs/MANIFESTS.md

test: setup ## Runs every test, on a PostgreSQL and a RabbitMQ of its own, with a real Prometheus and a real browser
	@scripts/prometheus.sh && scripts/browser.sh && url="$$(scripts/postgres.sh start)" && broker="$$(scripts/rabbitmq.sh start)" && \
	trap 'scripts/postgres.sh stop; scripts/rabbitmq.sh stop' EXIT && \
	MASKARAD_TEST_POSTGRES_URL="$$url" MASKARAD_REQUIRE_POSTGRES=1 MASKARAD_REQUIRE_PROMETHEUS=1 \
	MASKARAD_TEST_RABBITMQ_URL="$$broker" MASKARAD_REQUIRE_RABBITMQ=1 MASKARAD_REQUIRE_BROWSER=1 cargo test --workspace --locked -- --test-threads=4

dashboard: setup ## A minute of load before a real Prometheus: no panel may be empty; draws docs/images/dashboard.svg
	@scripts/prometheus.sh && mkdir -p docs/images && MASKARAD_REQUIRE_PROMETHEUS=1 \
	cargo test --workspace --locked --test it -- --ignored --nocapture the_dashboard_after_a_minute

screenshots: setup ## Pictures of the page for the documentation, docs/images/console-*.png
	@scripts/browser.sh && MASKARAD_REQUIRE_BROWSER=1 MASKARAD_SCREENSHOTS=1 \
	cargo test --workspace --locked --test it -- --nocapture process::page::looks

api-clients: setup ## The HTTP API under OpenAI's own Python client, LangChain's, and schemathesis
	@python3 -m venv target/api-clients && target/api-clients/bin/pip --disable-pip-version-check install --quiet \
	--requirement server/tests/it/process/api/clients/requirements.txt && \
	API_CLIENTS=$(CURDIR)/target/api-clients \
	cargo test --workspace --locked --test it -- --ignored --nocapture process::api::clients

api-load: build ## 200 streaming clients of the HTTP API for a minute, then 400
	MASKARAD_PROGRAM=$(CURDIR)/target/release/maskarad cargo test --workspace --locked --test it -- --ignored --nocapture two_hundred_streams

faults: build ## Kills and troubles the daemon for about an hour, and audits what came of it (FAULTS_SEED, FAULTS_STORE=sqlite)
	@url="$$(scripts/postgres.sh start)" && trap 'scripts/postgres.sh stop' EXIT && \
	MASKARAD_TEST_POSTGRES_URL="$$url" MASKARAD_REQUIRE_POSTGRES=1 FAULTS_DAEMON=$(CURDIR)/target/release/maskarad \
	cargo test --workspace --locked --test faults -- --ignored --nocapture

worker-faults: build ## Kills workers and their broker, cuts off a worker, and audits what came of it; needs root, about a quarter of an hour
	@command -v ip >/dev/null || scripts/apt.sh iproute2 iproute2
	@url="$$(scripts/postgres.sh start)" && broker="$$(scripts/rabbitmq.sh start)" && \
	trap 'scripts/postgres.sh stop; scripts/rabbitmq.sh stop' EXIT && \
	MASKARAD_TEST_POSTGRES_URL="$$url" MASKARAD_REQUIRE_POSTGRES=1 \
	MASKARAD_TEST_RABBITMQ_URL="$$broker" MASKARAD_REQUIRE_RABBITMQ=1 \
	FAULTS_DAEMON=$(CURDIR)/target/release/maskarad FAULTS_ACTS=workers FAULTS_STORE=postgres \
	cargo test --workspace --locked --test faults -- --ignored --nocapture

persona-demo: build ## Makes both demo personas twice and checks what they must come to; up to an hour
	MASKARAD_PROGRAM=$(CURDIR)/target/release/maskarad cargo test --workspace --locked --test it \
	-- --ignored --nocapture demo_personas

perplexity: setup ## The whole held-out text: f32 against Hugging Face, int8 against f32 and candle's Q8_0; takes minutes
	cargo test --workspace --locked --test it perplexity -- --ignored --nocapture

memory: build ## What full-size checkpoints take of a small server's memory, and how soon a warm start speaks
	MASKARAD_PROGRAM=$(CURDIR)/target/release/maskarad cargo test --workspace --locked --test it \
	-- --ignored --nocapture --test-threads=1 full_size_conversion full_size_personas

valgrind: setup ## Packing, the cache and the kernels that valgrind can follow (scalar and AVX2), under valgrind
	@command -v valgrind >/dev/null || { echo "valgrind was not found: apt-get install valgrind" >&2; exit 1; }
	CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="valgrind -q --error-exitcode=9" \
	cargo test --workspace --locked --lib -- --test-threads=1 kernels:: pack:: region:: cache::

fuzz: setup $(TOOLS)/cargo-fuzz-$(CARGO_FUZZ_VERSION) ## Fuzzes whatever reads foreign input, ten minutes each (FUZZ_SECONDS=600); needs a nightly compiler
	@scripts/fuzz.sh

burst: setup ## 100,000 updates over 1,000 chats at once, on both databases; takes many minutes
	@url="$$(scripts/postgres.sh start)" && trap 'scripts/postgres.sh stop' EXIT && \
	MASKARAD_TEST_POSTGRES_URL="$$url" MASKARAD_REQUIRE_POSTGRES=1 \
	cargo test --workspace --locked --test it long_burst -- --ignored --nocapture --test-threads=1

lint: setup $(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION) ## Formatting, clippy, rustdoc, licences and sources
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/libfuzzer/Cargo.toml --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --document-private-items
	cargo fetch --locked
	cargo deny --offline check bans licenses sources

bench: setup ## Against the other engines, and both sides of our own comparisons; writes docs/BENCHMARKS.md (BENCH_ROUNDS=5)
	scripts/venv.sh target/bench/venv engine/benches/peers/python/requirements.txt scripts/llama.sh
	cargo bench --workspace --locked --bench batching --bench company --bench sampling --bench adapters
	cargo bench --workspace --locked --bench peers -- --write $(CURDIR)/docs/BENCHMARKS.md

worker-bench: setup ## What workers gain, what the way to them costs, how many jobs a daemon hands out; into docs/BENCHMARKS.md (WORKERS="--only gain")
	@broker="$$(scripts/rabbitmq.sh start)" && trap 'scripts/rabbitmq.sh stop' EXIT && MASKARAD_TEST_RABBITMQ_URL="$$broker" \
	cargo bench --workspace --locked --bench workers -- --write $(CURDIR)/docs/BENCHMARKS.md $(WORKERS)

bench-train: setup ## A training step against PyTorch, and what one side trained loaded by the other; into docs/BENCHMARKS.md (BENCH_ROUNDS=5)
	scripts/venv.sh target/bench/train/venv trainer/benches/train/python/requirements.txt
	cargo bench --workspace --locked --bench train -- --write $(CURDIR)/docs/BENCHMARKS.md

bench-quick: setup ## Our engine alone, and how fast this machine reads memory; no Python
	cargo bench --workspace --locked --bench peers -- --quick

load: setup ## The whole daemon against 1 to 128 chats, into docs/BENCHMARKS.md; about ten minutes on a quiet machine (LOAD="--seconds 60")
	cargo bench --workspace --locked --bench load -- --write $(CURDIR)/docs/BENCHMARKS.md $(LOAD)

scaling: setup ## How many machines 10, 1,000 and 100,000 active chats need, by simulation, into docs/SCALING.md (SCALING="--seed 9")
	cargo bench --workspace --locked --bench scaling -- --write $(CURDIR)/docs/SCALING.md $(SCALING)

scaling-measure: setup ## What a PostgreSQL and a RabbitMQ of their own can do here, into docs/SCALING.md; two minutes on a quiet machine
	cargo bench --workspace --locked --bench scaling -- --measure --write $(CURDIR)/docs/SCALING.md $(SCALING)

fmt: ## Formats the code
	cargo fmt --all

setup:
	@scripts/setup.sh

$(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION):
	cargo deny --version 2>/dev/null | grep -q '$(CARGO_DENY_VERSION)' || \
	cargo install --locked cargo-deny --version $(CARGO_DENY_VERSION) --root $(TOOLS)
	@mkdir -p $(TOOLS) && touch $@

$(TOOLS)/cargo-fuzz-$(CARGO_FUZZ_VERSION):
	cargo fuzz --version 2>/dev/null | grep -q '$(CARGO_FUZZ_VERSION)' || \
	cargo install --locked cargo-fuzz --version $(CARGO_FUZZ_VERSION) --root $(TOOLS)
	@mkdir -p $(TOOLS) && touch $@

$(TOOLS)/cargo-deb-$(CARGO_DEB_VERSION):
	cargo deb --version 2>/dev/null | grep -q '$(CARGO_DEB_VERSION)' || \
	cargo install --locked cargo-deb --version $(CARGO_DEB_VERSION) --root $(TOOLS)
	@mkdir -p $(TOOLS) && touch $@
