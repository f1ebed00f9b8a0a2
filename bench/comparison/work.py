"""What is measured of a model: so many tokens of a prompt, or of an answer."""
import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Work:
    phase: str  # "prefill" or "decode"
    tokens: int
    depth: int = 0  # positions that stand in the cache before decoding
    streams: int = 1  # sequences that decode together

    @staticmethod
    def parse(text):
        """prefill:N, decode:N, decode:N@DEPTH, decode:NxSTREAMS, decode:N@DEPTHxSTREAMS"""
        match = re.fullmatch(r"(prefill|decode):([1-9]\d*)(?:@(\d+))?(?:x([1-9]\d*))?", text)
        if not match or (match[1] == "prefill" and (match[3] or match[4])):
            raise ValueError(f"'{text}' is no work: write prefill:N, decode:N, decode:N@DEPTH, decode:NxSTREAMS "
                             "or decode:N@DEPTHxSTREAMS")
        return Work(match[1], int(match[2]), int(match[3] or 0), int(match[4] or 1))

    @property
    def command(self):
        """Which of an engine's commands does it."""
        if self.streams > 1:
            return "streams"
        return "depth" if self.depth else self.phase

    @property
    def label(self):
        label = f"{self.phase} {self.tokens}"
        if self.depth:
            label += f" at {self.depth}"
        if self.streams > 1:
            label += f" in {self.streams} streams"
        return label
