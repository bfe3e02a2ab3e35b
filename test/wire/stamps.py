"""Stamps some canvases with Celery's own objects and prints them as JSON: `python3 stamps.py > stamps.json` (Celery 5.3 or newer)."""
import json

import celery
from celery import Celery, chain, chord, group
from celery.canvas import StampingVisitor

app = Celery("stamps", broker="redis://127.0.0.1:1/0")


class Who(StampingVisitor):
    def on_signature(self, sig, **headers):
        return {"name": sig.task, "who": "visitor"}


class Full(Who):
    def on_group_start(self, sig, **headers):
        return {"in_group": True}

    def on_chain_start(self, sig, **headers):
        return {"in_chain": True}

    def on_chord_header_start(self, sig, **headers):
        return {**super().on_chord_header_start(sig, **headers), "in_header": True}

    def on_chord_body(self, sig, **headers):
        return {"in_body": True}

    def on_callback(self, sig, **headers):
        return {"is_callback": True}

    def on_errback(self, sig, **headers):
        return {"is_errback": True}


class Options(StampingVisitor):
    def on_signature(self, sig, **headers):
        return {"tenant": "acme", "priority": 3, "stamped_headers": ["tenant"]}


class Lists(StampingVisitor):
    def on_signature(self, sig, **headers):
        return {"items": [1, 2], "number": 5, "record": {"a": 1}}


def s(name):
    return app.signature(name)


def stamped(canvas, *stampings):
    for visitor, stamps in stampings:
        canvas.stamp(visitor, **stamps)
    return canvas


def linked(canvas):
    canvas.link(s("cb"))
    canvas.link_error(s("eb"))
    return canvas


APPEND = {"append_stamps": True}

CASES = {
    "one": lambda: stamped(s("a"), (None, {"foo": 1})),
    "twice": lambda: stamped(s("a"), (None, {"foo": 1}), (None, {"foo": 2, "bar": 3})),
    "headers and visitor": lambda: stamped(s("a"), (Who(), {"who": "header"})),
    "visitor, then headers": lambda: stamped(s("a"), (Who(), {}), (None, {"who": "later"})),
    "appended": lambda: stamped(s("a"), (None, {"foo": 1}), (None, {"foo": 2, **APPEND})),
    "links": lambda: stamped(linked(s("a")), (Full(), {})),
    "chain": lambda: stamped(chain(s("a"), s("b")), (Full(), {})),
    "linked chain": lambda: stamped(linked(chain(s("a"), s("b"))), (Full(), {"tenant": 1})),
    "group": lambda: stamped(group(s("a"), s("b")), (Full(), {})),
    "chord": lambda: stamped(chord([s("a"), s("b")], s("c")), (Full(), {})),
    "chain with chord": lambda: stamped(chain(s("a"), chord([s("b"), s("c")], s("d"))), (Full(), {})),
    "options": lambda: stamped(s("a"), (Options(), {})),
    "lists": lambda: stamped(s("a"), (Lists(), {}), (Lists(), APPEND)),
    "lists, not appended": lambda: stamped(s("a"), (Lists(), {}), (Lists(), {})),
}


def plain(value):
    """Without order in stamped_headers; a header is the list of its tasks (super().on_chord_header_start makes it a group)."""
    if isinstance(value, dict) and isinstance(value.get("header"), dict):
        value = {**value, "header": value["header"]["kwargs"]["tasks"]}
    if isinstance(value, dict):
        return {key: sorted(item) if key == "stamped_headers" else plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


canvases = {name: plain(json.loads(json.dumps(make()))) for name, make in CASES.items()}
print(json.dumps({"made_with": f"Celery {celery.__version__}", "canvases": canvases}, indent=2))
