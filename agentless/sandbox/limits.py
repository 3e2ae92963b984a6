"""What one sandboxed command may use."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLimits:
    """Bounds of one job; wall-clock time is the command's own (`TestCommand.timeout_s`)."""

    memory_mb: int = 4096
    """Address space of each process, and resident memory of all of them together, MiB."""
    max_processes: int = 256
    """Processes and threads at once."""
    cpu_s: int = 600
    """CPU seconds of each process."""
    file_mb: int = 1024
    """Largest file that may be written, MiB."""
    free_disk_mb: int = 512
    """A job is killed when the scratch disk has less than this free, MiB."""
    free_memory_mb: int = 256
    """A job is killed when the machine has less memory available than this, MiB."""
    jobs: int = 2
    """Jobs at once; the others wait."""

    def ulimits(self, *, processes: bool = True) -> str:
        """A shell line that sets the limits for everything started after it.

        Args:
            processes: also limit processes. `ulimit -u` counts all of a user's (in a user namespace: all of its),
                so it is right only where the job has a user or a namespace of its own.
        """
        # -v and -f take KiB in bash; -c 0: no core files
        users = f" -u {self.max_processes}" if processes else ""
        return f"ulimit -c 0 -v {self.memory_mb * 1024} -f {self.file_mb * 1024} -t {self.cpu_s}{users}"
