"""What many series cost a service through TimeGPT's own SDK: seconds by the clock, and of the service's processor.

Runs in the clients' own environment: `python nixtla_cost.py URL PID [SERIES VALUES PARTS]`, PID that of the service.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

from nixtla import NixtlaClient
from nixtla_frames import frame, seasonal

logging.getLogger("nixtla.nixtla_client").setLevel(logging.CRITICAL)


def main(url: str, pid: int, series: int = 1000, values: int = 200, parts: int = 1) -> None:
    client = NixtlaClient(api_key="none", base_url=url)
    client.forecast(frame(seasonal(values)), h=12, freq="MS")  # what is done once
    df = frame(seasonal(values, series))
    began, used = time.perf_counter(), processor(pid)
    found = client.forecast(df, h=12, freq="MS", num_partitions=parts)
    clock, used = time.perf_counter() - began, processor(pid) - used
    print(f"{len(found) // 12} x {values} in {parts}: {clock:.1f} s, {used:.1f} s of the service's processor")


def processor(pid: int) -> float:
    """Seconds that a process has used, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
