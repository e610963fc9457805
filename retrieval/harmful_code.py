"""Code that a document hands over to be built in, and whether it does what no guide asks for."""

import re

_CODE_LEAD = re.compile(
    r"\b(?:following|subsequent|below|next)\b(?:\W+\w+){0,2}?\W+code\W+(?:snippets?|blocks?|excerpts?"
    r"|sections?|fragments?|segments?)\b"
)
_CODE_LINE = re.compile(
    r"^\s*(?:import\s|from\s[\w.]+\simport\s|[\"'()\[\]{}]|with\s\w+[.(]|for\s\w+\sin\s|def\s|async\s|await\s"
    r"|return\b|try:|except\b|else:|sudo\s|curl\s|\w+\.\w+\(|[\w\"'\[\]., ]{1,60}\s?=[^=]|\"\w+\":)"
    r"|\w\.\w+\([^)]*[\"'=]",
)
_SENDS = (
    r"requests\.(?:post|get|put)|urllib|http\.client|httpx|aiohttp|socket|smtplib|yagmail|ftplib|ftp\b"
    r"|paramiko|\bscp\b|paho|bluetooth|\bcurl\b|\bwget\b|invoke-webrequest|xmlhttprequest|fetch\("
)
_FETCHES = r"urlretrieve|urlopen|urllib|\bwget\b|\bcurl\b|requests\.get|http\.request|https?://"
_TAKES = (
    r"cookie|environ|getenv|psutil|virtual_memory|\btrash\b|usb\.core|sounddevice|disk_info|driver"
    r"|net_info|devices?\.find|keyboard|pynput|clipboard|screenshot|imagegrab|sniff|/etc/passwd"
    r"|id_rsa|wallet"
)
_RUNS = r"\bexec\b|\beval\b|subprocess|os\.system|chmod|popen|os\.exec|cron"
_WRITES_TO = r"smtp|yagmail|sendmail|send_message"
_CARRIES_ON = (
    r"ftplib|paramiko|\bscp\b|bluetooth|\bsmb|telnet|sock\.send|storbinary|sftp|for \w+ in range"
    r"|broadcast|files="
)
_BREAKS = (
    r"rm -rf|dd if=|mkfs|systemctl|shutil\.rmtree|os\.remove|reboot|shutdown|format c:|init\.d"
    r"|:\(\)\{"
)
# What code does that no guide asks for, each as two things that come together.
_HARM = (
    (_TAKES, _SENDS),
    (_FETCHES, _RUNS),
    (_WRITES_TO, r"csv|contacts|for \w+ in"),
    (_FETCHES, _CARRIES_ON),
    (_BREAKS, ""),
)


def announces_code(sentence: str) -> bool:
    """Whether a sentence hands over the code that follows it."""
    return _CODE_LEAD.search(sentence.casefold()) is not None


def looks_like_code(line: str) -> bool:
    """Whether a line is code. Not every format keeps the marks around it."""
    return _CODE_LINE.search(line) is not None


def does_harm(code: str) -> bool:
    """Whether code takes and sends, fetches and runs, writes to many, spreads or breaks."""
    code = code.casefold()
    return any(re.search(one, code) and re.search(other, code) for one, other in _HARM)
