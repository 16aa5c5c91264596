"""Every refusal that the registry can give."""

from __future__ import annotations

from chassis.errors import Conflict, Forbidden, Gone, Invalid, NotFound, TooLarge, Unavailable


class EnterpriseNotFound(NotFound):
    """No enterprise with this credit code is registered."""

    code = "enterprise-not-found"

    def __init__(self, uscc: str) -> None:
        super().__init__(f"没有登记统一社会信用代码为 {uscc} 的企业，请核对代码，或先导入企业名单")


class EnterpriseDissolved(Gone):
    """The enterprise was merged or divided; `successors` are the codes of those who carry on."""

    code = "enterprise-dissolved"


class EnterpriseAlreadyRegistered(Conflict):
    """The credit code is registered already."""

    code = "enterprise-already-registered"


class UsccInvalid(Invalid):
    """The text is not a unified social credit code; `errors[0].code` says why."""

    code = "uscc-invalid"


class EnterpriseInvalid(Invalid):
    """A field of the enterprise is wrong."""

    code = "enterprise-invalid"


class DayAhead(Invalid):
    """A figure is asked for as of a day that has not come."""

    code = "day-ahead"


class FactsInvalid(Invalid):
    """At least one fact is unknown, malformed, of the wrong period or from a source that may not state it."""

    code = "facts-invalid"


class FindingInvalid(Invalid):
    """The finding is not in the dictionary, or its decision is incomplete."""

    code = "finding-invalid"


class TitleInvalid(Invalid):
    """The title record is incomplete or contradicts itself."""

    code = "title-invalid"


class TitleNotFound(NotFound):
    """This enterprise has no such title record."""

    code = "title-not-found"


class TitleAlreadyRecorded(Conflict):
    """The same act is in the ledger, word for word."""

    code = "title-already-recorded"


class TitleAlreadyCancelled(Conflict):
    """The title record is cancelled; a cancelled title is not revived by recording it again."""

    code = "title-already-cancelled"


class TitleActInvalid(Invalid):
    """An act on a title lacks its document, or its dates are not possible."""

    code = "title-act-invalid"


class TitleActRefused(Conflict):
    """The title's process does not allow the act in the stage that the title is in."""

    code = "title-act-refused"


class UnresolvedTitleNotFound(NotFound):
    """No such row of a list waits for a decision, or it was imported for other areas."""

    code = "unresolved-title-not-found"


class UnresolvedTitleDecided(Conflict):
    """Of this row it was decided before whom it means."""

    code = "unresolved-title-decided"


class UnresolvedTitleInvalid(Invalid):
    """The decision does not say whom the row means, or the ledger cannot take the row for that enterprise."""

    code = "unresolved-title-invalid"


class ItemInvalid(Invalid):
    """A certified item, its carrier, a project or a case is incomplete or contradicts itself."""

    code = "item-invalid"


class ItemNotFound(NotFound):
    """No such certified item, or it lies outside the caller's areas."""

    code = "item-not-found"


class ItemAlreadyRecorded(Conflict):
    """The same item is on file, word for word."""

    code = "item-already-recorded"


class ItemRevoked(Conflict):
    """The item was revoked; it is not revived by recording it again."""

    code = "item-revoked"


class ParkInvalid(Invalid):
    """The enterprise cannot be in this park, or not since that day."""

    code = "park-invalid"


class CarrierNotFound(NotFound):
    """No such carrier, or it lies outside the caller's areas."""

    code = "carrier-not-found"


class CarrierAlreadyRecorded(Conflict):
    """A carrier of this kind and name is registered in the district."""

    code = "carrier-already-recorded"


class ProjectNotFound(NotFound):
    """No such project, or it lies outside the caller's areas."""

    code = "project-not-found"


class ProjectAlreadyRecorded(Conflict):
    """The pool of this level has a project with this number."""

    code = "project-already-recorded"


class CaseAlreadyRecorded(Conflict):
    """A case of this title was published at this level before."""

    code = "case-already-recorded"


class PoolInvalid(Invalid):
    """An entry, an exit, a decision or a seed list of the pool is incomplete or contradicts itself."""

    code = "pool-invalid"


class PoolEntryNotFound(NotFound):
    """No such entry of the pool, or it lies outside the caller's areas."""

    code = "pool-entry-not-found"


class AlreadyInPool(Conflict):
    """The enterprise is in this pool; it can be moved to another tier, or leave."""

    code = "already-in-pool"


class NotInPool(Conflict):
    """The enterprise is not, or no longer, in this pool."""

    code = "not-in-pool"


class PoolProposalNotFound(NotFound):
    """No such proposal, or it lies outside the caller's areas."""

    code = "pool-proposal-not-found"


class PoolProposalDecided(Conflict):
    """The proposal was accepted, refused or withdrawn before."""

    code = "pool-proposal-decided"


class SeedListNotFound(NotFound):
    """No such seed list, or it lies outside the caller's areas."""

    code = "seed-list-not-found"


class SeedListFrozen(Conflict):
    """The seed list of this year, area and pool is frozen already; a frozen list does not change."""

    code = "seed-list-frozen"


class ImportNotFound(NotFound):
    """No such import, or it was made for other areas."""

    code = "import-not-found"


class ImportKindUnknown(Invalid):
    """The kind of file is none of enterprises, facts, titles, items."""

    code = "import-kind-unknown"


class FileNotReadable(Invalid):
    """The file is neither xlsx nor csv by its content, or is damaged or locked."""

    code = "file-not-readable"


class FileHasMacros(Invalid):
    """The workbook holds macros."""

    code = "file-has-macros"


class FileTooLarge(TooLarge):
    """The file exceeds the limit of bytes, rows or unpacked size."""

    code = "file-too-large"


class TemplateNotFound(NotFound):
    """There is a template for each kind of import only."""

    code = "template-not-found"


class OwnEnterpriseOnly(Forbidden):
    """An enterprise's client sees its own file only."""

    code = "own-enterprise-only"


class ReferenceMissing(Unavailable):
    """The tables of districts and industries are not loaded."""

    code = "reference-missing"


class ChangesPositionAhead(Conflict):
    """The position lies beyond the end of the feed: it was never given out by it."""

    code = "changes-position-ahead"


class ExportNotFound(NotFound):
    """No such export, or it was made for other areas, or it has been cleared away."""

    code = "export-not-found"


class ExportNotFinished(Conflict):
    """The file is not written yet, or could not be."""

    code = "export-not-finished"


class ExportTooLarge(TooLarge):
    """The list has more enterprises than one file may hold."""

    code = "export-too-large"
