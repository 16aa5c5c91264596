# Everything a person types. `make help` lists it; recipes only call bin/setup and `python -m peiyu`.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python
unexport PYTHONPATH PYTHONHOME

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Run / 运行
.PHONY: up down reset status
up: ## Start the suite on http://127.0.0.1:8080 and stay (PEIYU_HOME, PEIYU_PORT)  启动
	@bin/setup runtime && exec $(PY) -m peiyu up

down: ## Stop the suite  停止
	@bin/setup runtime && exec $(PY) -m peiyu down

reset: ## Delete all local data, after asking (YES=1 does not ask)  清空数据
	@bin/setup runtime && exec $(PY) -m peiyu reset $(if $(YES),--yes)

status: ## Say what is running and where  状态
	@bin/setup runtime && exec $(PY) -m peiyu status

##@ Test / 测试
.PHONY: test check dev
dev: ## Install what the tests need
	@bin/setup dev

test: dev ## All tests that need no broker, in parallel  全部测试
	@exec $(PY) -m pytest -n auto -m "not kafka"

check: dev ## Format, lint, types, import contracts, unit and architecture tests: under a minute
	@$(PY) -m ruff format --check . && $(PY) -m ruff check . && $(PY) -m mypy \
	  && .venv/bin/lint-imports && exec $(PY) -m pytest -q -n auto tests/unit tests/architecture
