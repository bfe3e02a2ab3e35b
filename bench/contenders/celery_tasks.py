"""The same two tasks for Python Celery."""
import os
import time

from celery import Celery

app = Celery("bench", broker=os.environ["BENCH_BROKER"], backend=os.environ["BENCH_BACKEND"])


@app.task(name="bench.noop")
def noop():
    return None


@app.task(name="bench.started_at")
def started_at():
    return time.time() * 1000
