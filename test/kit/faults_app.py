"""The Python side of the fault tests: tasks of faults-app.ts, writing into the same books."""
import json
import os
import sqlite3
import time

from celery import Celery

app = Celery("faults", broker=os.environ["BROKER_URL"], backend=os.environ["RESULT_BACKEND"])
app.conf.update(json.loads(os.environ["PY_CONF"]))


def write(kind, task_id):
    with sqlite3.connect(os.environ["LEDGER"], timeout=10) as db:
        db.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", (kind, task_id, time.time() * 1000, os.getpid()))
    db.close()


def run(task_id, ms):
    write("began", task_id)
    time.sleep(ms / 1000)
    write("ended", task_id)
    return task_id


app.task(run, name="f.early")
app.task(run, name="f.late", acks_late=True)
