"""Piccolo's registry: the one engine and the five packages."""

from piccolo.conf.apps import AppRegistry

from quzhou_migrants.kernel.db import ENGINE

DB = ENGINE

APP_REGISTRY = AppRegistry(
    apps=[
        "quzhou_migrants.piccolo_app",
        "projects.piccolo_app",
        "allocation.piccolo_app",
        "inspection.piccolo_app",
        "surveys.piccolo_app",
    ]
)
