"""Every refusal that the registry can give."""

from __future__ import annotations

from chassis.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge, Unavailable


class EnterpriseNotFound(NotFound):
    """No enterprise with this credit code is registered."""

    code = "enterprise-not-found"

    def __init__(self, uscc: str) -> None:
        super().__init__(f"没有登记统一社会信用代码为 {uscc} 的企业，请核对代码，或先导入企业名单")


class EnterpriseAlreadyRegistered(Conflict):
    """The credit code is registered already."""

    code = "enterprise-already-registered"


class UsccInvalid(Invalid):
    """The text is not a unified social credit code; `errors[0].code` says why."""

    code = "uscc-invalid"


class EnterpriseInvalid(Invalid):
    """A field of the enterprise is wrong."""

    code = "enterprise-invalid"


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


class ImportNotFound(NotFound):
    """No such import, or it was made for other areas."""

    code = "import-not-found"


class ImportKindUnknown(Invalid):
    """The kind of file is none of enterprises, facts, titles."""

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
