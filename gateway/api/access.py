"""Who may call the gateway's own administration."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from chassis.auth import Actor, guard

Administrator = Annotated[Actor, Depends(guard("clients:admin", roles=["admin", "system"]))]
Installer = Annotated[Actor, Depends(guard("installation:write", roles=["system"]))]
