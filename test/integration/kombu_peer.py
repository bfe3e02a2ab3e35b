"""What a Python worker does to the broker, reduced to kombu: `kombu_peer.py <url> <visibility timeout> <command> [queue]`.

send     publishes five messages
take     takes five messages, says so and dies without a word
restore  runs kombu's visibility sweep, says which messages came back, and acks them
sweep    runs the sweep and says how many messages are in the queue
"""
import os
import sys

from kombu import Connection, Queue

url, visibility_timeout, command = sys.argv[1:4]
queue = Queue(sys.argv[4] if len(sys.argv) > 4 else "celery", durable=True)
connection = Connection(url, transport_options={"visibility_timeout": float(visibility_timeout)})
channel = connection.channel()
bound = queue(channel)
bound.declare()


def take(count):
    taken = []
    with connection.Consumer(queue, callbacks=[lambda body, message: taken.append(message)], channel=channel):
        while len(taken) < count:
            connection.drain_events(timeout=5)
    return taken


if command == "send":
    producer = connection.Producer(channel)
    for number in range(5):
        headers = {"id": f"py{number}", "task": "tests.echo", "lang": "py"}
        producer.publish([[number], {}, None], routing_key=queue.name, headers=headers, priority=3)
elif command == "take":
    taken = take(5)
    print("took", *[message.headers["id"] for message in taken], flush=True)
    os._exit(0)
elif command == "restore":
    channel.qos.restore_visible(num=None, interval=1)
    for message in take(5):
        flag = message.delivery_info.get("redelivered")
        print("back", message.headers["id"], flag, message.headers["x-delivery-count"] if "x-delivery-count" in message.headers else "-", flush=True)
        message.ack()
elif command == "sweep":
    channel.qos.restore_visible(num=None, interval=1)
    print("left", channel._size(queue.name), flush=True)
connection.release()
