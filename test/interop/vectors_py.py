"""Asks Python's own objects what they decide, for cases that arrive as JSON on standard input."""
import io
import json
import random
import re
import sys
import time

import celery
import kombu
from celery import Celery
from celery.app.routes import prepare
from celery.bin.control import _compile_arguments
from celery.events.dumper import Dumper
from celery.utils.collections import LimitedSet
from celery.utils.saferepr import saferepr
from kombu import Exchange, Queue
from kombu.utils.json import dumps


class Published(Exception):
    """Carries the destination out of celery's producer."""


class Producer:
    def publish(self, *_args, **options):
        raise Published(options["exchange"], options["routing_key"], options.get("priority"))


def queue_of(item):
    exchange = item.get("exchange")
    if exchange is not None:
        exchange = Exchange(exchange, type=item.get("exchangeType", "direct"))
    return Queue(item["name"], exchange, routing_key=item.get("routingKey"))


def pattern_of(key):
    return re.compile(key["re"]) if isinstance(key, dict) else key


def routes_of(routes):
    """Regular expressions travel as {"re": source}."""
    if isinstance(routes, list):
        if routes and all(isinstance(item, list) and not isinstance(item[0], list) for item in routes):
            return [[(pattern_of(key), target) for key, target in routes]]
        return [routes_of(item) if isinstance(item, list) else item for item in routes]
    return routes


def route(case):
    app = Celery("vectors", set_as_current=False)
    settings = dict(case["settings"])
    queues = settings.pop("task_queues", None)
    if isinstance(queues, list):
        settings["task_queues"] = [queue_of(item) for item in queues]
    elif queues:
        settings["task_queues"] = queues
    routes = settings.pop("task_routes", None)
    app.conf.update(settings)
    app.amqp.router.routes = prepare(routes_of(routes))
    try:
        options = app.amqp.router.route(dict(case["options"]), case["task"], (), {})
        message = app.amqp.as_task_v2("id", case["task"], (), {})
        app.amqp.send_task_message(Producer(), case["task"], message, **options)
    except Published as published:
        return list(published.args)
    except Exception as exc:
        return type(exc).__name__
    return None


def random_value(rng, depth=0):
    kind = rng.randrange(8 if depth < 5 else 6)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.randrange(-(10**rng.randrange(1, 15)), 10**rng.randrange(1, 15))
    if kind == 2:
        return round(rng.uniform(-1000, 1000), rng.randrange(1, 9)) + 0.0001234
    if kind < 6:
        words = ["it's", '"quoted"', "back\\slash", "new\nline", "ü✓", "plain", "", "x" * rng.randrange(300)]
        return " ".join(rng.choice(words) for _ in range(rng.randrange(5)))
    if kind == 6:
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(6))]
    return {f"k{rng.randrange(1000)}": random_value(rng, depth + 1) for _ in range(rng.randrange(5))}


def reprs(seed, count):
    rng = random.Random(seed)
    values = [[random_value(rng) for _ in range(rng.randrange(5))] for _ in range(count)]
    return [{"args": value, "repr": saferepr(tuple(value), 1024)} for value in values]


def exceptions():
    made = [
        ValueError("boom"),
        KeyError("missing"),
        KeyError(),
        TypeError("a", 1, None),
        OSError(2, "No such file"),
        celery.exceptions.MaxRetriesExceededError("too often"),
        celery.exceptions.SoftTimeLimitExceeded(),
        celery.exceptions.TimeLimitExceeded(3),
        celery.exceptions.NotRegistered("tasks.x"),
        celery.exceptions.TaskRevokedError("terminated"),
        celery.exceptions.Reject("no", True),
        celery.exceptions.Ignore(),
        ValueError("it's"),
        KeyError("it's"),
        ValueError("both ' and \""),
        ValueError('"double"'),
        ValueError("two\nlines\t\\ \x00\x7f\x85 \xa0 \u200b \u2028 \ue000 \U000e0001 ü ✓ 😀"),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"),
    ]
    backend = Celery("vectors", backend="cache+memory://", set_as_current=False).backend
    return [
        {"record": json.loads(dumps(backend.prepare_exception(exc, "json"))), "repr": repr(exc), "type": type(exc).__name__}
        for exc in made
    ]


def read_exceptions(records):
    backend = Celery("vectors", backend="cache+memory://", set_as_current=False).backend
    read = [backend.exception_to_python(record) for record in records]
    return [{"type": type(exc).__name__, "module": type(exc).__module__, "args": list(exc.args)} for exc in read]


def limited_set(steps, maxlen, expires):
    kept = LimitedSet(maxlen=maxlen, expires=expires)
    base = time.monotonic()  # `add` looks at the clock itself
    seen = []
    for step in steps:
        if step[0] == "add":
            kept.add(step[1], now=base + step[2])
        else:
            kept.purge(now=base + step[1])
        seen.append(sorted(kept._data))
    return seen


def dumped(events):
    """What `celery events --dump` prints of each."""
    dumper = Dumper()
    lines = []
    for event in events:
        dumper.out = io.StringIO()
        dumper.on_event(event)
        lines.append(dumper.out.getvalue())
    return lines


asked = json.load(sys.stdin)
print(json.dumps({
    "versions": [celery.__version__, kombu.__version__],
    "routes": [route(case) for case in asked["routes"]],
    "reprs": reprs(asked["seed"], 150),
    "exceptions": exceptions(),
    "read": read_exceptions(asked["exceptions"]),
    "dumped": dumped(asked["events"]),
    "commands": [_compile_arguments(action, words) for action, words in asked["commands"]],
    "limitedSet": limited_set(**asked["limitedSet"]),
}, default=repr))
