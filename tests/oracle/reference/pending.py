# SPDX-License-Identifier: Apache-2.0
"""What the product does not say yet: left out of comparisons. Shorten as it learns."""

FIELDS_PENDING = {"response_ms", "read_inferred_at", "read_via", "read_inferred", "typing"}
RULES_PENDING = {
    "CS-MULTI", "CS-CONTENT-STATE", "CS-EXTRA", "CS-TYPE", "CS-GC-GONE", "CS-REPEAT",
    "CS-COMPOSING-OPEN", "CS-UNNEGOTIATED", "CS-STORED", "STORE-TYPE", "STORE-NOSTORE",
    "XE-OFFLINE-LEAK", "STANZAID-SPOOF", "STANZAID-DUP", "DELAY-FUTURE", "DELAY-SPOOF",
    "MDS-LEAK", "HINT-NOCOPY-BARE", "CORR-FOREIGN", "CORR-UNKNOWN", "RETRACT-FOREIGN",
    "ACK-MISSING", "MARK-STUCK", "ACK-ARCHIVED", "ACK-LEAK", "ACK-TO-BLOCKED",
    "RCPT-GC-ADDR"}
FAMILIES_PENDING = {"rooms", "pm", "mds", "amp", "xstates", "emptyx", "twox", "ties"}
# Differences that are known and not looked at (patterns on the lines that `vectors` prints).
KNOWN = (
    r"MARK-BACKWARD",  # y02: only said of rows that an up-to marker has reached
    r"REQ-IN-ACK", r"ACK-BODY",  # y03: the first acked id is that of the first x-event last
)
