// SPDX-License-Identifier: Apache-2.0
// Segments of feeds that name somebody who was erased. They are written and read by whoever runs the feed, so they are not
// changed here: a file in the folder asks for a new segment, and what is stored of the old one is removed (F187).
#ifndef API_ERASE_SPOOL_H
#define API_ERASE_SPOOL_H

#include <stdbool.h>

struct erase_spool;

struct erase_spool *erase_spool_new(void);
void erase_spool_free(struct erase_spool *spool);
// Nobody can see what it holds: its key lies beside it.
bool erase_spool_is_veiled(const char *segment);
void erase_spool_add(struct erase_spool *spool, const char *segment);
// Until they are gone, for a while, where somebody runs the feed. False: something is left, and was named.
bool erase_spool_wait(const struct erase_spool *spool);

#endif
