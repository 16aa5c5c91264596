"""A new client."""

from __future__ import annotations

from chassis.db import Transaction
from gateway.domain.clients import Attributes, checked
from gateway.domain.errors import ClientTaken, SystemClientReserved
from gateway.domain.roles import SYSTEM
from gateway.store.repositories import Clients
from gateway.store.tables import ClientRow


def create_client(tx: Transaction, client_id: str, attributes: Attributes, *, secret: str) -> ClientRow:
    """Register a client with its first secret, of which only the hash is kept."""
    attributes = checked(attributes)
    if attributes.role == SYSTEM:
        raise SystemClientReserved("安装程序专用的客户端只能由安装程序创建")
    clients = Clients(tx)
    clients.announce()  # first, because its lock makes two creations of one id queue up
    if clients.known(client_id):
        raise ClientTaken(f"客户端标识“{client_id}”已被使用，请换一个；如密钥遗失，请为原客户端更换密钥")
    row = clients.add(client_id, attributes, secret)
    tx.audit("client-created", client_id, {"role": attributes.role, "scopes": sorted(attributes.scopes)})
    return row
