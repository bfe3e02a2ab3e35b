"""The Python sender of matrix.test.ts: the same canvases as there, made of Python's own objects."""
import re
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


def followed(make, *steps):
    """A canvas, and what is linked to it: its steps in a row, the last of them looked at."""

    def send(s):
        canvas = make(s)
        last, result = watched(getattr(s, steps[-1][0])(*steps[-1][1:]))
        for name, *args in reversed(steps[:-1]):
            before = getattr(s, name)(*args)
            before.link(last)
            last = before
        canvas.link(last)
        canvas.apply_async()
        return result

    return send


def told(make):
    """A canvas that fails, and what its errback tells."""

    def send(s):
        canvas = make(s)
        errback, result = watched(s.told())
        canvas.link_error(errback)
        canvas.apply_async()
        return result

    return send


def partial(s):
    greet = s.greet()
    greet.kwargs = {"greeting": "hi"}
    return greet.apply_async(("bob",))


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


def queued(canvas, side):
    return canvas.set(queue=side)


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
    "partial": partial,
    "immutable": sent(lambda s: chain(s.add(1, 1), s.add(5, 5).set(immutable=True), s.mul(2))),
    "link in link": followed(lambda s: s.add(1, 2), ("mul", 10), ("add", 5)),
    "link on a chain": followed(lambda s: chain(s.add(1, 1), s.mul(2)), ("add", 10)),
    "link on a chord": followed(lambda s: chord([s.add(1, 1), s.add(2, 2)], s.tsum()), ("mul", 10)),
    "link on a group": followed(lambda s: group(s.add(1, 1), s.add(2, 2)), ("add", 5, 5)),
    "link_error on a chain": told(lambda s: chain(s.add(1, 1), s.fail("x").set(immutable=True), s.add(1))),
    "link_error on a chord": told(lambda s: chord([s.add(1, 1), s.fail("x")], s.tsum())),
    "link_error on a group": told(lambda s: group(s.add(1, 1), s.fail("x"))),
    "group of chains": sent(lambda s: group(chain(s.add(1, 1), s.add(2)), chain(s.mul(3, 3), s.mul(2)))),
    "groups in a group in chain": sent(lambda s: chain(s.add(1, 1), group(group(s.add(1), s.add(2)), s.add(3)), s.tsum())),
    "groups in a row": sent(lambda s: chain(group(s.add(1, 1), s.add(2, 2)), group(s.tsum(), s.tsum()))),
    "chord of chains": sent(lambda s: chord([chain(s.add(1, 1), s.add(2)), chain(s.mul(2, 2), s.mul(3))], s.tsum())),
    "chords in a row": sent(lambda s: chain(s.add(1, 1), chord([s.add(1), s.add(2)], s.tsum()), chord([s.mul(2), s.mul(3)], s.tsum()))),
    "chain in a body": sent(lambda s: chord([s.add(1, 1), s.add(2, 2)], chain(s.tsum(), s.mul(10)))),
    "group in a body": sent(lambda s: chord([s.add(1, 1), s.add(2, 2)], group(s.tsum(), s.tsum()))),
    "chord in a body": sent(lambda s: chord([s.add(1, 1), s.add(2, 2)], chain(s.tsum(), chord([s.add(1), s.add(2)], s.tsum())))),
    "header of one": sent(lambda s: chord([s.add(1, 1)], s.tsum())),
    "empty header": sent(lambda s: chord([], s.tsum())),
    "map in chain": lambda s: chain(queued(*s.mapped(xmap, "tsum", [[1, 2], [3]])), s.tsum()).apply_async(),
    "replace by a group": sent(lambda s: chain(s.add(1, 1), s.spread(), s.tsum())),
    "replace by a chord": sent(lambda s: chain(s.add(1, 1), s.join_up(), s.mul(10))),
    "replace twice": sent(lambda s: chain(s.add(1, 1), s.pass_on(), s.mul(10))),
    "replace in a body": sent(lambda s: chord([s.add(1, 1), s.add(2, 2)], chain(s.tsum(), s.hand_over()))),
    "replace in a nested header": sent(lambda s: chord([chord([s.hand_over(1), s.add(1, 1)], s.tsum()), s.add(2, 2)], s.tsum())),
    "error in group": sent(lambda s: group(s.add(1, 1), s.fail("in group"))),
    "error in group in chain": sent(lambda s: chain(s.add(1, 1), group(s.fail("in group").set(immutable=True), s.add(1)), s.tsum())),
    "error in a nested header": sent(lambda s: chord([chord([s.fail("nested"), s.add(1, 1)], s.tsum()), s.add(2, 2)], s.tsum())),
    "error before a chord": sent(lambda s: chain(s.fail("before"), chord([s.add(1), s.add(2)], s.tsum()))),
    "error in a replacement": sent(lambda s: chain(s.add(1, 1), s.break_down(), s.add(1))),
}


def outcome(result):
    try:
        return result.get(timeout=TIMEOUT)
    except Exception as error:  # what any step threw
        return re.sub("[-0-9a-f]{36}", "ID", f"{type(error).__name__}: {error}")


def shown(value):
    """What an errback tells, without the id."""
    return "told" if str(value).startswith("told of ") else value


def run(mixtures, left_out=()):
    sends = {name: send for name, send in PRIMITIVES.items() if name not in left_out}
    results = {mixture: {name: send(Sides(mixture)) for name, send in sends.items()} for mixture in mixtures}
    return {
        mixture: {name: shown(outcome(result)) for name, result in row.items()}
        for mixture, row in results.items()
    }


def stamped(mixtures):
    """What stamped tasks see: members of a group, the end of a chain, the body of a chord."""

    def stamps(s):
        return s.stamps().set(immutable=True)

    def canvases(s):
        yield group(stamps(s), stamps(s))
        yield chain(s.add(1, 1), stamps(s))
        yield chain(group(s.add(1, 1), s.add(1, 1)), stamps(s))

    def send(canvas):
        canvas.stamp(tenant="x")
        return canvas.apply_async()

    sent = [[send(canvas) for canvas in canvases(Sides(mixture))] for mixture in mixtures]
    return [[outcome(result) for result in row] for row in sent]
