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
    """A job is killed, as an error of the machine, when the scratch disk has less than this free, MiB."""
    free_memory_mb: int = 256
    """A job is killed, as an error of the machine, when less of its memory is available than this, MiB."""
    jobs: int = 2
    """Jobs at once; the others wait."""

    def ulimits(self, processes: int = 0) -> str:
        """A shell line that sets the limits for everything started after it.

        Args:
            processes: value of `ulimit -u`, which counts all processes of a user (of a user namespace),
                so it is right only where jobs have a user or a namespace of their own; 0 = not set.
        """
        # -v and -f take KiB in bash; -c 0: no core files
        users = f" -u {processes}" if processes else ""
        return f"ulimit -c 0 -v {self.memory_mb * 1024} -f {self.file_mb * 1024} -t {self.cpu_s}{users}"
