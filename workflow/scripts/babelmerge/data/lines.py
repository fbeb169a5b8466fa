"""Lines of text files, plain or packed; what is no text in UTF-8 is named with its remedy."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path


def lines(path: str | Path) -> Iterator[str]:
    """Lines of a UTF-8 file (also .gz), split at line feeds only, without their ends.

    Other separators that Unicode calls line ends stay inside the text, where translators put them.
    Raises ValueError, with the line, for what is no such file.
    """
    offset = 0
    for number, raw in enumerate(_raw_lines(path), start=1):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            wrong = (
                f"byte {offset + error.start} of the file (0x{raw[error.start]:02x}) is not UTF-8"
            )
            raise ValueError(f"{path}: line {number}: {wrong}; {_remedy(raw)}") from None
        if "\0" in text:
            raise ValueError(
                f"{path}: line {number}: holds a NUL character, which is no text; {_remedy(raw)}"
            )
        offset += len(raw)
        text = text.removesuffix("\n").removesuffix("\r")
        yield text.removeprefix("\ufeff") if number == 1 else text


def _raw_lines(path: str | Path) -> Iterator[bytes]:
    """Lines as bytes; ValueError for broken gzip files and line ends that are not line feeds."""
    packed = str(path).endswith(".gz")
    number = 0
    try:
        with (gzip.open if packed else open)(path, "rb") as stream:
            for number, raw in enumerate(stream, start=1):
                if number == 1 and b"\r" in raw.rstrip(b"\r\n") and not stream.peek(1):
                    raise ValueError(
                        f"{path}: line 1 is all of the file and holds carriage returns; expected "
                        f"lines that end in line feeds: convert it, `tr '\\r' '\\n' < {path}`"
                    )
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"{path}: not a whole gzip file, it breaks off behind line {number} ({error}); copy it "
            "again, or take .gz from its name if it is not compressed"
        ) from None


def _remedy(raw: bytes) -> str:
    """What helps with a line that is not text in UTF-8."""
    if raw.startswith(b"\x1f\x8b"):
        return "it is compressed: let its name end in .gz"
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in raw:
        return "if it is UTF-16, convert it: `iconv -f UTF-16 -t UTF-8`; else take these bytes out"
    return "convert the file, for example with `iconv -f ITS-ENCODING -t UTF-8`"
