"""What a pack can measure and ask: quantities, and the tests on them. `rulebook.pack` gives these names too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rulebook.dictionary import Fact, RecordField

# -- quantities: what is measured ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ref:
    """A fact in a year: `offset` 0 is t (or the year of application for calendar facts), −1 the year before."""

    fact: Fact
    offset: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """part ÷ whole, each of one year or summed over years; a whole of zero or less has no share (A-07)."""

    part: Ref | Total
    whole: Ref | Total


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth of one fact up to `at` (A-04): `yearly`, or over two years as arithmetic `mean` or `compound`.

    `hte` is the mean with the rules of 195号 for a year of zero and for negative figures (A-05, A-49).
    """

    at: Ref
    manner: str


@dataclass(frozen=True, slots=True)
class Total:
    """Sum or mean of a fact over years; years before that of the date in `since` do not count (A-49)."""

    refs: tuple[Ref, ...]
    mean: bool
    since: Fact | None = None


@dataclass(frozen=True, slots=True)
class DaysSince:
    """Days from a date to the application."""

    fact: Fact


@dataclass(frozen=True, slots=True)
class RecordTotal:
    """Sum of a money field over the entries that match; entries of the running year are shown apart (A-39)."""

    fact: Fact
    amount: RecordField
    where: tuple[Clause, ...]
    window: Window


Measure = Ref | Share | Growth | Total | DaysSince


# -- tests: what must hold ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold: operator, exact value (yuan, fraction or count) and the text as the pack writes it."""

    operator: str
    value: Decimal
    written: str

    @property
    def text(self) -> str:
        sign = {">=": "≥", "<=": "≤", "=": "＝"}.get(self.operator, self.operator)
        return f"{sign}{self.written}"


@dataclass(frozen=True, slots=True)
class Compare:
    measure: Measure
    limit: Limit


@dataclass(frozen=True, slots=True)
class CompareTotal:
    total: RecordTotal
    limit: Limit


@dataclass(frozen=True, slots=True)
class Equals:
    """A boolean or code fact has this value."""

    ref: Ref
    value: str | bool
    text: str


@dataclass(frozen=True, slots=True)
class FieldTest:
    """One field of an entry: one of `codes`, the flag, or within the limit."""

    field: RecordField
    codes: frozenset[str] = frozenset()
    flag: bool | None = None
    limit: Limit | None = None


Clause = tuple[FieldTest, ...]
"""Field tests that must all hold for an entry."""


@dataclass(frozen=True, slots=True)
class Window:
    """When an entry counts: `rolling_days` before the application (A-38), `fiscal_years` complete years (A-03),
    `calendar_years` up to and with the year of application (TS-4), or, with none of them, not yet past on that day."""

    field: RecordField
    rolling_days: int = 0
    fiscal_years: int = 0
    calendar_years: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Entries:
    """Some entry (or, with `forbidden`, no entry) matches; an entry of `review_where` needs a person's judgement."""

    fact: Fact
    forbidden: bool
    where: tuple[Clause, ...]
    review_where: tuple[Clause, ...]
    window: Window | None
    text: str


@dataclass(frozen=True, slots=True)
class Holds:
    """Holds one (or, with `forbidden`, none) of these titles, valid on the day of application.

    With `recorded_only` the ledger is a second source of what another fact already asks: an entry that is not there
    counts as no, even in an incomplete ledger.
    """

    titles: tuple[str, ...]
    forbidden: bool = False
    recorded_only: bool = False


@dataclass(frozen=True, slots=True)
class NoBan:
    """No title was cancelled with a ban on re-application that still runs (A-32, A-50)."""

    titles: tuple[str, ...]
    years: int


INDUSTRY = "industry_code"
SIZE_FACTS = (INDUSTRY, "headcount", "revenue_yuan", "total_assets_yuan")
"""What a size class is found from."""


@dataclass(frozen=True, slots=True)
class SizeIn:
    """The size class is one of these; `facts` are what it is computed from, to be shown beside it."""

    sizes: frozenset[str]
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """An official's finding; none means a person still has to decide."""

    fact: Fact


@dataclass(frozen=True, slots=True)
class AllOf:
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """If the inner test holds, a person decides."""

    test: Test


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """The document names something and gives no rule for it: always for a person, with what is not found."""

    text: str


@dataclass(frozen=True, slots=True)
class InPlan:
    """The plan still runs; after its last day a person confirms that it is still applied (A-17)."""

    until: date


Test = (
    Compare
    | CompareTotal
    | Equals
    | Entries
    | Holds
    | NoBan
    | SizeIn
    | Found
    | AllOf
    | AnyOf
    | Review
    | LeftOpen
    | InPlan
)
