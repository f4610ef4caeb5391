import os

from flask import Flask
from redis import Redis

app = Flask(__name__)
cache = Redis.from_url(os.environ["REDIS_URL"])


@app.get("/")
def index():
    return f"It works: {cache.incr('visits')} visits\n"
