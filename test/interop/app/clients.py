"""Clients for tests: a server that has loaded Celery, which takes longer than most of them, and forks for each.

It prints its port. A connection brings one line of JSON, {"environment": {"BROKER": ...}, "steps": [...]}, and gets {"outcomes": [...]} or
{"error": traceback}.
"""

import json
import os
import socketserver
import traceback

import amqp
import celery.app.amqp
import celery.app.control
import celery.app.events
import celery.backends.redis
import celery.backends.rpc
import celery.canvas
import kombu.transport.pyamqp
import kombu.transport.redis


class Client(socketserver.StreamRequestHandler):
    def handle(self):
        asked = json.loads(self.rfile.readline())
        os.environ.update(asked["environment"])
        try:
            # Here and not above: the app takes its settings from the environment.
            from client import run

            answer = {"outcomes": run(asked["steps"])}
        except Exception:
            answer = {"error": traceback.format_exc()}
        self.wfile.write(json.dumps(answer, default=repr).encode())


class Clients(socketserver.ForkingTCPServer):
    max_children = 100


with Clients(("127.0.0.1", 0), Client) as clients:
    print(f"port {clients.server_address[1]}", flush=True)
    clients.serve_forever()
