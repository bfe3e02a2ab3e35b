"""The Python sender of matrix.test.ts: the same canvases as there, made of Python's own objects."""
import uuid

from celery import chain, chord, group
from celery.canvas import chunks, xmap, xstarmap

from tasks_py import app

TIMEOUT = 60


class Sides:
    """Calls that go to the sides of a mixture in turn."""

    def __init__(self, mixture):
        self.sides = mixture.split()
        self.count = 0

    def __getattr__(self, name):
        return lambda *args: self.call(name, args)

    def next(self):
        side = self.sides[self.count % len(self.sides)]
        self.count += 1
        return side

    def call(self, name, args):
        side = self.next()
        return app.signature(f"{side}.{name}", args=args, queue=side)

    def mapped(self, kind, name, *args):
        side = self.next()
        return kind(app.signature(f"{side}.{name}"), *args), side


def watched(signature):
    """A signature with an id, and the result to look at."""
    signature.set(task_id=str(uuid.uuid4()))
    return signature, app.AsyncResult(signature.id)


def link(s):
    callback, result = watched(s.mul(10))
    s.add(1, 2).apply_async(link=callback)
    return result


def link_error(s):
    errback, result = watched(s.told())
    s.fail("x").apply_async(link_error=errback, task_id="failed-" + errback.id)
    return result


def unlock(s):
    header = group(s.add(1, 1), s.add(2, 2)).apply_async()
    body, result = watched(s.tsum())
    side = s.next()
    kwargs = {"result": [r.as_tuple() for r in header.results]}
    app.send_task("celery.chord_unlock", (header.id, body), kwargs, queue=side)
    return result


def mapped(s, kind, name, *args):
    canvas, side = s.mapped(kind, name, *args)
    return canvas.apply_async(queue=side)


def chunked(s):
    canvas, side = s.mapped(chunks, "add", [(1, 1), (2, 2), (3, 3)], 2)
    return canvas.group().apply_async(queue=side)


def sent(make):
    return lambda s: make(s).apply_async()


PRIMITIVES = {
    "delay": sent(lambda s: s.add(1, 2)),
    "retry": sent(lambda s: s.flaky(2)),
    "link": link,
    "link_error": link_error,
    "chain": sent(lambda s: chain(s.add(1, 2), s.mul(10), s.add(4))),
    "group": sent(lambda s: group(s.add(1, 1), s.add(2, 2), s.mul(3, 3))),
    "chord": sent(lambda s: chord([s.add(1, 1), s.mul(2, 2), s.add(3, 3)], s.tsum())),
    "chord in chain": sent(lambda s: chain(s.add(1, 1), chord([s.add(1), s.mul(2)], s.tsum()), s.add(100))),
    "group in chain": sent(lambda s: chain(s.add(1, 1), group(s.add(1), s.mul(2)), s.tsum(), s.mul(100))),
    "group at the end": sent(lambda s: chain(s.add(1, 1), group(s.add(1), s.mul(2)))),
    "nested group": sent(lambda s: chord(group(group(s.add(1, 1), s.add(2, 2)), s.add(3, 3)), s.tsum())),
    "nested chord": sent(lambda s: chord([chord([s.add(1, 1), s.mul(2, 2)], s.tsum()), s.add(5, 5)], s.tsum())),
    "map": lambda s: mapped(s, xmap, "tsum", [[1, 2], [3]]),
    "starmap": lambda s: mapped(s, xstarmap, "add", [(1, 2), (3, 4)]),
    "chunks": chunked,
    "replace": sent(lambda s: chain(s.add(1, 1), s.hand_over(), s.mul(10))),
    "replace in a header": sent(lambda s: chord([s.hand_over(1), s.add(2, 2)], s.tsum())),
    "add_to_chord": sent(lambda s: chord([s.one_more(1), s.add(2, 2)], s.tsum())),
    "ignored member": sent(lambda s: chord([s.add(1, 1).set(ignore_result=True), s.mul(2, 2)], s.tsum())),
    "error in chain": sent(lambda s: chain(s.add(1, 1), s.fail("in chain").set(immutable=True), s.add(1))),
    "error in header": sent(lambda s: chord([s.add(1, 1), s.fail("in header"), s.add(2, 2)], s.tsum())),
    "error in body": sent(lambda s: chord([s.add(1, 1)] * 2, s.fail("in body").set(immutable=True))),
    "chord_unlock": unlock,
}


def outcome(result):
    try:
        return result.get(timeout=TIMEOUT)
    except Exception as error:  # what any step threw
        return f"{type(error).__name__}: {error}"


def run(mixtures, left_out=()):
    sends = {name: send for name, send in PRIMITIVES.items() if name not in left_out}
    results = {mixture: {name: send(Sides(mixture)) for name, send in sends.items()} for mixture in mixtures}
    return {
        mixture: {name: str(outcome(result)).split(" of ")[0] if name == "link_error" else outcome(result) for name, result in row.items()}
        for mixture, row in results.items()
    }
