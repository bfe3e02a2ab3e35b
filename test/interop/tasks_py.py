"""The Python side of the interoperability tests: an ordinary Celery app, nothing special about it."""
import json
import os
import time

from celery import Celery, chain, chord, group
from celery.backends.base import BaseKeyValueStoreBackend
from kombu.common import Broadcast

app = Celery("tasks_py", broker=os.environ["BROKER_URL"], backend=os.environ["RESULT_BACKEND"])
app.conf.update(
    task_track_started=True,
    broker_connection_retry_on_startup=True,
    task_default_queue=os.environ.get("PY_QUEUE", "celery"),
)
conf = json.loads(os.environ.get("PY_CONF", "{}"))
if "broadcast" in conf:
    app.conf.task_queues = (Broadcast(conf.pop("broadcast")),)
app.conf.update(conf)
prefix = conf.get("result_backend_transport_options", {}).get("global_keyprefix", "")
if prefix and not hasattr(BaseKeyValueStoreBackend, "_add_global_keyprefix"):
    # Celery 5.2 does not read the setting yet: the keys of its successors, without a separator to add.
    for key in ("task_keyprefix", "group_keyprefix", "chord_keyprefix"):
        setattr(BaseKeyValueStoreBackend, key, prefix + getattr(BaseKeyValueStoreBackend, key))


class Quota(Exception):
    """An exception of a user."""


@app.task(name="py.add")
def add(x, y):
    return x + y


@app.task(name="py.mul")
def mul(x, y):
    return x * y


@app.task(name="py.tsum")
def tsum(numbers):
    return sum(numbers)


@app.task(name="py.echo")
def echo(*args, **kwargs):
    return {"args": args, "kwargs": kwargs}


@app.task(name="py.fail")
def fail(text):
    raise ValueError(text)


@app.task(name="py.sleep")
def sleep(seconds):
    time.sleep(seconds)
    return "slept"


@app.task(name="py.flaky", bind=True, max_retries=3)
def flaky(self, failures):
    if self.request.retries < failures:
        raise self.retry(exc=KeyError("not yet"), countdown=0.1)
    return self.request.retries


@app.task(name="py.progress", bind=True)
def progress(self, steps):
    for step in range(steps):
        self.update_state(state="PROGRESS", meta={"current": step + 1, "total": steps})
        time.sleep(0.2)
    return "done"


@app.task(name="py.append")
def append(path, text):
    with open(path, "a", encoding="utf-8") as out:
        out.write(f"{text}\n")
    return text


@app.task(name="py.when")
def when():
    return time.time()


@app.task(name="py.told")
def told(task_id):
    return "told of %s" % task_id


@app.task(name="py.hand_over", bind=True)
def hand_over(self, x):
    raise self.replace(
        chain(app.signature("ts.add", (x, 1), queue="ts"), app.signature("py.add", (5,), queue="py"))
    )


@app.task(name="py.one_more", bind=True)
def one_more(self, x):
    self.add_to_chord(app.signature("ts.add", (x, 100), queue="ts"))
    return x


@app.task(name="py.greet")
def greet(name, greeting):
    return f"{greeting} {name}"


@app.task(name="py.stamps", bind=True)
def stamps(self):
    return getattr(self.request, "stamps", None)


@app.task(name="py.spread", bind=True)
def spread(self, x):
    raise self.replace(
        group(app.signature("ts.add", (x, 1), queue="ts"), app.signature("py.add", (x, 2), queue="py"))
    )


@app.task(name="py.join_up", bind=True)
def join_up(self, x):
    header = [app.signature("ts.add", (x, 1), queue="ts"), app.signature("py.add", (x, 2), queue="py")]
    raise self.replace(chord(header, app.signature("ts.tsum", queue="ts")))


@app.task(name="py.pass_on", bind=True)
def pass_on(self, x):
    raise self.replace(app.signature("ts.hand_over", (x,), queue="ts"))


@app.task(name="py.break_down", bind=True)
def break_down(self, x):
    raise self.replace(app.signature("ts.fail", ("in a replacement",), queue="ts"))
