// SPDX-License-Identifier: Apache-2.0
#include "api/report/severity.h"

const char *const severity_names[SEVERITIES] = {"critical", "error", "warning", "info"};

// Those of PAIRING section 8; what is not here is information.
static const char *const critical_rules[] = {"ACK-FORGED", "CARBON-FORGED", "WRAP-UNTRUSTED", NULL};
static const char *const error_rules[] = {"ACK-OF-ACK",
					  "ACK-TO-BLOCKED",
					  "CARBON-PRIVATE",
					  "CORR-FOREIGN",
					  "CS-EXTRA",
					  "CS-MULTI",
					  "CS-REPEAT",
					  "ERROR-LOOP",
					  "MARK-NO-ID",
					  "MDS-LEAK",
					  "REQ-IN-ACK",
					  "REQ-NO-ID",
					  "RETRACT-FOREIGN",
					  "STANZAID-DUP",
					  "XE-NO-ID",
					  "XE-UNREQUESTED",
					  NULL};
static const char *const warning_rules[] = {"ACK-BODY",        "ACK-BY-DOMAIN",
					    "ACK-LEAK",        "ACK-MISSING",
					    "ACK-NO-ID",       "ACK-SELF",
					    "CARBON-DUP",      "CS-CONTENT-STATE",
					    "CS-GC-GONE",      "CS-STORED",
					    "CS-TYPE",         "CS-UNNEGOTIATED",
					    "DELAY-FUTURE",    "DELAY-SPOOF",
					    "ERR-FORGED",      "MARK-MUC-ID",
					    "RCPT-GC-ADDR",    "STANZAID-SPOOF",
					    "STORE-NOSTORE",   "STORE-TYPE",
					    "XE-OFFLINE-LEAK", NULL};

static const char *const *const graver[SEVERITY_INFO] = {
	[SEVERITY_CRITICAL] = critical_rules,
	[SEVERITY_ERROR] = error_rules,
	[SEVERITY_WARNING] = warning_rules,
};

enum severity severity_of(struct text rule)
{
	for (int severity = 0; severity < SEVERITY_INFO; severity++) {
		for (const char *const *name = graver[severity]; *name; name++) {
			if (text_is(rule, *name))
				return (enum severity)severity;
		}
	}
	return SEVERITY_INFO;
}
