"""Strangers' bytes as text that can be shown anywhere: no control character, nothing that turns the line around."""

import json

HEX_WIDTH = 16


def as_text(given: bytes) -> str | None:
    """The bytes as text, if they are printable UTF-8."""
    try:
        text = given.decode()
    except UnicodeDecodeError:
        return None
    return text if all(one.isprintable() or one in "\n\t" for one in text) else None


def pretty(given: bytes) -> str:
    """The bytes for a person's eyes: JSON indented, or other text as it is, or hex with its characters beside it."""
    try:
        text = json.dumps(json.loads(given), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return as_text(given) or hex_lines(given)
    return one_line(text, keep="\n")


def one_line(text: str, *, keep: str = "") -> str:
    """The text with everything that does not print written as an escape, but for the characters in `keep`."""
    return "".join(
        one
        if one.isprintable() or one in keep
        else f"\\u{ord(one):04x}"
        if ord(one) < 0x10000
        else f"\\U{ord(one):08x}"
        for one in text
    )


def hex_lines(given: bytes) -> str:
    """`00000010  7b 22 76 ...  {"v`: offset, bytes, and what of them is a character."""
    lines = []
    for start in range(0, len(given), HEX_WIDTH):
        part = given[start : start + HEX_WIDTH]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{start:08x}  {part.hex(' '):<{HEX_WIDTH * 3 - 1}}  {shown}")
    return "\n".join(lines)
