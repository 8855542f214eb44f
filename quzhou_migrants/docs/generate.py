"""Write the pages that come from the code: states, permissions, parameters, error codes.

`python -m quzhou_migrants.docs.generate` writes them; a test fails when they are stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import quzhou_migrants.wiring  # noqa: F401 - declares every machine and permission
from quzhou_migrants.kernel import permissions
from quzhou_migrants.kernel.catalogue import CATALOGUE, DEFAULT_STATUS
from quzhou_migrants.kernel.states import MACHINES
from quzhou_migrants.kernel.tables import BUSINESS
from quzhou_migrants.kernel.tx import installed_packs

FOLDER = Path(__file__).parent / "generated"
QUZHOU = "330800000000"
READ_ON = date(2026, 9, 16)
HEAD = "<!-- 由 python -m quzhou_migrants.docs.generate 生成，请勿手改 -->\n"


def states() -> Iterator[str]:
    """Draw every machine as a diagram and a table."""
    yield "# 状态流转\n"
    for name, machine in sorted(MACHINES.items()):
        yield f"\n## {name}\n\n```mermaid\nstateDiagram-v2"
        yield f"  [*] --> {machine.start}"
        for state in machine.states:
            yield f"  {state} : {CATALOGUE.state(name, state)}"
        for a in machine.arrows:
            yield f"  {a.src} --> {a.dst} : {CATALOGUE.verb(f'{name}.{a.verb}')}"
        yield "```\n\n| 从 | 操作 | 到 | 权限 | 条件 |\n|-|-|-|-|-|"
        for a in machine.arrows:
            guard = a.guard.__name__.strip("_") if a.guard else ""
            yield (
                f"| {CATALOGUE.state(name, a.src)} | `{a.verb}` {CATALOGUE.verb(f'{name}.{a.verb}')} |"
                f" {CATALOGUE.state(name, a.dst)} | {CATALOGUE.permission(a.permission)} | {guard} |"
            )


def roles() -> Iterator[str]:
    """List who may do what."""
    table = permissions.table()
    names = [r for r in table if table[r]]
    yield "# 岗位与权限\n\n每个岗位只在所在单位的区划范围内有效；外部人员只能看到聘用事项之内的内容。\n"
    yield "| 权限 | " + " | ".join(f"{CATALOGUE.text('list.people.role.' + r)}" for r in names) + " |"
    yield "|-" * (len(names) + 1) + "|"
    for p in sorted(permissions.known()):
        held = " | ".join("●" if p in table[r] else "" for r in names)
        yield f"| {CATALOGUE.permission(p)} `{p}` | {held} |"


def parameters() -> Iterator[str]:
    """List every parameter in force, with its clause."""
    yield f"# 政策参数（{READ_ON:%Y-%m-%d} 衢州市执行值）\n"
    yield "| 参数 | 名称 | 值 | 单位 | 依据 | 自 | 确认 |\n|-|-|-|-|-|-|-|"
    for p in installed_packs().at(READ_ON, QUZHOU):
        value = "、".join(map(str, p.value)) if isinstance(p.value, (list, tuple)) else p.value
        yield (
            f"| `{p.key}` | {p.title} | {value} | {p.unit} | {p.source} | {p.since} |"
            f" {'已确认' if p.confirmed else '**未确认默认值**'} |"
        )


def errors() -> Iterator[str]:
    """List every code with its sentence and HTTP status."""
    yield "# 错误代码\n\n| 代码 | 提示 | HTTP | 下一步 |\n|-|-|-|-|"
    for code, message in sorted(CATALOGUE.messages.items()):
        text = str(message["text"]).replace("|", "\\|").replace("\n", " ")
        yield f"| {code} | {text} | {message.get('status', DEFAULT_STATUS)} | {message.get('help', '')} |"


def tables() -> Iterator[str]:
    """List every business table and how it is walled."""
    yield "# 业务数据表的两道墙\n\n| 表 | 只增不改 | 下级可读 | 外部人员可见条件 | 公众可见条件 |\n|-|-|-|-|-|"
    for name, w in sorted(BUSINESS.items()):
        yield (
            f"| `{name}` | {'是' if w.append_only else ''} | {'是' if w.down else ''} |"
            f" {f'`{_line(w.outsider)}`' if w.outsider else ''} | {f'`{_line(w.public)}`' if w.public else ''} |"
        )


def _line(sql: str) -> str:
    return " ".join(sql.split()).replace("|", "\\|")


PAGES = {
    "states.md": states,
    "permissions.md": roles,
    "parameters.md": parameters,
    "errors.md": errors,
    "tables.md": tables,
}


def pages() -> dict[str, str]:
    """Every generated page by file name."""
    return {name: HEAD + "\n".join(lines()) + "\n" for name, lines in PAGES.items()}


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
