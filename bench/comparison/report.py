"""A comparison as a Markdown table."""


def _rate(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _cells(result, reference):
    """Rate, ratio and share of the roof of an engine's result in a row."""
    if result.get("error"):
        return result["error"], "", ""
    rate = _rate(result["median"])
    if len(result["tokens_per_second"]) > 1:
        rate += f" ({_rate(result['min'])}-{_rate(result['max'])})"
    ratio = "1" if reference else f"{result['ratio']:.2f}" if result.get("ratio") else ""
    share = f"{result['share']:.2f}" if result.get("share") else ""
    return rate, ratio, share


def _machine(comparison):
    machine = comparison["machine"]
    lines = [f"Machine: {machine['cpu']}, {machine['cores']} cores ({machine['threads']} threads), "
             f"{' '.join(machine['flags']) or 'no vector flags that are known'}, {machine['system']}, "
             f"load {machine['load_before']:.1f} before."]
    roofs = comparison["roofs"]
    if roofs:
        lines.append(f"Roofs with {comparison['threads']} threads: {roofs['read_bandwidth'] / 1e9:.1f} GB/s read, "
                     f"{roofs['int8_peak'] / 1e9:.1f} GMAC/s in int8, {roofs['f32_peak'] / 1e9:.1f} in f32.")
    return "\n".join(lines)


def markdown(comparison):
    first = comparison["engines"][0]["name"]
    rounds = comparison["rounds"]
    lines = [f"# Engines side by side, {comparison['date']}", "", _machine(comparison), "",
             f"Tokens a second, medians of {rounds} rounds in turns (least-most). Ratio: {first} / engine, the median of "
             "the ratios within a round." if rounds > 1 else
             f"Tokens a second, one run each. Ratio: {first} / engine.",
             "Of the roof: the rate beside the lower of what read bandwidth and arithmetic peak allow.", "",
             "| model | work | engine | tok/s | ratio | of the roof |", "|---|---|---|---|---|---|"]
    previous = None
    for row in comparison["rows"]:
        for name, result in row["results"].items():
            head = (row["name"], row["label"])
            shown = ["" if previous and previous[0] == head[0] else head[0], "" if previous == head else head[1]]
            lines.append("| " + " | ".join([*shown, name, *_cells(result, name == first)]) + " |")
            previous = head
    lines += ["", "Commands of the first round:", ""]
    lines += [f"    {' '.join(result['command'])}" for row in comparison["rows"]
              for result in row["results"].values() if result.get("command")]
    return "\n".join(lines) + "\n"
