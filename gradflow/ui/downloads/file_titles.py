"""Title and description in a picture's own fields, where programs and search engines look."""

from __future__ import annotations

import re
import struct
import zlib
from html import escape


def titled(data: bytes, format_: str, title: str, description: str) -> bytes:
    """A picture with a title and a description of its own.

    Parameters
    ----------
    data : bytes
        The picture.
    format_ : {"png", "svg", "pdf"}
        What it is.
    title, description : str
        Plain text.

    References
    ----------
    PNG: W3C (2003), 11.3.4.5 iTXt. SVG: W3C (2011), 5.4. PDF: ISO 32000-1 (2008), 7.5.6 incremental
    updates and 14.3.3 the document information dictionary.
    """
    return {"png": _png, "svg": _svg, "pdf": _pdf}[format_](data, title, description)


def _png(data: bytes, title: str, description: str) -> bytes:
    head = 8 + 25  # the signature and IHDR
    texts = (("Title", title), ("Description", description), ("Software", "gradflow"))
    return data[:head] + b"".join(_text_chunk(*text) for text in texts) + data[head:]


def _text_chunk(keyword: str, text: str) -> bytes:
    body = b"iTXt" + keyword.encode() + b"\0\0\0\0\0" + text.encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _svg(data: bytes, title: str, description: str) -> bytes:
    said = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    return re.sub(rb"<svg\b[^>]*>", lambda tag: tag[0] + said.encode(), data, count=1)


def _pdf(data: bytes, title: str, description: str) -> bytes:
    """The document with another information dictionary appended, and a table that points at it."""
    end = data.rindex(b"trailer")
    size = int(re.search(rb"/Size (\d+)", data[end:])[1])  # type: ignore[index]
    root = re.search(rb"/Root (\d+ \d+ R)", data[end:])[1]  # type: ignore[index]
    before = re.search(rb"startxref\s+(\d+)", data[end:])[1]  # type: ignore[index]
    fields = {"Title": title, "Subject": description, "Creator": "gradflow"}
    entries = "".join(f"/{name} <{_pdf_hex(text)}>" for name, text in fields.items())
    start = len(data) + 1
    added = f"\n{size} 0 obj\n<<{entries}>>\nendobj\n".encode()
    table = start + len(added) - 1
    added += f"xref\n{size} 1\n{start:010} 00000 n \ntrailer\n".encode()
    added += b"<</Size %d /Root %b /Info %d 0 R /Prev %b>>\n" % (size + 1, root, size, before)
    return data + added + f"startxref\n{table}\n%%EOF\n".encode()


def _pdf_hex(text: str) -> str:
    return (b"\xfe\xff" + text.encode("utf-16-be")).hex()
