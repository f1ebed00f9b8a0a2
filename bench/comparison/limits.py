"""The roofs of a machine and what a row asks of it, as `realizar bench --json` measures and counts them.

A token of a row is so many multiply-adds and, of memory, so many bytes. Its rate is at most the lower of what read
bandwidth and arithmetic peaks allow (Williams, Waterman and Patterson, "Roofline", 2009).
"""
import dataclasses
import json
import statistics

# What `realizar bench` computes at once of a prompt: a pass over the weights.
PASS_TOKENS = 512


@dataclasses.dataclass(frozen=True)
class Roofs:
    read_bandwidth: float  # bytes a second
    int8_peak: float  # multiply-adds a second
    f32_peak: float


@dataclasses.dataclass(frozen=True)
class Demand:
    int8: float  # multiply-adds a token
    int16: float
    f32: float
    bytes: float  # a token

    @property
    def macs(self):
        return self.int8 + self.int16 + self.f32

    @property
    def intensity(self):
        return self.macs / self.bytes

    def limit(self, roofs):
        """Tokens a second."""
        # A register holds half as many int16.
        multiplying = (self.int8 + 2 * self.int16) / roofs.int8_peak + self.f32 / roofs.f32_peak
        return 1 / max(self.bytes / roofs.read_bandwidth, multiplying)


def read(output, work):
    """(Roofs, Demand) of what `realizar bench --json` printed for the work; None for other output."""
    try:
        result = json.loads(output)
        roofs = Roofs(1e9 * result["read_bandwidth_gb_per_s"], 1e9 * result["int8_peak_gmac_per_s"],
                      1e9 * result["f32_peak_gmac_per_s"])
        macs = result[work.phase]["macs_per_token"]
        if work.phase == "prefill":
            passes = (work.tokens + PASS_TOKENS - 1) // PASS_TOKENS
            n_bytes = result["weight_bytes"] * passes / work.tokens
        else:
            n_bytes = result["bytes_per_token"]
        demand = Demand(macs["int8"], macs["int16"], macs["f32"], n_bytes)
        return (roofs, demand) if demand.bytes > 0 and demand.macs > 0 else None
    except (ValueError, KeyError, TypeError):
        return None


def median(all_roofs):
    """Of roofs measured one after the other; None of none."""
    if not all_roofs:
        return None
    return Roofs(*(statistics.median(values) for values in zip(*map(dataclasses.astuple, all_roofs))))
