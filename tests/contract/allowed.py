"""Who may call what, in full: the expectation that the guards of the routes are held against.

Written out on purpose, and not derived from the code: a route that is missing here, or a guard that says otherwise,
fails the tests. Whoever changes a guard changes this table too, where the change can be seen for what it is.
"""

PUBLIC = frozenset(
    """
    registry GET /health/live
    registry GET /health/ready
    registry GET /metrics
    eligibility GET /health/live
    eligibility GET /health/ready
    eligibility GET /metrics
    eligibility GET /api/eligibility/v1/records/jwks.json
    finance GET /health/live
    finance GET /health/ready
    finance GET /metrics
    finance GET /api/finance/v1/whitelist/jwks.json
    notification GET /health/live
    notification GET /health/ready
    notification GET /metrics
    gateway GET /health/live
    gateway GET /health/ready
    gateway GET /metrics
    gateway GET /health
    gateway GET /.well-known/jwks.json
    gateway POST /oauth/token
    gateway GET /
    gateway GET /docs
    gateway GET /openapi.json
    """.strip().split("\n    ")
)
"""What anyone may call: it shows no data. Only the gateway's own are reachable from outside."""

_ARCHIVE = """
    registry GET /api/registry/v1/enterprises
    registry GET /api/registry/v1/enterprises/search
    registry GET /api/registry/v1/enterprises/{uscc}
    registry GET /api/registry/v1/enterprises/{uscc}/history
    registry GET /api/registry/v1/enterprises/{uscc}/facts/history
    registry GET /api/registry/v1/enterprises/{uscc}/reads
    registry GET /api/registry/v1/enterprises/{uscc}/contacts
    registry GET /api/registry/v1/enterprises/{uscc}/profile
    registry GET /api/registry/v1/enterprises/{uscc}/relations
    registry GET /api/registry/v1/enterprises/{uscc}/risk-flags
    registry GET /api/registry/v1/change-rules
    registry GET /api/registry/v1/enterprises/{uscc}/titles/{title_id}
    registry GET /api/registry/v1/titles
    registry GET /api/registry/v1/title-life-cycles
    registry GET /api/registry/v1/item-kinds
    registry GET /api/registry/v1/item-counts
    registry GET /api/registry/v1/items
    registry GET /api/registry/v1/items/{item_id}
    registry GET /api/registry/v1/carriers
    registry GET /api/registry/v1/carriers/{carrier_id}
    registry GET /api/registry/v1/enterprises/{uscc}/parks
    registry GET /api/registry/v1/projects
    registry GET /api/registry/v1/projects/{project_id}
    registry GET /api/registry/v1/cases
    registry GET /api/registry/v1/facts-dictionary
    registry GET /api/registry/v1/templates/{kind}.xlsx
"""
_REQUESTS_SEEN = """
    registry GET /api/registry/v1/change-requests
    registry GET /api/registry/v1/change-requests/{request_id}
"""
_ASKING = """
    registry POST /api/registry/v1/enterprises/{uscc}/change-requests
    registry POST /api/registry/v1/enterprises/{uscc}/change-requests/preview
    registry POST /api/registry/v1/change-requests/{request_id}/withdraw
    registry POST /api/registry/v1/enterprises/{uscc}/contacts
    registry POST /api/registry/v1/enterprises/{uscc}/contacts/{contact_id}/end
"""
_DECIDING = """
    registry POST /api/registry/v1/change-requests/{request_id}/approve
    registry POST /api/registry/v1/change-requests/{request_id}/reject
"""
_POOL = """
    registry GET /api/registry/v1/pool/rules
    registry GET /api/registry/v1/pool/entries
    registry GET /api/registry/v1/pool/proposals
    registry GET /api/registry/v1/pool/seed-lists
    registry GET /api/registry/v1/pool/seed-lists/{list_id}
    registry GET /api/registry/v1/pool/seed-lists/{list_id}/members
"""
_ASSESSMENTS = """
    eligibility GET /api/eligibility/v1/assessments
    eligibility GET /api/eligibility/v1/assessments/{assessment_id}
    eligibility GET /api/eligibility/v1/assessments/{assessment_id}/notice
    eligibility GET /api/eligibility/v1/assessments/{assessment_id}/notice.docx
    eligibility GET /api/eligibility/v1/assessments/{assessment_id}/record
    eligibility GET /api/eligibility/v1/enterprises/{uscc}/assessments
    eligibility GET /api/eligibility/v1/enterprises/{uscc}/history
    eligibility GET /api/eligibility/v1/consistency
    eligibility GET /api/eligibility/v1/findings-requests
    eligibility GET /api/eligibility/v1/findings-requests/{request_id}
    eligibility GET /api/eligibility/v1/statistics
    eligibility GET /api/eligibility/v1/packs
    eligibility GET /api/eligibility/v1/packs/{sha256}
    eligibility GET /api/eligibility/v1/packs/{sha256}/source
    eligibility GET /api/eligibility/v1/packs/{sha256}/outline
    eligibility GET /api/eligibility/v1/packs/{sha256}/differences
    eligibility POST /api/eligibility/v1/gap-plans
    eligibility POST /api/eligibility/v1/what-if
"""
_COHORTS = """
    eligibility GET /api/eligibility/v1/near-misses
    eligibility GET /api/eligibility/v1/simulations
    eligibility GET /api/eligibility/v1/simulations/{simulation_id}
    eligibility GET /api/eligibility/v1/simulations/{simulation_id}/flips
    eligibility GET /api/eligibility/v1/simulations/{simulation_id}/result.xlsx
"""
_FEED = """
    finance GET /api/finance/v1/whitelist/snapshot
    finance HEAD /api/finance/v1/whitelist/snapshot
    finance GET /api/finance/v1/whitelist/manifest
    finance GET /api/finance/v1/whitelist/changes
    finance GET /api/finance/v1/whitelist/segments
    finance GET /api/finance/v1/whitelist/segments/{number}
    finance HEAD /api/finance/v1/whitelist/segments/{number}
"""
_ENTRIES = """
    finance GET /api/finance/v1/whitelist/entries
"""
_CONSENTS = """
    finance GET /api/finance/v1/consents
    finance POST /api/finance/v1/consents
    finance POST /api/finance/v1/consents/{consent_id}/withdraw
"""
_INBOX = """
    notification GET /api/notification/v1/inbox
    notification POST /api/notification/v1/inbox/read-all
    notification POST /api/notification/v1/inbox/{message_id}/read
"""
_COMMISSIONERS = """
    notification GET /api/notification/v1/commissioners
    notification GET /api/notification/v1/commissioners/{code}
    notification GET /api/notification/v1/assignments
    notification GET /api/notification/v1/coverage
    notification GET /api/notification/v1/messages/statistics
"""
_FOLLOWING = """
    registry GET /api/registry/v1/changes
"""
_FACTS = """
    registry PUT /api/registry/v1/enterprises/{uscc}/facts
"""
_RUNNING = """
    eligibility POST /api/eligibility/v1/assessments
    eligibility POST /api/eligibility/v1/batch-runs
    eligibility GET /api/eligibility/v1/batch-runs
    eligibility GET /api/eligibility/v1/batch-runs/{run_id}
"""
_RULES = """
    eligibility POST /api/eligibility/v1/packs
    eligibility PUT /api/eligibility/v1/packs/{sha256}/cases
    eligibility POST /api/eligibility/v1/packs/{sha256}/tests
    eligibility POST /api/eligibility/v1/packs/{sha256}/schedule
    eligibility DELETE /api/eligibility/v1/packs/{sha256}/schedule
    eligibility POST /api/eligibility/v1/packs/{sha256}/retire
    eligibility DELETE /api/eligibility/v1/packs/{sha256}
    eligibility POST /api/eligibility/v1/simulations
"""
_FINDINGS = """
    registry POST /api/registry/v1/enterprises/{uscc}/findings
"""
_OFFICE = """
    registry POST /api/registry/v1/imports
    registry GET /api/registry/v1/imports
    registry GET /api/registry/v1/imports/{import_id}
    registry GET /api/registry/v1/imports/{import_id}/errors
    registry POST /api/registry/v1/pool/entries
    registry POST /api/registry/v1/pool/entries/{entry_id}/move
    registry POST /api/registry/v1/pool/entries/{entry_id}/leave
    registry POST /api/registry/v1/pool/proposals/{proposal_id}/decision
    registry POST /api/registry/v1/pool/seed-lists
    registry POST /api/registry/v1/items
    registry POST /api/registry/v1/items/{item_id}/revoke
    registry POST /api/registry/v1/carriers
    registry PATCH /api/registry/v1/carriers/{carrier_id}
    registry POST /api/registry/v1/projects
    registry PATCH /api/registry/v1/projects/{project_id}
    registry POST /api/registry/v1/cases
    registry GET /api/registry/v1/unresolved-titles
    registry POST /api/registry/v1/unresolved-titles/{row_id}/decision
    registry POST /api/registry/v1/exports
    registry GET /api/registry/v1/exports/{export_id}
    registry GET /api/registry/v1/exports/{export_id}/file
    registry POST /api/registry/v1/enterprises
    registry PATCH /api/registry/v1/enterprises/{uscc}
    registry PUT /api/registry/v1/enterprises/{uscc}/park
    registry GET /api/registry/v1/carriers/{carrier_id}/enterprises
    registry POST /api/registry/v1/enterprises/{uscc}/former-names
    registry POST /api/registry/v1/enterprises/{uscc}/relations
    registry POST /api/registry/v1/enterprises/{uscc}/relations/{relation_id}/end
    registry POST /api/registry/v1/enterprises/{uscc}/risk-flags
    registry POST /api/registry/v1/enterprises/{uscc}/risk-flags/{record_id}/lift
    registry POST /api/registry/v1/enterprises/{uscc}/titles
    registry POST /api/registry/v1/enterprises/{uscc}/titles/{title_id}/cancel
    registry POST /api/registry/v1/enterprises/{uscc}/titles/{title_id}/acts
    notification POST /api/notification/v1/commissioners
    notification PATCH /api/notification/v1/commissioners/{code}
    notification POST /api/notification/v1/assignments
"""
_PROGRAMMES = """
    registry GET /api/registry/v1/programmes
    registry GET /api/registry/v1/programmes/{programme_id}
    registry GET /api/registry/v1/programmes/{programme_id}/tasks
    registry GET /api/registry/v1/programmes/{programme_id}/tasks/{task_id}
    registry GET /api/registry/v1/programmes/{programme_id}/targets
    registry GET /api/registry/v1/programmes/{programme_id}/targets/{target_id}
    registry GET /api/registry/v1/programmes/{programme_id}/targets/{target_id}/enterprises
    registry GET /api/registry/v1/programmes/{programme_id}/targets/{target_id}/entries
    registry GET /api/registry/v1/programmes/{programme_id}/targets/{target_id}/figures
    registry GET /api/registry/v1/programmes/{programme_id}/members
    registry GET /api/registry/v1/programmes/{programme_id}/ledger
    registry GET /api/registry/v1/programmes/{programme_id}/tasks/{task_id}/periods/{period}
    registry GET /api/registry/v1/programmes/{programme_id}/targets/{target_id}/assignments
    registry GET /api/registry/v1/programmes/{programme_id}/assignments
    registry GET /api/registry/v1/programmes/{programme_id}/report
    registry GET /api/registry/v1/programmes/{programme_id}/scorecard
    registry GET /api/registry/v1/programmes/{programme_id}/ranking
    registry GET /api/registry/v1/programmes/{programme_id}/bulletins
    registry GET /api/registry/v1/programmes/{programme_id}/bulletins/{bulletin_id}
    registry GET /api/registry/v1/programmes/{programme_id}/bulletins/{bulletin_id}/file
"""
_REPORTING = """
    registry POST /api/registry/v1/programmes/{programme_id}/tasks/{task_id}/periods/{period}/reports
"""
_PLANNING = """
    registry POST /api/registry/v1/programmes
    registry GET /api/registry/v1/programmes/{programme_id}/versions/{sha256}/source
    registry POST /api/registry/v1/programmes/{programme_id}/versions/{sha256}/activate
    registry POST /api/registry/v1/programmes/{programme_id}/versions/{sha256}/retire
    registry DELETE /api/registry/v1/programmes/{programme_id}/versions/{sha256}
    registry POST /api/registry/v1/programmes/{programme_id}/targets/{target_id}/figures
    registry POST /api/registry/v1/programmes/{programme_id}/targets/{target_id}/figures/{figure_id}/corrections
    registry PUT /api/registry/v1/programmes/{programme_id}/members/{uscc}
    registry PUT /api/registry/v1/programmes/{programme_id}/tasks/{task_id}/periods/{period}
    registry POST /api/registry/v1/programmes/{programme_id}/tasks/{task_id}/periods/{period}/reports/{report_id}/decision
    registry PUT /api/registry/v1/programmes/{programme_id}/targets/{target_id}/assignments
    registry PUT /api/registry/v1/programmes/{programme_id}/scorecard
    registry POST /api/registry/v1/programmes/{programme_id}/bulletins
    registry POST /api/registry/v1/programmes/{programme_id}/bulletins/{bulletin_id}/steps
    registry POST /api/registry/v1/programmes/{programme_id}/bulletins/{bulletin_id}/issue
"""  # noqa: E501 - a route is one line
_ADMINISTRATION = """
    gateway POST /api/gateway/v1/clients
    gateway GET /api/gateway/v1/clients
    gateway GET /api/gateway/v1/clients/{client_id}
    gateway PATCH /api/gateway/v1/clients/{client_id}
    gateway DELETE /api/gateway/v1/clients/{client_id}
    gateway POST /api/gateway/v1/clients/{client_id}/secrets
    gateway POST /api/gateway/v1/clients/{client_id}/disable
    gateway POST /api/gateway/v1/clients/{client_id}/enable
    gateway GET /api/gateway/v1/clients/{client_id}/usage
    gateway GET /api/gateway/v1/installation
"""
_INSTALLING = """
    gateway PUT /api/gateway/v1/installation/{key}
"""


def _routes(*groups: str) -> frozenset[str]:
    return frozenset(line.strip() for group in groups for line in group.strip().split("\n"))


ALLOWED: dict[str, frozenset[str]] = {
    "officer": _routes(
        _ARCHIVE, _ASSESSMENTS, _COHORTS, _FEED, _ENTRIES, _CONSENTS, _COMMISSIONERS, _FOLLOWING, _FACTS, _RUNNING,
        _RULES, _FINDINGS, _OFFICE, _PROGRAMMES, _PLANNING, _REPORTING, _POOL, _REQUESTS_SEEN, _ASKING, _DECIDING,
    ),
    "platform": _routes(_ARCHIVE, _ASSESSMENTS, _COHORTS, _FEED, _ENTRIES, _FOLLOWING, _FACTS, _RUNNING, _PROGRAMMES),
    "bank": _routes(_FEED),
    "commissioner": _routes(_ARCHIVE, _ASSESSMENTS, _COHORTS, _INBOX, _POOL),
    "enterprise": _routes(_ARCHIVE, _ASSESSMENTS, _CONSENTS, _REQUESTS_SEEN, _ASKING),
    "department": _routes(_ARCHIVE, _PROGRAMMES, _REPORTING),
    "leader": _routes(
        _ARCHIVE, _ASSESSMENTS, _COHORTS, _FEED, _ENTRIES, _COMMISSIONERS, _PROGRAMMES, _POOL, _REQUESTS_SEEN,
    ),
    "admin": _routes(_ADMINISTRATION),
    "system": _routes(
        _ARCHIVE, _ASSESSMENTS, _COHORTS, _FEED, _ENTRIES, _CONSENTS, _COMMISSIONERS, _FOLLOWING, _FACTS, _RUNNING,
        _RULES, _OFFICE, _PROGRAMMES, _PLANNING, _REPORTING, _ADMINISTRATION, _INSTALLING, _POOL,
        _REQUESTS_SEEN, _ASKING, _DECIDING,
    ),
}  # fmt: skip
"""Role → what it may call with every scope it can be granted. Which enterprises it then sees is the areas' matter."""
