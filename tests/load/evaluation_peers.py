"""The rules of 创新型中小企业 in openfisca-core and in zen-engine, to be measured beside ours.

Both come from a folder given on the command line and are part of nothing: openfisca-core is AGPL. Neither knows missing
from false, so both are given complete rows, with what concerns entries and titles already decided.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.load.evaluation_people import COUNTS, FLAGS

FIGURES = (
    "revenue_yuan", "rd_expense_yuan", "main_revenue_yuan", "main_revenue_yuan before", "total_liabilities_yuan",
    "total_assets_yuan",
)  # fmt: skip
DECIDED = ("small", "no_accident", "not_barred", "award", "honor", "institution", "equity")


def names() -> list[str]:
    return [*(name.replace(" ", "_") for name in FIGURES), *COUNTS, *FLAGS, "lead_product_in_sei", *DECIDED]


def openfisca(size: int) -> Callable[[dict[str, NDArray[Any]]], NDArray[Any]]:
    """Judges arrays of one population; the tax-benefit system is built once, a simulation for each call."""
    from openfisca_core import entities, periods, simulations, taxbenefitsystems, variables

    person = entities.Entity("person", "persons", "", "")
    system = taxbenefitsystems.TaxBenefitSystem([person])
    always = periods.DateUnit.YEAR

    def variable(name: str, kind: type, formula: Any = None) -> None:
        body: dict[str, Any] = {"value_type": kind, "entity": person, "definition_period": always, "label": name}
        if formula is not None:
            body["formula"] = formula
        system.add_variable(type(name, (variables.Variable,), body))

    for name in names():
        variable(name, float if name.startswith(("revenue", "rd_", "main", "total", "ip_")) else bool)

    def banded(of: Any, edges: tuple[float, ...], points: tuple[int, ...]) -> Any:
        return np.select([of >= edge for edge in edges], points[:-1], points[-1])

    def ip(who: Any, period: Any) -> Any:
        return np.select([who(name, period) >= 1 for name in COUNTS], (20, 15, 10, 5), 0)

    def research(who: Any, period: Any) -> Any:
        share = who("rd_expense_yuan", period) / who("revenue_yuan", period)
        return banded(share, (0.05, 0.03, 0.02, 0.01), (20, 15, 10, 5, 0))

    def growth(who: Any, period: Any) -> Any:
        before = who("main_revenue_yuan_before", period)
        return banded((who("main_revenue_yuan", period) - before) / before, (0.15, 0.1, 0.05, 0), (20, 15, 10, 5, 0))

    def debt(who: Any, period: Any) -> Any:
        share = who("total_liabilities_yuan", period) / who("total_assets_yuan", period)
        return np.select([share <= 0.55, share <= 0.75], (10, 5), 0)

    def sei(who: Any, period: Any) -> Any:
        return np.where(who("lead_product_in_sei", period), 10, 5)

    def main(who: Any, period: Any) -> Any:
        share = who("main_revenue_yuan", period) / who("revenue_yuan", period)
        return banded(share, (0.7, 0.6, 0.55, 0.5), (20, 15, 10, 5, 0))

    for name, formula in {"p1": ip, "p2": research, "p3": growth, "p4": debt, "p5": sei, "p6": main}.items():
        variable(name, int, formula)

    def by_score(who: Any, period: Any) -> Any:
        p1, p2, p3, p4, p5, p6 = (who(f"p{each}", period) for each in range(1, 7))
        return (p1 + p2 + p3 + p4 + p5 + p6 >= 60) & (p1 + p2 >= 20) & (p3 + p4 >= 15) & (p5 + p6 >= 15)

    def direct(who: Any, period: Any) -> Any:
        held = [who(name, period) for name in ("award", "honor", "institution", "equity")]
        return held[0] | held[1] | held[2] | held[3]

    def gates(who: Any, period: Any) -> Any:
        good = who("registered_in_prc", period) & who("legal_person", period)
        bad = who("abnormal_list", period) | who("dishonest_list", period) | who("prohibited_product", period)
        return good & ~bad & who("small", period) & who("no_accident", period) & who("not_barred", period)

    variable("by_score", bool, by_score)
    variable("direct", bool, direct)
    variable("gates", bool, gates)
    variable(
        "verdict",
        bool,
        lambda who, period: who("gates", period) & (who("by_score", period) | who("direct", period)),
    )

    def judge(plain: dict[str, NDArray[Any]]) -> NDArray[Any]:
        simulation = simulations.SimulationBuilder().build_default_simulation(system, count=size)
        for name in names():
            simulation.set_input(name, "2025", plain[name])
        found: NDArray[Any] = simulation.calculate("verdict", "2025")
        return found

    return judge


def zen() -> Callable[[dict[str, Any]], Any]:
    """Judges one row with trace, on the fast path: a static loader and `engine.evaluate`."""
    import zen as peer

    def banded(of: str, edges: tuple[float, ...], points: tuple[int, ...]) -> str:
        text = "".join(f"{of} >= {edge} ? {point} : " for edge, point in zip(edges, points, strict=False))
        return f"{text}{points[-1]}"

    lines = {
        "g1": "registered_in_prc == true and legal_person == true",
        "g2": "small == true",
        "g3": "abnormal_list == false and dishonest_list == false",
        "g4": "prohibited_product == false",
        "g5": "no_accident == true",
        "g7": "not_barred == true",
        "d1": "award == true",
        "d2": "honor == true",
        "d3": "institution == true",
        "d4": "equity == true",
        "p1": "".join(f"{n} >= 1 ? {p} : " for n, p in zip(COUNTS, (20, 15, 10, 5), strict=True)) + "0",
        "p2": banded("rd_expense_yuan / revenue_yuan", (0.05, 0.03, 0.02, 0.01), (20, 15, 10, 5, 0)),
        "p3": banded("main_revenue_yuan / main_revenue_yuan_before", (1.15, 1.1, 1.05, 1), (20, 15, 10, 5, 0)),
        "p4": "total_liabilities_yuan / total_assets_yuan <= 0.55 ? 10 : "
        "total_liabilities_yuan / total_assets_yuan <= 0.75 ? 5 : 0",
        "p5": "lead_product_in_sei == true ? 10 : 5",
        "p6": banded("main_revenue_yuan / revenue_yuan", (0.7, 0.6, 0.55, 0.5), (20, 15, 10, 5, 0)),
        "total": "$.p1 + $.p2 + $.p3 + $.p4 + $.p5 + $.p6",
        "score": "$.total >= 60 and $.p1 + $.p2 >= 20 and $.p3 + $.p4 >= 15 and $.p5 + $.p6 >= 15",
        "direct": "$.d1 or $.d2 or $.d3 or $.d4",
        "verdict": "$.g1 and $.g2 and $.g3 and $.g4 and $.g5 and $.g7 and ($.score or $.direct)",
    }
    content = {
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode", "content": {}, "position": {"x": 0, "y": 0}},
            {
                "id": "rules",
                "name": "rules",
                "type": "expressionNode",
                "position": {"x": 1, "y": 0},
                "content": {
                    "expressions": [{"id": key, "key": key, "value": value} for key, value in lines.items()],
                    "passThrough": False,
                },
            },
            {"id": "out", "name": "out", "type": "outputNode", "content": {}, "position": {"x": 2, "y": 0}},
        ],
        "edges": [
            {"id": "a", "sourceId": "in", "targetId": "rules", "type": "edge"},
            {"id": "b", "sourceId": "rules", "targetId": "out", "type": "edge"},
        ],
    }
    text = json.dumps(content)
    engine = peer.ZenEngine({"loader": lambda _: text})
    return lambda row: engine.evaluate("rules", row, {"trace": True})
