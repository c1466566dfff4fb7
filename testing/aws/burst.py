#!/usr/bin/env python3
"""A burst into a `source`: ten minutes of 1,000 events a second, far above what Step Functions starts in a second.

The numbers are those of the template: the queue's visibility and receives, the starter's retries. Around them stand what AWS
documents: pollers that grow by 300 a minute to 1,250, and StartExecution with a bucket of 800 that fills by 150 a second (the
smaller regions). Every message must start its execution and none be put aside. Needs nothing of AWS and runs in simulated time.

Usage: burst.py RAMPMETER
"""

import heapq
import json
import pathlib
import random
import subprocess
import sys
from collections import deque

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIGURATION = ROOT / "testing/aws/everything/rampmeter.toml"
EVENTS_A_SECOND, SECONDS = 1_000, 600
BUCKET, REFILL = 800, 150
FIRST_POLLERS, MORE_A_MINUTE, MOST_POLLERS = 5, 300, 1_250


def settings(rampmeter):
    command = [rampmeter, "aws", "synth", "--config", str(CONFIGURATION), "--emit", "cfn", "--notation", "json"]
    resources = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["Resources"]
    queue = resources["NightlySource"]["Properties"]
    definition = json.loads(resources["NightlyStarter"]["Properties"]["DefinitionString"])
    retry = definition["States"]["Start the execution"]["Retry"][-1]
    return {
        "visibility": queue["VisibilityTimeout"], "receives": queue["RedrivePolicy"]["maxReceiveCount"],
        "tries": retry["MaxAttempts"], "first": retry["IntervalSeconds"], "rate": retry["BackoffRate"],
        "longest": retry["MaxDelaySeconds"], "retention": queue["MessageRetentionPeriod"],
    }


def burst(settings, seconds=SECONDS):
    """How many started, how many were put aside, and when the last one ended, in seconds."""
    chance = random.Random(7)
    visible, happens, number = deque(), [], 0
    tokens, filled_at, busy, started, aside, sent, now = float(BUCKET), 0.0, 0, 0, 0, 0, 0.0
    total = EVENTS_A_SECOND * seconds
    while started + aside < total:
        # Arrivals and pollers advance a second at a time; retries fall in between.
        while sent < min(total, int((now + 1) * EVENTS_A_SECOND)):
            visible.append((0, now))
            sent += 1
        pollers = min(MOST_POLLERS, FIRST_POLLERS + MORE_A_MINUTE * now / 60)
        while visible and busy < pollers:
            receives, arrived = visible.popleft()
            if receives >= settings["receives"] or now - arrived > settings["retention"]:
                aside += 1
                continue
            busy, number = busy + 1, number + 1
            heapq.heappush(happens, (now + chance.random(), number, 0, receives + 1, now, arrived))
        end = now + 1
        while happens and happens[0][0] < end:
            moment, order, tried, receives, received, arrived = heapq.heappop(happens)
            if tried is None:
                visible.append((receives, arrived))
                continue
            tokens = min(BUCKET, tokens + (moment - filled_at) * REFILL)
            filled_at = moment
            if tokens >= 1:
                tokens, started, busy = tokens - 1, started + 1, busy - 1
            elif tried >= settings["tries"]:
                # The pipe failed: the message is visible again when its visibility timeout ends.
                busy -= 1
                heapq.heappush(happens, (max(moment, received + settings["visibility"]), order, None, receives, received, arrived))
            else:
                most = min(settings["longest"], settings["first"] * settings["rate"] ** tried)
                heapq.heappush(happens, (moment + chance.uniform(0, most), order, tried + 1, receives, received, arrived))
            if busy < pollers and visible:
                break
        else:
            now = end
            continue
        now = max(now, moment)
    return started, aside, now


def main():
    ours = settings(str(pathlib.Path(sys.argv[1]).resolve()))
    started, aside, took = burst(ours)
    print(f"{started + aside} events at {EVENTS_A_SECOND} a second: {started} started, {aside} aside, all in {took / 60:.0f} minutes")
    # The check can fail: two minutes with two retries and five receives.
    _, lost, _ = burst(ours | {"tries": 2, "receives": 5, "visibility": 120}, 120)
    print(f"with two retries and five receives {lost} of {EVENTS_A_SECOND * 120} would lie aside")
    return 0 if aside == 0 and started == EVENTS_A_SECOND * SECONDS and lost > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
