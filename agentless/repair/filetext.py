"""A file's text as lines to edit: line ends, byte order mark and a missing last newline survive every edit."""

from dataclasses import dataclass, field

BOM = "\ufeff"


@dataclass(slots=True)
class FileText:
    """Mutable lines without their "\\n"; lines of CRLF files keep their "\\r"."""

    lines: list[str] = field(default_factory=list)
    newline_at_end: bool = True
    bom: bool = False

    @classmethod
    def of(cls, text: str) -> "FileText":
        """Split a text; only "\\n" ends a line."""
        body = text.removeprefix(BOM)
        if not body:
            return cls(bom=bool(text))
        return cls(body.removesuffix("\n").split("\n"), body.endswith("\n"), body != text)

    def text(self) -> str:
        """The whole text again."""
        end = "\n" if self.newline_at_end and self.lines else ""
        return (BOM if self.bom else "") + "\n".join(self.lines) + end

    def plain(self) -> list[str]:
        """The lines as a model sees them: without "\\r" at the end."""
        return [line.removesuffix("\r") for line in self.lines]

    def replace(self, start: int, end: int, new: list[str]) -> None:
        """Put plain lines in place of lines[start:end], with the line ends of their surroundings."""
        near = self.lines[start:end] or self.lines[max(start - 1, 0) : start] or self.lines[end : end + 1]
        if len(near) == 1 and start + 1 == len(self.lines) > 1 and not self.newline_at_end:
            near = self.lines[start - 1 : start]  # an unterminated last line does not show the file's line end
        carriage = "\r" if near and near[0].endswith("\r") else ""
        at_end = end == len(self.lines)
        unterminated = at_end and not self.newline_at_end
        last_had_cr = bool(self.lines) and self.lines[-1].endswith("\r")
        self.lines[start:end] = [line + carriage for line in new]
        if unterminated and self.lines and not last_had_cr:
            self.lines[-1] = self.lines[-1].removesuffix("\r")


def lines_in(text: str) -> list[str]:
    """The lines of an edit's text: "" has none, "\\n" has one blank line."""
    return text.removesuffix("\n").split("\n") if text else []


def text_from(lines: list[str]) -> str:
    """The inverse of `lines_in`."""
    return "\n".join(lines) + "\n" if lines else ""
