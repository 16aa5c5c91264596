"""What the local run shows of itself: the demonstration's clients, and the summary at the end of a start."""

import json
from typing import Any

from peiyu.api import Client
from peiyu.figures import read_figures
from peiyu.figures import summary as summarise
from peiyu.home import Home
from peiyu.ports import ADDRESS


def written_for(home: Home, port: int) -> bool:
    """Whether the file of demonstration clients is there and names this port."""
    try:
        text = home.demo_clients.read_text(encoding="utf-8")
    except OSError:
        return False
    return f"http://{ADDRESS}:{port}/oauth/token" in text


def summary(home: Home, port: int, seconds: float) -> str:
    """What was loaded, what became of it, and where to look."""
    own = json.loads((home.keys / "installer-client.json").read_text())
    client = Client(port, own["client_id"], own["client_secret"])
    items = client.get("/api/gateway/v1/installation")["items"]
    sample: dict[str, Any] = next((each["value"] for each in items if each["key"] == "sample"), {})
    return summarise(read_figures(client), sample, f"http://{ADDRESS}:{port}", str(home.demo_clients), seconds)
