#!/usr/bin/env python3
"""Renders templates with Python's jinja2, set up as chat libraries do, and with render_lines, and compares.

usage: differential.py RENDER_LINES [RANDOM_CASES [SEED]]
Exit status 77 (skipped) when jinja2 is not installed.
"""
import datetime
import json
import pathlib
import random
import re
import subprocess
import sys
import warnings

try:
    import jinja2
    import jinja2.ext
    from jinja2.sandbox import ImmutableSandboxedEnvironment
except ImportError:
    print("skipped: the Python package jinja2 is not installed")
    sys.exit(77)

NOW = "2024-07-26T14:05:09"


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                        extensions=[Generation, jinja2.ext.loopcontrols])

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda f: datetime.datetime.fromisoformat(NOW).strftime(f)
    return env


VARIABLES = {
    "messages": [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "Où est <Zoë>?\nHere & now"},
                 {"role": "assistant", "content": "<think>a</think>b", "tool_calls": [
                     {"function": {"name": "f", "arguments": {"x": 1, "y": [True, None, 2.5]}}}]},
                 {"role": "tool", "content": "{\"r\": 1}"}],
    "tools": [{"type": "function", "function": {"name": "get", "description": "d", "parameters": {
        "type": "object", "properties": {"city": {"type": "string", "enum": ["a", "b"]}, "n": {"type": "integer"}},
        "required": ["city"]}}}],
    "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>",
    "n": 7, "x": -2.5, "s": "Hello World", "e": "", "l": [3, 1, 2], "d": {"b": 1, "a": {"items": 5, "c": "q"}},
    "none_": None, "u": "ÀéßŒ", "nested": [[1, 2], [3, [4]]], "big": 1e22, "huge": 2 ** 70, "mixed": ["b", "A", "c"],
}

HAND = r"""
{{ messages }}|{{ tools|tojson }}|{{ tools|tojson(indent=2) }}
{% for m in messages %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }}{{ m['role'] }}{% endfor %}
{% for m in messages if m.role != 'user' %}{{ loop.length }}{{ m.content|trim }}{% else %}none{% endfor %}
{% for x in [] %}{% else %}E{% endfor %}{% for x in [1] %}{% continue %}{% else %}E{% endfor %}
{% for x in [1,2,3] %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}{{ x }}
{% set ns = namespace(a=1, b='x') %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns }}
{% for i in l %}{{ tools2 }}{% endfor %}{% set tools2 = 5 %}{{ tools2 }}
{% for m in messages %}{{ s }}{% endfor %}{% set s = 5 %}{{ s }}
{% macro f(a, b=2, c) %}{% endmacro %}
{% macro f(a, b=a) %}[{{ a }}{{ b }}{{ varargs }}{{ kwargs }}]{% endmacro %}{{ f(1) }}{{ f(1, 2, 3, k=4) }}{{ f() }}
{% macro f(a) %}{{ a }}{{ caller('z') }}{% endmacro %}{% call(q) f(1) %}<{{ q }}>{% endcall %}{{ f.name }}{{ f(1) }}
{% set t %} a {{ n }} {% endset %}{{ t|upper }}{% set t | trim | replace('a', 'b') %} a {% endset %}{{ t }}
{% filter upper %}abc {{ s }}{% endfilter %}{% with a = 1, b = n %}{{ a + b }}{% endwith %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (a, b) = [3, 4] %}{{ a }}{{ b }}{% set a, b = [1] %}
{% raw %}{{ x }} {% if %}{% endraw %}  {#- c -#}  z
  {% if true %}
  yes
  {%- endif %}  {{- s -}}  !
    {%+ if true %}a{% endif +%}

{{ 7 // 2 }}{{ -7 // 2 }}{{ -7 % 3 }}{{ 7 / 2 }}{{ 2 ** 10 }}{{ 2 ** -1 }}{{ 7.5 % 2 }}{{ -2 ** 2 }}{{ 1e22 }}{{ 1.0 }}{{ 0.1 + 0.2 }}
{{ 1 < 2 < 3 }}{{ 1 in l }}{{ 9 not in l }}{{ 'ell' in s }}{{ 'a' if n > 3 else 'b' }}{{ 'a' if n < 3 }}{{ not e }}
{{ s[1:4] }}{{ s[::-1] }}{{ s[-3:] }}{{ l[1:] }}{{ l[5:1:-1] }}{{ l[0] }}{{ l[9] }}{{ d.a['items'] }}{{ d.a.items }}{{ d.zzz }}{{ d.zzz.y }}
{{ u|upper }}{{ u|lower }}{{ u|title }}{{ u|capitalize }}{{ u|length }}{{ u[1] }}{{ u }}
{{ s.split() }}{{ 'a,b,,c'.split(',') }}{{ 'a,b,c'.split(',', 1) }}{{ 'a,b,c'.rsplit(',', 1) }}{{ ' a b '.split(' ') }}{{ 'a b c d'.rsplit(None, 2) }}{{ 'a b  c d'.split(None, 2) }}
{{ s.replace('o', '0') }}{{ s.replace('', '-') }}{{ s.startswith('He') }}{{ s.endswith(('x', 'ld')) }}{{ s.find('o') }}{{ s.index('W') }}{{ s.count('l') }}
{{ ' x '.strip() }}{{ 'xxaxx'.lstrip('x') }}{{ 'a\nb\r\nc'.splitlines() }}{{ 'abc'.center(8, '*') }}{{ '7'.zfill(3) }}{{ 'aBc'.swapcase() }}{{ 'hello world'.title() }}
{{ '{} {:>5} {a!r:<6}|{0[0]}'.format(s, n, a='q') }}
{{ '{} {:>5} {a!r:<6}|'.format(s, n, a='q') }}{{ '{0}{1[0]}{x.b}'.format(n, l, x=d) }}{{ '{:.2f} {:,} {:05d} {:x} {:+}'.format(x, 1234567, n, 255, 3) }}
{{ '%s %d %5.2f %r %%' % (s, n, x, s) }}{{ '%s' % n }}{{ '%(a)s' % {'a': 1} }}{{ '%-5s|%5s|%05d' % ('a', 'b', 3) }}{{ '%s-%s'|format(1, 2) }}
{{ '%s %s' % (1,) }}
{{ l|sort }}{{ l|sort(reverse=true) }}{{ mixed|sort }}{{ mixed|sort(case_sensitive=true) }}{{ l|join(', ') }}{{ l|first }}{{ l|last }}{{ l|sum }}{{ l|max }}{{ l|min }}
{{ messages|map(attribute='role')|list }}{{ messages|map('length')|join(',') }}{{ messages|selectattr('role', 'equalto', 'user')|list }}{{ messages|rejectattr('tool_calls')|list|length }}
{{ l|select('odd')|list }}{{ l|reject('>', 1)|list }}{{ l|map('string')|join }}{{ messages|groupby('role') }}{{ l|batch(2)|list }}{{ l|slice(2)|list }}{{ [1, 1, 2]|unique|list }}
{{ l|map('nofilter')|list }}
{{ l|map('upper')|length }}
{{ s|truncate(5) }}{{ s|truncate(8, true, '..', 0) }}{{ 'a\nb'|indent(2) }}{{ 'a\n\nb'|indent(2, true, true) }}{{ s|wordcount }}{{ s|center(20) }}{{ s|reverse }}{{ l|reverse|list }}
{{ 3.7|int }}{{ '42'|int }}{{ 'x'|int(5) }}{{ '0x1f'|int(base=16) }}{{ '3.9'|int }}{{ '1e3'|float }}{{ 2.5|round }}{{ 3.14159|round(2) }}{{ 2.1|round(0, 'ceil') }}{{ 42|round }}{{ -3|abs }}
{{ nope|default('d') }}{{ e|default('d', true) }}{{ nope is defined }}{{ none_ is none }}{{ nope }}{{ nope|length }}{{ nope|upper }}{{ nope + 1 }}
{{ d|dictsort }}{{ d|items|list }}{{ d.items()|list }}{{ d.keys() }}{{ d.values()|list }}{{ d.get('zz', 3) }}{{ d.get('b') }}{{ dict(a=1, b=2) }}
{{ '<a & b>'|e }}{{ '<a>'|e|e }}{{ '<a>'|safe }}{{ 'a b/c'|urlencode }}{{ {'a': '1 2'}|urlencode }}{{ '<p>x</p>  y'|striptags }}{{ {'a': 1, 'b': none}|xmlattr }}
{{ range(5)|list }}{{ range(2, 10, 3) }}{{ range(10)[3] }}{{ range(200000) }}
{{ strftime_now('%Y-%m-%d %H:%M:%S %B %b %d %A %a %j %y %I %p %-d %e') }}{{ raise_exception('boom') }}
{{ strftime_now('%d %b %Y') }}{{ strftime_now('%U %W %V %c %x %X %%') }}
{{ l.append(4) }}
{% set z = l.append %}{{ z is defined }}
{{ {'a': [1, 2.0, none, true, 'x\n\u00e9"']}|tojson }}{{ 'é'|tojson(ensure_ascii=true) }}{{ {'b': 1, 'a': 2}|tojson(sort_keys=true, separators=(',', ':')) }}{{ []|tojson(indent=2) }}{{ [[], {}]|tojson(indent=2) }}
{{ [1, 'a', 2.5, none, true, {'k': (1,)}, "it's", 'q"'] }}{{ () }}{{ (1, 2) }}{{ 'a' 'b' }}
{{ 'a\x41\u00e9\n\t\'\\' }}{{ "\q" }}{{ 1_000 }}{{ 0x1F }}{{ 0b11 }}
{% for a, b in d.items() %}{{ a }}={{ b }};{% endfor %}{% for k in d %}{{ k }}{% endfor %}
{% for i in [1, [2, [3]]] recursive %}{{ loop.depth }}{% if i is iterable %}({{ loop(i) }}){% else %}{{ i }}{% endif %}{% endfor %}
{% for i in l %}{{ loop.cycle('a', 'b') }}{{ loop.changed(i) }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.index0 }}{{ loop.revindex0 }}{% endfor %}
{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set j = joiner('|') %}{{ j() }}{{ j() }}
{% generation %}gen {{ n }}{% set q = 1 %}{% endgeneration %}{{ q }}
{% if n is divisibleby 7 and s is string and d is mapping and l is sequence and n is number and n is odd and x is float %}T{% endif %}
{% if n is in [7] %}a{% endif %}{{ n is eq 7 }}{{ n is sameas 7 }}{{ s is upper }}{{ 'A' is upper }}{{ l is iterable }}{{ range is callable }}
{{ n is nosuchtest }}
{{ s|nosuchfilter }}
{% if false %}{{ s|nosuchfilter }}{% endif %}ok
{% break %}
{% for a in l %}{% macro f() %}{% break %}{% endmacro %}{% endfor %}
{% for loop in l %}{% endfor %}
{% endif %}
{% if %}
{{ 1 + }}
{{ 'abc }}
{{ (1, 2] }}
{{ 'a' + 1 }}
{{ 1 / 0 }}
{{ none_.x }}{{ none_['x'] }}{{ n.x }}{{ none_ + 1 }}
{{ messages[0].content.strip().upper()[0:2] }}{{ messages[-1]['role'] }}{{ messages|length - 1 }}
{% set m = messages[1:] %}{{ m|length }}{% if messages[0]['role'] == 'system' %}{% set sys = messages[0]['content'] %}{% else %}{% set sys = '' %}{% endif %}{{ sys }}
{{ '</think>' in messages[2].content }}{{ messages[2].content.split('</think>')[-1].lstrip('\n') }}
{% set ns.x = 1 %}
{% set d.x = 1 %}
{{ true and 'x' or 'y' }}{{ 0 or none }}{{ [] and 1 }}{{ 1 ~ 'a' ~ none ~ true ~ 2.0 }}
{{ {'a': 1, 'a': 2, 1: 'i', 1.0: 'f', true: 't'} }}{{ {[1]: 2} }}
{{ [1, 2] == [1, 2.0] }}{{ (1,) == [1] }}{{ 'a' < 'b' }}{{ [1, 2] < [1, 3] }}{{ 1 < 'a' }}
{{ 'abc' * 2 }}{{ [1] * 3 }}{{ l + [4] }}{{ 3 * 'a' }}
{{ 1000000|filesizeformat }}{{ 1.5|string }}{{ 1e100 }}{{ 123456789012345680.0 }}{{ 1e-5 }}{{ -0.0 }}
{%- set x2 = 1 -%}   a   {%- if true -%}   b   {%- endif -%}  c
{% include 'x' %}
{% for g in messages|groupby('role') %}{{ g.grouper }}:{{ g.list|length }}{{ g[0] }}{{ g['list']|length }}{{ g|length }};{% endfor %}{{ (messages|groupby('role'))[0].nope }}
{% for role, group in messages|groupby('role') %}{{ role }}{{ group|length }}{% endfor %}{{ messages|groupby('role')|map(attribute='grouper')|list }}{{ messages|groupby('role')|tojson }}
{{ huge }}{{ huge|tojson }}{{ [huge, -huge]|tojson }}{{ huge is number }}{{ huge is integer }}{{ huge == huge }}{{ huge ~ 'x' }}{{ huge|string|length }}{{ huge|int }}{{ huge|float }}{{ huge|abs }}{{ 'y' if huge }}
{{ -9223372036854775808 }}{{ 9223372036854775808 }}{{ 123456789012345678901234567890 }}{{ - -9223372036854775808 }}{{ 18_446_744_073_709_551_616 }}{{ [9223372036854775807, -9223372036854775808]|tojson }}
{% macro f(a, b) %}{% endmacro %}{{ f.arguments }}
{% set n = 1 %}{% autoescape false %}{{ '<' }}{{ n }}{% set n = 2 %}{{ n }}{% endautoescape %}{{ n }}{% for i in l %}{% autoescape false %}{% break %}{% endautoescape %}{% endfor %}
{{ {'b': 1, 'a': {'d': 2, 'c': []}}|pprint }}{{ messages|pprint }}{{ tools|pprint }}{{ d|pprint }}{{ (s,)|pprint }}{{ nope|pprint }}{{ [3, 'a', none]|pprint }}
{{ (s * 20)|pprint }}|{{ [s ~ ' ', u]|join('\n')|replace('o', ' o ')|pprint }}|{{ [(s ~ ' ') * 12, ('line\n' * 4)]|pprint }}|{{ {'long': ('word  ' * 30), 'x': (u * 90,)}|pprint }}|{{ ((u ~ '\n') * 30)|pprint }}
{{ range(60)|list|pprint }}{{ {'k': range(40)|list, 2: messages, 1.5: 'x' * 90}|pprint }}{{ messages|groupby('role')|pprint }}{{ ('a ' * 38)|pprint }}{{ ('a ' * 39)|pprint }}{{ ('a ' * 40)|pprint }}{{ ('a ' * 39 ~ 'b')|pprint }}
a{% block one %}<{{ n }}{{ s }}>{% endblock %}b{% block two %}{% set n = 1 %}{{ n }}{% endblock two %}{{ n }}
{% set n = 2 %}{% block one %}{{ n }}{% set n = 5 %}{{ n }}{% endblock %}{{ n }}{% block two %}{{ n }}{% endblock %}
{% for i in l %}{% block one %}{{ i }}{{ n }}{{ loop }}{% endblock %}{% endfor %}
{% for i in l %}{% block one scoped %}{{ i }}{{ n }}{% endblock %}{% endfor %}
{% for i in l %}{% block one %}{% break %}{% endblock %}{% endfor %}
{% block one %}{% endblock %}{% block one %}{% endblock %}
{% block one %}{% block two %}{{ s }}{% endblock %}{% endblock %}{% if n %}{% block three %}{{ n }}{% endblock %}{% endif %}
{% block one %}{% endblock nope %}
{% block one required %}{% endblock %}
{% macro f() %}[{{ n }}]{% endmacro %}{% block one %}{{ f() }}{% macro g() %}g{{ s }}{% endmacro %}{{ g() }}{% endblock %}{{ g is defined }}
{% if true %}{% set n = 3 %}{% endif %}{% block one %}{{ n }}{% endblock %}
{% block one %}{{ n }}{{ s }}{% endblock %}{% set n = 2 %}{% set s %}x{% endset %}{% block two %}{{ n }}{{ s }}{% endblock %}
{{ s if s is defined and s|length > 3 else 'no' }}{{ s.upper }}
{{ l.index(1) }}{{ l.count(1) }}{{ 'x'.join(['a', 'b']) }}{{ 'x'.join([1]) }}
{{ 'a-b c'|title }}{{ "they're"|title }}{{ "they're".title() }}{{ 'ab'.isalpha() }}{{ '12'.isdigit() }}{{ 'Ab'.istitle() }}{{ 'a b'.partition(' ') }}
"""

FAMILIES = sorted((pathlib.Path(__file__).parent / "families").glob("*.jinja"))

SYSTEM = {"role": "system", "content": "  Be brief. /no_think"}
QUESTION = {"role": "user", "content": " Où est <Zoë> & \"co\"?\n"}
THOUGHT = {"role": "assistant", "content": "<think>\nhm\n</think>\n\nHere."}
CALL = {"role": "assistant", "content": "", "tool_calls": [
    {"id": "a1b2c3d4e", "type": "function", "function": {"name": "weather", "arguments": {"city": "Genève", "days": 2}}}]}
TWO_CALLS = {"role": "assistant", "content": None, "tool_calls": [
    {"function": {"name": "f", "arguments": "{\"x\": 1}"}}, {"function": {"name": "g", "arguments": {}}}]}
RESULT = {"role": "tool", "content": "{\"sun\": true}", "tool_call_id": "a1b2c3d4e"}
PARTS = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " What is this? "}]}
TOOLS = [{"type": "function", "function": {
    "name": "weather", "description": "Tells the weather.", "parameters": {
        "type": "object", "required": ["city"], "properties": {
            "city": {"type": "string", "description": "where <b>"},
            "days": {"type": "integer", "default": 1},
            "units": {"type": "string", "enum": ["C", "F"]},
            "hours": {"type": "array", "items": {"type": "integer"}},
            "area": {"type": "object", "properties": {"lat": {"type": "number"}}, "required": ["lat"]},
            "any": {"type": ["string", "null"]}, "either": {"oneOf": [{"type": "string"}, {"type": "number"}]}}}}},
    {"type": "function", "function": {"name": "now", "description": "Tells the time.", "parameters": {}}}]
CONVERSATIONS = [
    [], [QUESTION], [SYSTEM, QUESTION], [SYSTEM, QUESTION, THOUGHT, QUESTION], [QUESTION, THOUGHT],
    [QUESTION, CALL, RESULT], [SYSTEM, QUESTION, CALL, RESULT, RESULT, THOUGHT, QUESTION], [QUESTION, TWO_CALLS, RESULT],
    [PARTS], [QUESTION, QUESTION], [{"role": "developer", "content": "d"}, QUESTION], [RESULT]]
SETTINGS = [
    {"add_generation_prompt": True}, {"add_generation_prompt": False, "tools": TOOLS}, {"tools": TOOLS, "add_generation_prompt": True},
    {"tools": None, "enable_thinking": False, "add_generation_prompt": True},
    {"documents": [{"text": "a"}, {"text": "b"}], "controls": {"length": "short"}, "thinking": True, "add_generation_prompt": True}]


def family_cases():
    """Every template of the folder with every conversation and setting."""
    for path in FAMILIES:
        template = path.read_text(encoding="utf-8")
        for messages in CONVERSATIONS:
            for settings in SETTINGS:
                yield template, {"messages": messages, "bos_token": "<s>", "eos_token": "</s>", **settings}


class Generator:
    """Random templates out of the same names and constructs."""

    def __init__(self, rng):
        self.r = rng

    def expression(self, depth=0):
        r = self.r
        if depth > 3 or r.random() < 0.25:
            return r.choice(["n", "x", "s", "e", "l", "d", "none_", "u", "nope", "nested", "messages", "mixed", "i", "ns.a", "ns",
                             "1", "2", "0", "-3", "2.5", "'a'", "'lo'", "true", "none", "[]", "{}", "[1, 'b']", "(1, 2)",
                             "{'k': n}", "loop.index", "loop.last", "m.role", "m['content']", "a", "b", "f"])
        sub = lambda: self.expression(depth + 1)
        return r.choice([
            lambda: "(%s %s %s)" % (sub(), r.choice(["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">=", "in", "not in", "and", "or"]), sub()),
            lambda: "(%s if %s else %s)" % (sub(), sub(), sub()),
            lambda: "%s|%s" % (sub(), r.choice(["length", "upper", "lower", "trim", "list", "first", "last", "sort", "join(',')", "string", "int", "float",
                                                "tojson", "tojson(indent=2)", "default('z')", "d('y', true)", "unique|list", "reverse|list", "sum", "max", "min", "abs", "round",
                                                "title", "capitalize", "items|list", "map('string')|list", "select|list", "map(attribute='role')|join('-')",
                                                "selectattr('role')|list", "replace('l', 'L')", "indent", "truncate(6)", "batch(2)|list", "slice(2)|list", "dictsort", "e", "wordcount",
                                                "center(9)", "reject('none')|list", "groupby('role')", "pprint"])),
            lambda: "%s[%s]" % (sub(), r.choice(["0", "-1", "1:", ":2", "::-1", "'k'", "'role'", "n", "s"])),
            lambda: "%s.%s" % (r.choice(["s", "u", "d", "m", "l", "e", sub()]), r.choice(["upper()", "split()", "split('l', 1)", "strip()", "items()|list", "keys()|list", "get('b')", "x", "a", "content", "role",
                                            "replace('o', '')", "startswith('H')", "find('l')", "title()", "capitalize()", "count('l')", "isdigit()", "splitlines()", "rstrip('d')", "values()|list"])),
            lambda: "(%s is %s)" % (sub(), r.choice(["defined", "none", "string", "mapping", "iterable", "number", "odd", "not defined", "sequence", "eq 1", "in l", "true", "integer", "boolean"])),
            lambda: "not %s" % sub(),
            lambda: "-%s" % sub(),
            lambda: "[%s, %s]" % (sub(), sub()),
            lambda: "f(%s)" % r.choice(["", sub(), sub() + ", " + sub(), "b=" + sub()]),
        ])()

    def block(self, depth=0):
        return "".join(self.statement(depth) for _ in range(self.r.randint(1, 3)))

    def tag(self, text):
        return self.r.choice(["{%", "{%", "{%-", "{%+"]) + " " + text + " " + self.r.choice(["%}", "%}", "-%}", "+%}"])

    def statement(self, depth):
        r, t = self.r, self.tag
        if depth > 3 or r.random() < 0.4:
            return r.choice(["text ", "\n", "  \n", " a\n  ", "{# c #}\n", ""]) + r.choice(["{{ ", "{{- "]) + self.expression() + r.choice([" }}", " -}}"])
        body = lambda: r.choice(["", "\n", "  "]) + self.block(depth + 1)
        return r.choice([
            lambda: t("if " + self.expression(2)) + body() + r.choice(["", t("else") + body(), t("elif " + self.expression(2)) + body()]) + t("endif"),
            lambda: t("for i in " + r.choice(["l", "mixed", "range(3)", "nested", self.expression(2)]) + r.choice(["", "", " if i"])) + body()
            + r.choice(["", t("if i == 1") + t(r.choice(["break", "continue"])) + t("endif"), t("else") + body()]) + t("endfor"),
            lambda: t("for m in messages") + body() + t("endfor"),
            lambda: t("for a, b in d.items()") + body() + t("endfor"),
            lambda: t("set %s = %s" % (r.choice(["a", "b", "s", "n", "ns.a", "ns.q", "i", "a, b"]), self.expression(1))),
            lambda: t("set a") + body() + t("endset"),
            lambda: t("with a = %s" % self.expression(2)) + body() + t("endwith"),
            lambda: t("filter " + r.choice(["upper", "trim", "replace('a', 'b')"])) + body() + t("endfilter"),
            lambda: t("macro f(a, b=%s)" % self.expression(2)) + body() + r.choice(["", "{{ caller() if caller }}"]) + t("endmacro"),
            lambda: t("call f(%s)" % self.expression(2)) + body() + t("endcall"),
            lambda: t("generation") + body() + t("endgeneration"),
        ])()


def expected(env, template, variables):
    try:
        return "text", env.from_string(template).render(**variables)
    except RecursionError:
        return "skip", None
    except (Exception, SyntaxError) as error:
        return "error", "%s: %s" % (type(error).__name__, error)


def main():
    warnings.simplefilter("ignore")  # jinja2 compiles to Python, which warns of odd constants
    program, count, seed = sys.argv[1], int((sys.argv + ["", "1500"])[2] if len(sys.argv) > 2 else 1500), int(sys.argv[3]) if len(sys.argv) > 3 else 1
    rng = random.Random(seed)
    cases = [line for line in HAND.split("\n") if line] + [HAND[HAND.index("{% raw"):HAND.index("{{ 7 // 2")]]
    cases += ["{% set ns = namespace(a=1) %}" * rng.randint(0, 1) + Generator(rng).block() for _ in range(count)]
    cases = list(family_cases()) + [(template, VARIABLES) for template in cases]
    lines = "".join(json.dumps({"template": t, "variables": v, "now": NOW}) + "\n" for t, v in cases)
    result = subprocess.run([program], input=lines, capture_output=True, text=True, encoding="utf-8", check=True)
    got_lines = result.stdout.split("\n")
    env = environment()
    different = compared = texts = 0
    for (template, variables), line in zip(cases, got_lines):
        want_kind, want = expected(env, template, variables)
        got = json.loads(line)
        if want_kind == "skip" or "does not fit 64 bits" in got.get("error", "") or "complex" in got.get("error", ""):
            continue
        if want_kind == "text" and ("0x" in want and " at 0x" in want or "<bound" in want or "<built-in" in want or "<function" in want):
            continue  # addresses and names of Python's own objects
        if re.search(r"(\d|true|none|[}])\[[^]]*:", template):
            continue  # jinja2 folds a slice of a constant that cannot be sliced to undefined, but only in some places
        compared += 1
        texts += want_kind == "text"
        if want_kind not in got or (want_kind == "text" and got["text"] != want):
            different += 1
            if different <= 12:
                print("template: %r\n  jinja2: %s %r\n  ours:   %r\n" % (template[-500:], want_kind, want[-300:], got))
    print("%d templates compared, %d of them rendered, %d differ" % (compared, texts, different))
    return 1 if different or len(got_lines) != len(cases) + 1 else 0


if __name__ == "__main__":
    sys.exit(main())
