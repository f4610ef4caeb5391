import os

from redis import Redis

queue = Redis.from_url(os.environ["REDIS_URL"])
print("waiting for jobs", flush=True)
while True:
    _, job = queue.blpop("jobs")
    print("done:", job.decode(), flush=True)
    queue.incr("done")
