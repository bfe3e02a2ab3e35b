"""Prints what Celery has, by kind, as JSON: settings, commands, signals, names of its classes, parameters, variables."""

import inspect
import json
import pkgutil
import re
from pathlib import Path

import celery
import kombu.compression
import kombu.transport
from celery import canvas, concurrency, contrib, exceptions, signals, states
from celery.app.backends import BACKEND_ALIASES
from celery.app.base import Celery
from celery.app.control import Control, Inspect
from celery.app.defaults import NAMESPACES, flatten
from celery.app.task import Context, Task
from celery.bin.celery import celery as program
from celery.result import AsyncResult, EagerResult, GroupResult, ResultSet
from celery.worker.control import Panel


def names(cls):
    return {name for name in dir(cls) if not name.startswith("_")}


def methods(*classes):
    found = [inspect.getmembers(cls, inspect.isfunction) for cls in classes]
    return [fn for members in found for name, fn in members if not name.startswith("_")]


def parameters(*functions):
    known = [inspect.signature(fn).parameters.values() for fn in functions]
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {param.name for params in known for param in params if param.kind in plain} - {"self", "cls"}


def options(command):
    own = [opt for param in command.params for opt in getattr(param, "opts", ()) if opt.startswith("--")]
    return {*own, *getattr(command, "commands", ())}


def variables():
    texts = [path.read_text() for path in Path(celery.__file__).parent.rglob("*.py")]
    found = {name for text in texts for name in re.findall(r"""environ[\w.]*[\[(]\s*['"](\w+)""", text)}
    own = {name for text in texts for name in re.findall(r"""envvar=['"](\w+)""", text)}
    return {name for name in found if re.match("CELERY_|C_|REMAP|AUTOSCALE", name)} | own


# What comes of `dict` and `list` is how Python keeps them, not what they can do.
CANVAS = (canvas.Signature, canvas._chain, canvas.group, canvas._chord, canvas.chunks, canvas.xmap, canvas.xstarmap)
RESULTS = (AsyncResult, EagerResult, GroupResult, ResultSet)

FEATURES = {
    "settings": {name for name, _ in flatten(NAMESPACES)},
    "commands": set(program.commands),
    "options of commands": set().union(*map(options, program.commands.values()), options(program)),
    "remote control": {name for name, info in Panel.meta.items() if info.visible},
    "signals": {name for name in dir(signals) if isinstance(getattr(signals, name), signals.Signal)},
    "names of celery": {name for name in celery.__all__ if re.match("[a-z]|[A-Z][a-z]", name)},
    "attributes of a task": {name for name in vars(Task) if not name.startswith("_")},
    "attributes of a request": names(Context) - names(dict),
    "attributes of results": set().union(*map(names, RESULTS)),
    "attributes of an app": names(Celery),
    "attributes of a canvas": set().union(*map(names, CANVAS)) - names(dict),
    "control and inspect": names(Control) | names(Inspect),
    "parameters of calls": parameters(
        Celery.__init__, Celery.send_task, Task.apply_async, Task.apply, Task.retry, Task.update_state, Task.replace
    ),
    "parameters of results": parameters(*methods(*RESULTS)),
    "parameters of control": parameters(*methods(Control, Inspect)),
    "exceptions": set(exceptions.__all__),
    "states": set(states.__all__),
    "brokers": set(kombu.transport.TRANSPORT_ALIASES),
    "result backends": set(BACKEND_ALIASES),
    "pools": set(concurrency.ALIASES),
    "compressions": set(kombu.compression._aliases),
    "contrib": {module.name for module in pkgutil.iter_modules(contrib.__path__)},
    "environment": variables(),
}

print(json.dumps({kind: sorted(found) for kind, found in FEATURES.items()}))
