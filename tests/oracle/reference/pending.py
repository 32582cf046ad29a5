# SPDX-License-Identifier: Apache-2.0
"""What the product does not say yet: left out of comparisons. Shorten as it learns."""

FIELDS_PENDING = {"response_ms", "read_inferred_at", "read_via", "read_inferred", "typing"}
RULES_PENDING = {
    "CS-REPEAT", "CS-COMPOSING-OPEN", "CS-UNNEGOTIATED", "ACK-MISSING", "MARK-STUCK",
    "ACK-ARCHIVED", "ACK-LEAK", "ACK-TO-BLOCKED"}
FAMILIES_PENDING = {"twox", "gcaddr", "ties"}  # found/y01, y06, y08
# Differences that are known and not looked at, by family: patterns on what `vectors` prints.
KNOWN = {
    "rooms": ("ACK-DUP", "acks_dup", "MARK-BACKWARD",  # found/y04
              "RCPT-GROUPCHAT",  # found/y07
              r"message .* id  n \d"),  # found/y05
    "xevents": ("REQ-IN-ACK", "ACK-BODY"),  # found/y02
    "xstates": ("XE-UNREQUESTED",),  # found/y03
}
