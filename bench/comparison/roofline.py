"""A comparison as a roofline chart in SVG (Williams, Waterman and Patterson, "Roofline", 2009).

Both axes are logarithmic. Across: multiply-adds for a byte that is read; up: multiply-adds a second. No work can stand
above the roofs: the slope of the read bandwidth and the flat peaks of arithmetic.
"""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 880, 560
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 64, 64  # margins

# Okabe and Ito's colours, which do not depend on seeing red and green; each engine has a shape of its own too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .small { font-size: 11px; } .title { font-size: 16px; font-weight: 600; }
  .paper { fill: #ffffff; } .grid { stroke: #d8dee4; } .frame { stroke: #57606a; fill: none; }
  .roof { stroke: #1f2328; stroke-width: 2; fill: none; } .f32 { stroke-dasharray: 6 4; stroke-width: 1.5; }
  .guide { stroke: #8c959f; stroke-dasharray: 2 3; } .mark { stroke: #ffffff; stroke-width: 1; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .paper { fill: #0d1117; } .grid { stroke: #30363d; } .frame { stroke: #8b949e; }
    .roof { stroke: #e6edf3; } .guide { stroke: #6e7681; } .mark { stroke: #0d1117; }
  }
"""


class Axis:
    """Logarithmic, in whole powers of `base` around the values."""

    def __init__(self, values, start, end, base):
        self.base = base
        self.low = math.floor(math.log(min(values), base))
        self.high = max(math.ceil(math.log(max(values), base)), self.low + 1)
        self.start, self.end = start, end

    def place(self, value):
        part = (math.log(value, self.base) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)

    def ticks(self):
        return [self.base ** power for power in range(self.low, self.high + 1)]


def _number(value):
    """1e9 -> 1 G"""
    for unit, name in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"


def _mark(index, x, y, title):
    """The sign of an engine: circle, square, diamond, triangle, and again in other colours."""
    colour = COLOURS[index % len(COLOURS)]
    shape = index % 4
    head = f'class="mark" fill="{colour}"'
    hint = f"<title>{escape(title)}</title>"
    if shape == 0:
        return f'<circle {head} cx="{x:.1f}" cy="{y:.1f}" r="6">{hint}</circle>'
    corners = {1: ((-5, -5), (5, -5), (5, 5), (-5, 5)), 2: ((0, -7), (7, 0), (0, 7), (-7, 0)),
               3: ((0, -7), (6.5, 5), (-6.5, 5))}[shape]
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return f'<polygon {head} points="{points}">{hint}</polygon>'


def _text(x, y, text, kind="", anchor="start", turn=None):
    turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn is not None else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turned}>{escape(text)}</text>'


def _grid(across, up):
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
    lines = [f'<line class="grid" x1="{across.place(value):.1f}" x2="{across.place(value):.1f}" y1="{top}" '
             f'y2="{bottom}"/>' + _text(across.place(value), bottom + 18, f"{value:g}", "small", "middle")
             for value in across.ticks()]
    lines += [f'<line class="grid" y1="{up.place(value):.1f}" y2="{up.place(value):.1f}" x1="{left}" x2="{right}"/>'
              + _text(left - 8, up.place(value) + 4, _number(value), "small", "end") for value in up.ticks()]
    lines.append(f'<rect class="frame" x="{left}" y="{top}" width="{right - left}" height="{bottom - top}"/>')
    lines.append(_text((left + right) / 2, HEIGHT - 20, "multiply-adds for a byte that is read", anchor="middle"))
    lines.append(_text(22, (top + bottom) / 2, "multiply-adds a second", anchor="middle", turn=-90))
    return lines


def _roofs(roofs, across, up):
    bandwidth, int8, f32 = (roofs[key] for key in ("read_bandwidth", "int8_peak", "f32_peak"))
    least, most = across.ticks()[0], across.ticks()[-1]
    ridge = int8 / bandwidth
    # Where the slope enters the frame, by its left side or its bottom.
    begin = max(least, up.ticks()[0] / bandwidth)
    points = [(begin, begin * bandwidth), (ridge, int8), (most, int8)]
    path = " ".join(f"{across.place(x):.1f},{up.place(y):.1f}" for x, y in points)
    middle = math.sqrt(begin * ridge)
    slope = math.degrees(math.atan2(up.place(int8) - up.place(begin * bandwidth),
                                    across.place(ridge) - across.place(begin)))
    # Names stand where few works do: between the ridge and prefill.
    name_at = across.place(math.sqrt(ridge * most))
    return [
        f'<polyline class="roof" points="{path}"/>',
        f'<line class="roof f32" x1="{across.place(f32 / bandwidth):.1f}" x2="{across.place(most):.1f}" '
        f'y1="{up.place(f32):.1f}" y2="{up.place(f32):.1f}"/>',
        _text(name_at, up.place(int8) - 7, f"int8 peak {int8 / 1e9:.0f} GMAC/s", "small", "middle"),
        _text(name_at, up.place(f32) - 7, f"f32 peak {f32 / 1e9:.0f} GMAC/s", "small", "middle"),
        _text(across.place(middle) - 6, up.place(middle * bandwidth) - 8, f"read {bandwidth / 1e9:.1f} GB/s", "small",
              "middle", round(slope, 1)),
    ]


def _labels(rows, across, up, roofs):
    """A number above the roof and a line down from there for each row; what the numbers are stands below."""
    lines = []
    taken = []  # places of numbers, so that rows of equal intensity do not write over each other
    for number, row in enumerate(rows, 1):
        x = across.place(row["intensity"])
        ceiling = min(row["intensity"] * roofs["read_bandwidth"], roofs["int8_peak"])
        lowest = max(up.place(min(macs for _, macs, _ in row["points"])), up.place(ceiling))
        lines.append(f'<line class="guide" x1="{x:.1f}" x2="{x:.1f}" y1="{up.place(ceiling):.1f}" y2="{lowest:.1f}"/>')
        y = up.place(ceiling) - 8
        while any(abs(x - x2) < 16 and abs(y - y2) < 13 for x2, y2 in taken):
            y -= 13
        taken.append((x, y))
        lines.append(_text(x, y, str(number), "small", "middle"))
    return lines


def _rows(comparison):
    """Rows that have a place: their intensity, and (engine, multiply-adds a second, tokens a second)."""
    rows = []
    for row in comparison["rows"]:
        if not row["demand"]:
            continue
        macs = sum(row["demand"][kind] for kind in ("int8", "int16", "f32"))
        points = [(index, result["median"] * macs, result["median"])
                  for index, result in enumerate(row["results"].values()) if not result.get("error")]
        if points:
            rows.append({"name": f"{row['label']}, {row['name']}", "intensity": macs / row["demand"]["bytes"],
                         "points": points})
    return rows


def svg(comparison):
    """None where no row has a place, because nothing measured the roofs."""
    roofs, rows = comparison["roofs"], _rows(comparison)
    if not roofs or not rows:
        return None
    names = [engine["name"] for engine in comparison["engines"]]
    # The ridge belongs to the picture, with room beside it.
    ridge = roofs["int8_peak"] / roofs["read_bandwidth"]
    key_height = 17 * (len(rows) + 1)
    across = Axis([row["intensity"] for row in rows] + [ridge / 4, ridge * 4], LEFT, WIDTH - RIGHT, 2)
    up = Axis([macs for row in rows for _, macs, _ in row["points"]] + [roofs["int8_peak"] * 1.2, roofs["f32_peak"]],
              HEIGHT - BOTTOM, TOP, 10)
    body = [f'<rect class="paper" width="{WIDTH}" height="{HEIGHT + key_height}"/>',
            _text(LEFT, 26, f"{comparison['machine']['cpu']}, {comparison['threads']} threads", "title")]
    x = LEFT
    for index, name in enumerate(names):
        body += [_mark(index, x + 6, 46, name), _text(x + 18, 50, name)]
        x += 40 + 7.5 * len(name)
    body += _grid(across, up) + _roofs(roofs, across, up) + _labels(rows, across, up, roofs)
    for row in rows:
        for index, macs, rate in row["points"]:
            title = f"{names[index]}: {row['name']}: {rate:.1f} tok/s, {macs / 1e9:.1f} GMAC/s"
            body.append(_mark(index, across.place(row["intensity"]), up.place(macs), title))
    for number, row in enumerate(rows, 1):
        body.append(_text(LEFT, HEIGHT + 17 * (number - 1) + 4, f"{number}  {row['name']}", "small"))
    inner = "\n".join(body)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT + key_height}" role="img" '
            f'aria-label="Roofline chart of language model engines">\n<style>{STYLE}</style>\n{inner}\n</svg>\n')
