"""Answers what a test asks of Ray Serve, a word a line: a driver, in a process of its own."""

import json
import os
import sys

import ray
from ray import serve

NAME = "adamml"


def num_running():
    """Replicas that take requests."""
    application = serve.status().applications.get(NAME)
    deployments = application.deployments.values() if application else []
    return sum(deployment.replica_states.get("RUNNING", 0) for deployment in deployments)


def delete():
    serve.delete(NAME)


def main():
    # What Ray prints must not come among the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    ray.init(address=sys.argv[1], log_to_driver=False)
    for line in sys.stdin:
        answer = {"num_running": num_running, "delete": delete}[line.strip()]()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
