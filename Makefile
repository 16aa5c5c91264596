# Everything a person types. `make help` lists it; recipes only call bin/setup and `python -m peiyu`.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python
unexport PYTHONPATH PYTHONHOME

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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
.PHONY: dev test check e2e test-kafka test-compose
dev: ## Install what the tests need  安装测试依赖
	@bin/setup dev

test: dev ## Every test that needs no broker  全部测试（不含 Kafka 和容器）
	@exec $(PY) -m pytest -n auto --dist loadscope -m "not kafka and not compose"

check: dev ## Format, lint, types, import contracts, unit and architecture tests: under a minute  快速检查
	@$(PY) -m ruff format --check . && $(PY) -m ruff check . && $(PY) -m mypy \
	  && $(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()" \
	  && exec $(PY) -m pytest -q -n auto -m "not slow" tests/unit tests/architecture

e2e: dev ## The journeys through the gateway, with processes killed  端到端测试
	@exec $(PY) -m pytest tests/e2e tests/embedded -m "not kafka"

test-kafka: dev ## What needs a real Apache Kafka (KAFKA_BOOTSTRAP_SERVERS, Docker, or java and mvn)  Kafka 测试
	@exec $(PY) -m pytest -m kafka

test-compose: dev ## The production shape in containers: journeys, kills, rolling restarts (Docker, root)  容器测试
	@exec $(PY) -m pytest -m compose

##@ Deploy / 部署
.PHONY: secrets
secrets: ## Passwords, keys and a trial certificate for docker-compose.yml (HOST=peiyu.example)  生成容器部署的密钥
	@bin/setup runtime && exec $(PY) -m peiyu secrets deploy/secrets $(foreach host,$(HOST),--host $(host))

##@ Develop / 开发
.PHONY: contracts maps migration lock
contracts: dev ## Write OpenAPI, JSON Schemas and AsyncAPI from the code  生成接口和事件文档
	@exec $(PY) -m peiyu contracts

release-contracts: dev ## Take today's contracts into contracts/released/, unless they break somebody  发布接口和事件契约
	@exec $(PY) -m tests.contract.release

maps: dev ## Write docs/EVENTS.md and docs/RULES.md from the code  生成事件和规则总览
	@exec $(PY) -m peiyu maps

migration: dev ## Draft a migration: make migration PART=registry SUBJECT=enterprise_version  起草数据库迁移
	@exec $(PY) -m peiyu migration $(PART) $(SUBJECT)

lock: ## Compile both lock files from pyproject.toml (needs uv)  更新依赖锁
	@command -v uv >/dev/null || { echo "lock 需要 uv：pip install uv（仅维护依赖时使用）"; exit 1; }
	@uv pip compile pyproject.toml $(LOCK) -o requirements.lock
	@uv pip compile pyproject.toml --extra gm --group dev $(LOCK) -o requirements-dev.lock

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q
