"""The facts dictionary: the language that all services and callers share."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from chassis import etags
from chassis.http import Route
from rulebook.dictionary import SOURCE_KINDS, Fact, Shape
from rulebook.units import plain_decimal
from rulebook.values import expectation
from services.registry.api.access import Reader
from services.registry.api.schemas import Coded
from services.registry.api.state import Known

router = APIRouter(prefix="/facts-dictionary", tags=["facts"], route_class=Route)


class ShapeOut(BaseModel):
    """What a value looks like."""

    label: str
    type: str
    unit: str | None
    minimum: str | None
    maximum: str | None
    allowed: list[Coded]


class FieldOut(ShapeOut):
    """A field of a fact of type records."""

    name: str
    required: bool


class FactDefinition(ShapeOut):
    """One fact of the dictionary."""

    id: str
    label_en: str
    description: str
    section: str
    period: str = Field(description="fiscal_year | point")
    year_of: str = Field(description="fiscal | calendar: which year a yearly fact is kept under")
    fields: list[FieldOut]
    evidence: list[str]
    sources: list[Coded]
    aliases: list[str] = Field(description="headers by which imports know it")
    expected: str = Field(description="what a cell should hold")


class DictionaryOut(BaseModel):
    """Every fact, in the order of the official form."""

    sha256: str
    facts: list[FactDefinition]


@router.get("", response_model=DictionaryOut)
def get_facts_dictionary(
    request: Request, response: Response, actor: Reader, knowledge: Known
) -> DictionaryOut | Response:
    """The facts dictionary (指标字典)."""
    etag = etags.quoted(knowledge.dictionary_hash[:32])
    response.headers["ETag"] = etag
    return etags.not_modified(request, etag) or DictionaryOut(
        sha256=knowledge.dictionary_hash, facts=[_fact(fact) for fact in knowledge.dictionary]
    )


def _fact(fact: Fact) -> FactDefinition:
    return FactDefinition(
        **_shape(fact),
        id=fact.id,
        label_en=fact.label_en,
        description=fact.description,
        section=fact.section,
        period=fact.period,
        year_of=fact.year_of,
        fields=[FieldOut(**_shape(each), name=each.name, required=each.required) for each in fact.fields],
        evidence=list(fact.evidence),
        sources=[Coded(code=kind, label=SOURCE_KINDS[kind]) for kind in fact.sources],
        aliases=list(fact.aliases),
        expected=expectation(fact),
    )


def _shape(shape: Shape) -> dict[str, object]:
    return {
        "label": shape.label,
        "type": shape.type,
        "unit": shape.unit,
        "minimum": None if shape.minimum is None else plain_decimal(shape.minimum),
        "maximum": None if shape.maximum is None else plain_decimal(shape.maximum),
        "allowed": [Coded(code=each.code, label=each.label) for each in shape.allowed],
    }
