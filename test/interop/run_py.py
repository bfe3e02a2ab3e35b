"""Runs the Python expression given as the only argument with `app`, the tasks and canvas in scope; prints it as JSON."""
import json
import sys

from celery import chain, chord, group
from celery.result import AsyncResult

import tasks_py
from tasks_py import add, app, append, echo, fail, flaky, mul, progress, sleep, tsum, when

scope = dict(globals())


def main():
    source = sys.argv[1]
    *statements, expression = source.strip().split("\n")
    exec("\n".join(statements), scope)
    print(json.dumps(eval(expression, scope), default=repr))


main()
