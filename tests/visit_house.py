"""A visit to a site as a phone sends it: the report, then its pictures, over the commands."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from msgspec import convert
from PIL import Image

from inspection.visits import service
from inspection.visits.forms import VisitReport
from quzhou_migrants.kernel import files

NEAR, FAR = {"lat": 28.9703, "lon": 118.8702, "accuracy": 12}, {"lat": 28.99, "lon": 118.87, "accuracy": 12}


def photo(shade: int) -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 48), (shade * 20, 90, 60)).save(out, "JPEG")
    return out.getvalue()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def report(site: dict[str, Any], *pictures: bytes, **changes: Any) -> dict[str, Any]:
    """A visit as the phone would send it: an hour ago, near the site, everything seen."""
    now = datetime.now(UTC)
    fix = changes.get("fix", NEAR) and {**changes.get("fix", NEAR), "at": (now - timedelta(minutes=50)).isoformat()}
    body = {
        "client_id": str(uuid.uuid4()),
        "project": site["id"],
        "started_at": (now - timedelta(hours=1)).isoformat(),
        "finished_at": (now - timedelta(minutes=30)).isoformat(),
        "sent_at": now.isoformat(),
        "contact": {"way": "typed", "name": "张三"},
        "photos": [
            {"sha256": sha(p), "size": len(p), "taken_at": (now - timedelta(minutes=45)).isoformat(), "fix": fix}
            for p in pictures
        ],
        "progress": [{"milestone": key, "seen_bp": 5000} for key in site["milestones"]],
    }
    return body | changes | {"fix": fix}


def read(body: dict[str, Any]) -> VisitReport:
    return convert(body, VisitReport)


async def feed(data: bytes) -> Any:
    async def chunks() -> Any:
        yield data

    return await files.receive(chunks())


async def send(tx: Any, body: dict[str, Any], *pictures: bytes) -> Any:
    answer = await service.record_visit(tx, read(body))
    for picture in pictures:
        answer = await service.receive_photo(tx, answer.client_id, await feed(picture), sha(picture))
    return answer
