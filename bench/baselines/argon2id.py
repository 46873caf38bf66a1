"""`python -m bench.baselines.argon2id SECONDS`: how many passwords a second the cores can verify, and nothing else.

With the parameters of the auth service, a thread for each core, and the threads' low priority.
"""

import os
import sys
import threading
import time

from auth_service.passwords.hashing import ARGON2ID

_PASSWORD = "correct horse battery staple"
_NICENESS = 10


def verifications_per_second(seconds: float, threads: int) -> float:
    """Verify one password again and again on so many threads; the hashing itself runs without the interpreter lock."""
    password_hash = ARGON2ID.hash(_PASSWORD)
    done = [0] * threads
    start = threading.Barrier(threads + 1)
    deadline = float("inf")

    def verify(number: int) -> None:
        start.wait()
        while time.perf_counter() < deadline:
            ARGON2ID.verify(password_hash, _PASSWORD)
            done[number] += 1

    workers = [threading.Thread(target=verify, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    began = time.perf_counter()
    deadline = began + seconds
    start.wait()
    for worker in workers:
        worker.join()
    return sum(done) / (time.perf_counter() - began)


if __name__ == "__main__":
    os.nice(_NICENESS)
    print(verifications_per_second(float(sys.argv[1]), os.cpu_count() or 1))
