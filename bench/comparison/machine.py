"""What figures have to be read beside: the machine."""
import datetime
import os
import platform

# Those that kernels are chosen by.
FLAGS = ("avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8")


def _cpuinfo(path="/proc/cpuinfo"):
    """The fields of every processor that the system sees."""
    try:
        with open(path) as file:
            blocks = file.read().strip().split("\n\n")
    except OSError:
        return []
    return [dict((part.strip() for part in line.partition(":")[::2]) for line in block.splitlines()) for block in blocks]


def _governor():
    try:
        with open("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") as file:
            return file.read().strip()
    except OSError:
        return None


def describe():
    processors = _cpuinfo()
    first = processors[0] if processors else {}
    flags = first.get("flags", "").split()
    cores = {(each.get("physical id"), each.get("core id")) for each in processors}
    return {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "cpu": first.get("model name", platform.processor() or platform.machine()),
        "family_model": [first.get("cpu family"), first.get("model")],
        "cores": len(cores) or os.cpu_count(),
        "threads": os.cpu_count(),
        "flags": [flag for flag in FLAGS if flag in flags],
        "governor": _governor(),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": os.getloadavg()[0],
    }
