// SPDX-License-Identifier: Apache-2.0
// What a terminal would take for a command is shown as text (F199): names, ids and bodies are written by anybody.
#ifndef CORE_TERMINAL_H
#define CORE_TERMINAL_H

#include <stdio.h>

// A stream that writes to "fd". Control characters but newline and tab become \u00xx: C0, DEL, C1 (which terminals obey in
// UTF-8, too), and those that turn the direction of writing. In JSON that is the same text. NULL: no memory.
FILE *terminal_stream(int fd);

#endif
