from fastapi import FastAPI

app = FastAPI(title="fastapi")


@app.get("/")
def index() -> dict[str, str]:
    return {"message": "It works"}
