"""Prints what Celery has, by kind, as JSON: settings, options of tasks and calls, commands, signals, methods."""

import inspect
import json

from celery import canvas, signals
from celery.app.base import Celery
from celery.app.defaults import NAMESPACES, flatten
from celery.app.task import Task
from celery.bin.celery import celery as program
from celery.result import AsyncResult, GroupResult, ResultSet
from celery.worker.control import Panel


def public(cls):
    return sorted(
        name for name, value in inspect.getmembers(cls) if not name.startswith("_") and callable(value)
    )


def options(command):
    names = [opt for param in command.params for opt in getattr(param, "opts", ()) if opt.startswith("--")]
    return sorted(set(names))


def own(cls):
    # What comes of `dict` is how Python keeps a signature, not what it can do.
    return set(public(cls)) - set(dir(dict))


CANVAS = (canvas.Signature, canvas._chain, canvas.group, canvas._chord, canvas.chunks, canvas.xmap, canvas.xstarmap)

print(
    json.dumps(
        {
            "settings": sorted(name for name, _ in flatten(NAMESPACES)),
            "commands": sorted(program.commands),
            "options": {name: options(command) for name, command in program.commands.items()},
            "control": sorted(name for name, info in Panel.meta.items() if info.visible),
            "signals": sorted(name for name in dir(signals) if isinstance(getattr(signals, name), signals.Signal)),
            "task": sorted(
                name
                for name, value in vars(Task).items()
                if not name.startswith("_") and not isinstance(value, (property, staticmethod))
            ),
            "result": public(AsyncResult),
            "results": sorted(set(public(GroupResult) + public(ResultSet))),
            "app": public(Celery),
            "canvas": sorted(set().union(*map(own, CANVAS))),
        }
    )
)
