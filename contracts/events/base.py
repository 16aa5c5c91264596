"""The shape of every event: a frozen sentence in the past tense that carries enough that nobody must call back."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """One thing that happened. `type` is the CloudEvents type, `key` orders it and is its CloudEvents subject."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: ClassVar[str]
    type: ClassVar[str]
    keyed_by: ClassVar[str] = "uscc"
    """The field that is the key: the enterprise's 统一社会信用代码 where there is one, else the aggregate's id."""

    @property
    def key(self) -> str:
        """Events of the same key keep their order."""
        return str(getattr(self, self.keyed_by))
