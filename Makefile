PYTHON ?= python3
UV := .venv/bin/uv pip install --quiet --python .venv/bin/python --constraints constraints.txt
INPUTS := pyproject.toml constraints.txt

.PHONY: help serve install test test-parity test-containers test-model-change test-batch test-ray test-browser overload generated-clips fuzz fuzz-api attacks soak bench-strangers lint lint-page format dashboards manifests prometheus

## List the targets.
help:
	@awk '/^## / { text = substr($$0, 4) } /^[a-z-]+:/ && text { sub(":.*", "", $$1); printf "%-16s %s\n", $$1, text; text = "" }' Makefile

## Serve the bundled model on port 8000, from a light environment without torch.
serve: .venv/.base
	.venv/bin/adamml serve

## Install the full environment, with torch, for training and developing.
install: .venv/.dev

## Run all tests, from an environment with everything.
test: .venv/.dev prometheus
	.venv/bin/pytest -rs --numprocesses 3 --dist worksteal $(ARGS)

## Reproduce the published implementation's recorded numbers (ADAMML_PARITY_GOLDEN names the file).
test-parity: .venv/.dev
	.venv/bin/pytest -m parity -rs $(ARGS)

## Build the images and start the compose files, by the engine that the environment names.
test-containers: .venv/.dev
	.venv/bin/pytest -m containers -rs $(ARGS)

## Change the model ten times under a thousand requests.
test-model-change: .venv/.dev
	MODEL_CHANGE_REQUESTS=1000 MODEL_CHANGES=10 .venv/bin/pytest -rs -s --timeout 3600 tests/end_to_end/test_model_change.py

## The rows of an archive beside the service's answers, one by one; BATCH_VIDEOS=FOLDER.
test-batch: .venv/.dev
	.venv/bin/pytest -rs -s tests/end_to_end/test_batch_answers.py

## The sandbox's cost, and good clients beside 200 that drip; the record goes to benchmarks/results.
bench-strangers: .venv/.dev
	.venv/bin/adamml bench strangers $(ARGS)

## Serve and batch on a Ray cluster of two nodes; RAY_VIDEOS=FOLDER RAY_NUM_VIDEOS=200 at length.
test-ray: .venv/.ray
	.venv/bin/pytest -rs -s tests/deploy/test_ray.py tests/batch/test_ray.py tests/end_to_end/test_ray_cluster.py

## Four times what the service can do, for a minute, ROUNDS times; into RESULT.
overload: .venv/.dev
	.venv/bin/python -m benchmarks.traffic.overload $(or $(RESULT),overload.json) $(or $(ROUNDS),3) $(or $(SECONDS),60)

## A mix of requests for MINUTES, and whether memory, descriptors, threads and latency stay; into RESULT.
soak: .venv/.dev
	.venv/bin/python -m benchmarks.traffic.soak $(or $(RESULT),soak.json) $(or $(MINUTES),30)

## Visit the page in Chromium, in a trace as well; pictures of it go to BROWSER_PICTURES.
test-browser: .venv/.dev
	@for program in chromium chromedriver; do command -v $$program >/dev/null || { echo "missing: $$program (on Debian: apt-get install chromium chromium-driver)"; exit 1; }; done
	BROWSER_PICTURES=$(or $(BROWSER_PICTURES),build/pictures) BROWSER_TRACE=$(or $(BROWSER_TRACE),build/page.json) .venv/bin/pytest -rs tests/browser $(ARGS)

## Draw many coded clips, and look at what each segment shows (FIRST, CLIPS and RESULT name which).
generated-clips: .venv/.dev
	.venv/bin/python -m tests.generated.run $(or $(FIRST),0) $(or $(CLIPS),500) $(or $(RESULT),generated_clips.json)

## Send mutated files to a real server for MINUTES; FUZZ_MEDIA=FOLDER adds your own, SEED=N others.
fuzz: .venv/.dev
	.venv/bin/python -m tests.fuzz.run --minutes $(or $(MINUTES),30) --seed $(or $(SEED),18) --log $(or $(LOG),fuzz.jsonl)

## Ask EXAMPLES requests of each operation and kind, drawn from the OpenAPI document by SEED.
fuzz-api: .venv/.dev
	API_EXAMPLES=$(or $(EXAMPLES),500) API_SEED=$(or $(SEED),18) .venv/bin/pytest -rs --timeout 3600 tests/fuzz/test_api.py $(ARGS)

## Send the attack corpus to a real server, with the kernel's sandbox and without; into RESULT.
attacks: .venv/.dev
	.venv/bin/python -m tests.attacks.run $(or $(RESULT),tests/attacks/record.json) --log $(or $(LOG),attacks.jsonl)

## Check format, lint rules, types and the layers of imports.
lint: .venv/.dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/mypy docker/grafana/source
	.venv/bin/lint-imports --no-logo

## Check the page's JavaScript: types by tsc, rules by ESLint; npm fetches both.
lint-page:
	@if command -v npm >/dev/null; then scripts/lint-page; else echo "lint-page skipped: npm is not installed"; fi

## Mend format and lint where a tool can.
format: .venv/.dev
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

## Write the dashboards' JSON anew, from docker/grafana/source.
dashboards: .venv/.dev
	.venv/bin/python docker/grafana/source

## Write Kubernetes' copy of Prometheus's rules anew.
manifests: .venv/.dev
	.venv/bin/python scripts/prometheus_rule.py

prometheus: .venv/.dev
	@scripts/ensure-prometheus

.venv/bin/uv:
	@scripts/ensure-venv $(PYTHON)

.venv/.base: $(INPUTS) | .venv/bin/uv
	$(UV) --editable .
	@touch $@

.venv/.ray: .venv/.dev
	$(UV) --editable '.[dev,ray]'
	@touch $@

.venv/.dev: $(INPUTS) | .venv/bin/uv
	$(UV) --editable '.[dev]'
	@touch $@ .venv/.base
