"""What an uploaded file is, told by its content; what is refused before anything is stored."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib

from services.registry.domain.errors import FileHasMacros, FileNotReadable, FileTooLarge
from services.registry.domain.sheet_extent import SheetExtent

XLSX = "xlsx"
CSV = "csv"
ENCODINGS = ("utf-8-sig", "gb18030")
"""GB 18030 contains GBK, which Chinese Excel writes when asked for CSV."""

_OLE = b"\xd0\xcf\x11\xe0"
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_CHUNK = 1 << 20
_MOST_ENTRIES = 5000
_LOCAL_HEADER = 30


def inspect(content: bytes, *, max_bytes: int, max_unpacked_bytes: int) -> str:
    """`xlsx` or `csv`; raises when it is neither, has macros or is too large, also when unpacked."""
    if len(content) > max_bytes:
        raise FileTooLarge(f"文件超过 {max_bytes // (1 << 20)} MiB，请拆分后分次导入", limit_bytes=max_bytes)
    if not content.strip():
        raise FileNotReadable("文件是空的，请选择有内容的 xlsx 或 csv 文件")
    if content.startswith(_OLE):
        raise FileNotReadable("这是旧版 xls 文件或加密的工作簿，请在 Excel 中另存为未加密的 xlsx 后上传")
    if content.startswith(b"PK"):
        _inspect_workbook(content, max_unpacked_bytes)
        return XLSX
    encoding_of(content)
    return CSV


def encoding_of(content: bytes) -> str:
    """The encoding of a csv file; raises FileNotReadable when the content is no text."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileNotReadable("文件是 UTF-16 编码，请另存为“CSV UTF-8（逗号分隔）”或 xlsx 后上传")
    if content.lstrip()[:1] == b"<":
        raise FileNotReadable("这是网页或 XML 格式的表格，请在 Excel 中另存为 xlsx 后上传")
    if _CONTROLS.search(content):
        raise FileNotReadable("文件内容不是 xlsx 也不是 csv，请上传 Excel 工作簿（xlsx）或逗号分隔的文本（csv）")
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for start in range(0, len(content), _CHUNK):
                decoder.decode(content[start : start + _CHUNK])
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise FileNotReadable("无法识别文件的文字编码，请另存为“CSV UTF-8（逗号分隔）”或 xlsx 后上传")


def _inspect_workbook(content: bytes, max_unpacked_bytes: int) -> None:
    try:
        entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:  # the last: a version of zip it cannot read
        raise FileNotReadable("工作簿已损坏，请在 Excel 中打开并另存后重新上传") from error
    names = {entry.filename for entry in entries}
    if len(entries) > _MOST_ENTRIES:
        raise FileTooLarge("工作簿内的部件过多，请只保留要导入的工作表后另存")
    if any(name.endswith("vbaProject.bin") or "/macrosheets/" in name for name in names):
        raise FileHasMacros("工作簿含有宏，请另存为不含宏的 xlsx 后上传")
    if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
        raise FileNotReadable("文件不是 xlsx 工作簿，请在 Excel 或 WPS 中另存为 xlsx 后上传")
    left = max_unpacked_bytes
    for entry in entries:
        left -= _unpacked(content, entry, left)
        if left < 0:
            limit = max_unpacked_bytes // (1 << 20)
            raise FileTooLarge(f"工作簿解压后超过 {limit} MiB，请删去无关的工作表和格式，或拆分后导入")


def _unpacked(content: bytes, entry: zipfile.ZipInfo, most: int) -> int:
    """The real unpacked size, counted up to `most`: what the entry declares may be a lie.

    Every part is looked through for cells that reach too far: which parts are worksheets is up to the workbook.
    """
    start = entry.header_offset
    header = content[start : start + _LOCAL_HEADER]
    if len(header) < _LOCAL_HEADER or entry.flag_bits & 0x1 or entry.compress_type not in (0, 8):
        raise FileNotReadable("工作簿已损坏、加密或使用了不支持的压缩方式，请在 Excel 中另存后重新上传")
    start += _LOCAL_HEADER + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    packed = memoryview(content)[start : start + entry.compress_size]
    extent = SheetExtent()
    if entry.compress_type == 0:
        for at in range(0, min(len(packed), most), _CHUNK):
            extent.feed(bytes(packed[at : at + _CHUNK]))
        extent.end()
        return len(packed)
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    rest: bytes | memoryview = packed
    try:
        while len(rest) and not inflating.eof and total <= most:
            chunk = inflating.decompress(rest, _CHUNK)
            total += len(chunk)
            extent.feed(chunk)
            rest = inflating.unconsumed_tail
    except zlib.error as error:
        raise FileNotReadable("工作簿已损坏，请在 Excel 中打开并另存后重新上传") from error
    extent.end()
    return total
