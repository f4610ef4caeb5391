import os

from flask import Flask
from redis import Redis

app = Flask(__name__)
queue = Redis.from_url(os.environ["REDIS_URL"])


@app.get("/")
def index():
    queue.rpush("jobs", "hello")
    return f"It works: {int(queue.get('done') or 0)} jobs are done, {queue.llen('jobs')} wait\n"
