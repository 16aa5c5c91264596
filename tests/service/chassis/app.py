"""A service of a few lines, to prove what the chassis promises."""

from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from chassis import http
from chassis.auth import Actor, IdentityVerifier, guard
from chassis.db import Database
from chassis.dependencies import ReadTx, Tx
from chassis.errors import Conflict, NotFound
from chassis.idempotency import Idempotent

Writer = Annotated[Actor, Depends(guard("notes:write", roles=["officer"]))]
Reader = Annotated[Actor, Depends(guard("notes:read"))]


class NoteTaken(Conflict):
    """There is such a note already."""

    code = "note-taken"


class NoteNotFound(NotFound):
    """There is no such note."""

    code = "note-not-found"


class NoteNew(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str
    times: int = Field(default=1, le=100)


def create(db: Database, identity: IdentityVerifier) -> FastAPI:
    app = http.create(service="notes", title="notes", description="", version="1", db=db, identity=identity, checks={})

    @app.post("/notes", status_code=201)
    def add_note(actor: Writer, tx: Tx, note: NoteNew, _: Annotated[None, Idempotent] = None) -> dict[str, object]:
        for _time in range(note.times):
            tx.session.execute(text("INSERT INTO notes (text) VALUES (:t)"), {"t": note.text})
        tx.audit("note-added", note.text, {"by": actor.subject})
        return {"text": note.text}

    @app.post("/refused")
    def refuse(actor: Writer, tx: Tx) -> None:
        tx.session.execute(text("INSERT INTO notes (text) VALUES ('refused')"))
        raise NoteTaken("已有同名记录")

    @app.get("/notes")
    def count_notes(actor: Reader, tx: ReadTx, prefix: str = "") -> dict[str, int]:
        found = tx.session.scalar(text("SELECT count(*) FROM notes WHERE text LIKE :p || '%'"), {"p": prefix})
        return {"count": found or 0}

    @app.get("/broken")
    def broken(actor: Reader) -> None:
        raise RuntimeError("secret detail")

    return app
